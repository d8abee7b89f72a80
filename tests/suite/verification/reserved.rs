//! Whatever people do in the dashboard: verification has connections of its own.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use super::{Key, code, pass, stranger, told};
use crate::support::{App, is_postgres};

/// How many connections pages read with.
const READERS: usize = 4;
const POSTGRES_READERS: usize = 8;

#[test]
fn keys_that_are_not_in_memory_are_decided_while_searches_hold_every_reader() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..5).map(|_| Key::new(&manager, &[])).collect();
    let readers = if is_postgres() { POSTGRES_READERS } else { READERS };
    let (begun, holding) = mpsc::channel();
    let (release, end) = mpsc::channel::<()>();
    let end = Arc::new(Mutex::new(end));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    // More than there are readers: those that wait must not stand in the way either.
    let searches: Vec<_> = (0..readers * 4)
        .map(|_| {
            let (db, begun, end) = (app.site.db.clone(), begun.clone(), end.clone());
            runtime.spawn(async move {
                db.read(move |_| {
                    let _ = begun.send(());
                    let _ = end.lock().map(|end| end.recv());
                    Ok(())
                })
                .await
            })
        })
        .collect();
    for _ in 0..readers {
        holding.recv().expect("a search that has a connection");
    }
    for key in &keys {
        assert_eq!(told(&app, "", &key.secret), pass());
    }
    assert_eq!(told(&app, "", &stranger()), code(401, "invalid_key"));
    assert_eq!(manager.get("/api-keys").status, 503, "pages have to wait");
    drop(release);
    for search in searches {
        let _ = runtime.block_on(search);
    }
    assert_eq!(manager.get("/api-keys").status, 200);
}

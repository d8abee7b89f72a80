//! Verification has its own database connections, so that the dashboard cannot block it.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use super::{Key, authorize, code, pass, unknown_secret};
use crate::support::{App, is_postgres};

/// The number of database connections that pages read with.
const READERS: usize = 4;
/// The same on PostgreSQL.
const POSTGRES_READERS: usize = 8;

#[test]
fn uncached_keys_are_verified_while_searches_hold_every_reader() {
    let app = App::set_up();
    let manager = app.super_manager();
    let keys: Vec<Key> = (0..5).map(|_| Key::new(&manager, &[])).collect();
    let readers = if is_postgres() { POSTGRES_READERS } else { READERS };
    let (started, holding) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    // More searches than readers, because those that wait must not block verification either.
    let searches: Vec<_> = (0..readers * 4)
        .map(|_| {
            let (db, started, released) = (app.site.db.clone(), started.clone(), released.clone());
            runtime.spawn(async move {
                db.read(move |_| {
                    let _ = started.send(());
                    let _ = released.lock().map(|released| released.recv());
                    Ok(())
                })
                .await
            })
        })
        .collect();
    for _ in 0..readers {
        holding.recv().expect("a search holds a connection");
    }
    for key in &keys {
        assert_eq!(authorize(&app, "", &key.secret), pass());
    }
    assert_eq!(authorize(&app, "", &unknown_secret()), code(401, "invalid_key"));
    assert_eq!(manager.get("/api-keys").status, 503, "pages wait for a reader");
    drop(release);
    for search in searches {
        let _ = runtime.block_on(search);
    }
    assert_eq!(manager.get("/api-keys").status, 200);
}

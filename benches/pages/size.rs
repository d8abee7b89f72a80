//! The size of a first visit to the list of keys.

use std::collections::BTreeSet;

use crate::program::{Data, Program};

/// Loads the page and the assets that it refers to, as a browser with Brotli does.
pub fn measure(data: &Data) {
    let program = Program::start_signed_in(data);
    let page = size(&program, "/api-keys");
    println!("\nAPI Keys page: {page} bytes with Brotli (budget 6 KB)");
    let mut paths: BTreeSet<String> = assets(&program.get("/api-keys")).collect();
    let styles: Vec<_> = paths
        .iter()
        .filter(|path| path.rsplit_once('.').is_some_and(|(_, extension)| extension == "css"))
        .cloned()
        .collect();
    for style in styles {
        paths.extend(assets(&program.get(&style)));
    }
    let mut total = page;
    for path in &paths {
        let size = size(&program, path);
        println!("  {size:>6} {path}");
        total += size;
    }
    let requests = paths.len() + 1;
    println!("First visit: {total} bytes (budget 50 KB) in {requests} requests (budget 7)");
}

fn size(program: &Program, path: &str) -> usize {
    let response = program.response(path, Some("br"));
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().expect("a body").len()
}

/// The paths of the assets in a text.
fn assets(text: &str) -> impl Iterator<Item = String> {
    text.split("/assets/").skip(1).filter_map(|rest| {
        let name = rest.split(['"', '\'', ')', ' ', '#']).next()?;
        Some(format!("/assets/{name}"))
    })
}

//! What a first visit of the table loads.

use std::collections::BTreeSet;

use crate::program::{Data, Program};

/// Loads the page and all that it names, as a browser with Brotli would.
pub fn measure(data: &Data) {
    let program = Program::serving(data);
    let page = size(&program, "/api-keys");
    println!("\nAPI Keys page: {page} bytes with Brotli (budget 6 KB)");
    let mut wanted: BTreeSet<String> = assets(&program.get("/api-keys")).collect();
    let styles: Vec<_> = wanted
        .iter()
        .filter(|path| path.rsplit_once('.').is_some_and(|(_, ending)| ending == "css"))
        .cloned()
        .collect();
    for style in styles {
        wanted.extend(assets(&program.get(&style)));
    }
    let mut total = page;
    for path in &wanted {
        let size = size(&program, path);
        println!("  {size:>6} {path}");
        total += size;
    }
    let requests = wanted.len() + 1;
    println!("First visit: {total} bytes (budget 46 KB) in {requests} requests (budget 7)");
}

fn size(program: &Program, path: &str) -> usize {
    let response = program.response(path, Some("br"));
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().expect("a body").len()
}

/// The assets that a text names.
fn assets(text: &str) -> impl Iterator<Item = String> {
    text.split("/assets/").skip(1).filter_map(|rest| {
        let name = rest.split(['"', '\'', ')', ' ', '#']).next()?;
        Some(format!("/assets/{name}"))
    })
}

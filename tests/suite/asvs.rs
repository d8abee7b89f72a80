//! Checks that the evidence in `docs/asvs.md` exists.

use std::fs;
use std::path::Path;

#[test]
fn every_requirement_names_tests_and_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("docs/asvs.md")).expect("docs/asvs.md");
    let rows = table.lines().filter(|line| line.contains("| L1 |") || line.contains("| L2 |"));
    let mut requirements = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, id, _, status, evidence, note, _] = cells[..] else { panic!("{row}") };
        assert!(["met", "not met", "not applicable"].contains(&status), "{id}: {status}");
        assert!(status != "met" || !evidence.is_empty(), "{id} is met but names no evidence");
        assert!(note.ends_with('.'), "{id}: the note must be a sentence");
        for reference in evidence.split('`').filter(|part| part.contains(['/', '.'])) {
            let (file, test) = reference.split_once("::").unwrap_or((reference, ""));
            let path = root.join(file);
            assert!(path.exists(), "{id}: {file} does not exist");
            let test_exists =
                || fs::read_to_string(&path).expect("a file").contains(&format!("fn {test}("));
            assert!(test.is_empty() || test_exists(), "{id}: {reference} does not exist");
        }
        requirements += 1;
    }
    assert!(requirements > 150, "{requirements} requirements");
}

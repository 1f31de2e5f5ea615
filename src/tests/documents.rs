//! What the documents claim.

use std::{fs, path::Path};

/// All text under a folder.
fn text_of(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(
            |path| if path.is_dir() { text_of(&path) } else { fs::read_to_string(&path).unwrap_or_default() },
        )
        .collect()
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = text_of(&root.join("src"));
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let names: Vec<_> = page.split('`').skip(1).step_by(2).collect();
    let mut tests = 0;
    for name in names {
        if name.contains('/') {
            assert!(root.join(name).exists(), "{name}");
        } else if name.matches('_').count() > 2 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            assert!(source.contains(&format!("fn {name}()")), "{name}");
            tests += 1;
        }
    }
    assert!(tests > 60, "{tests}");
}

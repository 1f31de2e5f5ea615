//! What the documents claim.

use std::{fs, path::Path};

use crate::{
    model::audit_event::EventKind,
    server::config::{SETTINGS, Setting},
};

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

#[test]
fn the_security_page_lists_every_audit_event() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    for kind in EventKind::ALL {
        assert!(page.contains(&format!("`{}`", kind.as_str())), "{kind:?}");
    }
}

/// The rows of the README's table of settings: each name with its default. `LATCHKEY_A_B`, `_C` names two.
fn settings_in_the_readme() -> Vec<(String, String)> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut settings = Vec::new();
    for row in readme.lines().filter(|line| line.starts_with("| `LATCHKEY_")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let quoted =
            |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        let (names, defaults) = (quoted(cells[1]), quoted(cells[2]));
        let prefix = names[0].rsplit_once('_').unwrap().0.trim_end_matches("_MEMORY").to_owned();
        for (at, name) in names.into_iter().enumerate() {
            let name = if name.starts_with('_') { format!("{prefix}{name}") } else { name };
            // A default in words is said there in other words.
            let literal = cells[2].replace(['`', ',', ' '], "") == defaults.concat();
            let default =
                if literal { defaults.get(at).cloned().unwrap_or_default() } else { "?".to_owned() };
            settings.push((name, default));
        }
    }
    settings
}

#[test]
fn the_readme_lists_every_setting_with_its_default() {
    let listed = settings_in_the_readme();
    for setting in SETTINGS {
        let name = Setting::variable(setting.name);
        let found = listed.iter().find(|(listed, _)| *listed == name);
        let (_, default) = found.unwrap_or_else(|| panic!("the README does not list {name}"));
        assert!(default == setting.default || default == "?", "{name}: {default} is not {}", setting.default);
    }
    for (name, _) in &listed {
        let known = SETTINGS.iter().any(|setting| Setting::variable(setting.name) == *name);
        assert!(known, "the README lists {name}, which is no setting");
    }
}

/// The files of a folder: each with its name and its text.
fn files_of(folder: &Path) -> Vec<(String, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.map(|path| (named(&path), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn the_pages_for_apps_show_the_examples_as_they_are_run_and_no_other_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = text_of(&root.join("end2end/tests")) + &text_of(&root.join("end2end/support"));
    let is_page = |(name, _): &(String, String)| name.rsplit_once('.').unwrap().1 == "md";
    let (pages, examples): (Vec<_>, Vec<_>) =
        files_of(&root.join("docs/apps")).into_iter().partition(is_page);
    let mut shown = Vec::new();
    for (page, text) in &pages {
        for block in text.split("```").skip(1).step_by(2) {
            let (language, code) = block.split_once('\n').unwrap();
            let example = examples.iter().find(|(_, example)| example.trim() == code.trim());
            assert!(example.is_some() || language == "sh", "{page} shows code that is no example:\n{code}");
            shown.extend(example.map(|(name, _)| name));
        }
    }
    for (name, _) in &examples {
        assert!(shown.contains(&name), "no page shows {name}");
        let module = name.trim_end_matches(".py");
        assert!(tests.contains(module), "no test runs {name}");
    }
    assert!(examples.len() > 10, "{}", examples.len());
}

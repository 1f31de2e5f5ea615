//! The layers: which module may import which. The compiler does not care, so this test does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What a layer may import, beside itself.
enum May {
    /// Every layer that stands before it in the table.
    EverythingBefore,
    /// These alone.
    Only(&'static [&'static str]),
}
use May::{EverythingBefore, Only};

/// The table. Each row is a module, what it may import, and why.
const LAYERS: &[(&str, May, &str)] = &[
    ("model", Only(&[]), "is shared by server and browser, so it knows neither"),
    (
        "client",
        Only(&["model"]),
        "is the transport of every page, so it knows nothing of what is shown or asked for",
    ),
    ("server::clock", Only(&["model"]), "is what everything on the server stands on"),
    ("server::survive", Only(&[]), "knows nothing of the work that it lets go on"),
    ("server::crypto", EverythingBefore, "is used to read settings and keys, so it knows neither"),
    ("server::config", EverythingBefore, "is read before anything else starts"),
    ("server::webauthn", Only(&[]), "verifies what it is given, and knows nothing of whom it is about"),
    ("server::fetch", EverythingBefore, "calls others, and knows nothing of what it is for"),
    ("server::client_info", EverythingBefore, "is data that travels with every change"),
    (
        "server::mail",
        EverythingBefore,
        "says what mails say and brings them to the relay, and knows no database",
    ),
    ("server::log", EverythingBefore, "names the request in each line, whoever writes it"),
    ("server::store", EverythingBefore, "holds SQL and rows, and no rule of the domain"),
    ("server::cluster", Only(&[]), "is data that the program's state holds"),
    ("server::keys", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::tokens", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::key_sets", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::error", EverythingBefore, "names what can go wrong in the mechanisms below it"),
    ("server::rate_limit", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::grants", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::principal", EverythingBefore, "is data: whoever asks, whichever way they proved it"),
    ("server::passwords", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::readiness", EverythingBefore, "is a mechanism that the program's state is made of"),
    ("server::cursor", EverythingBefore, "is a mechanism that the program's state is made of"),
    (
        "server::state",
        EverythingBefore,
        "puts the mechanisms together, and nothing that it is made of may know it",
    ),
    ("server::change", EverythingBefore, "is the unit of work of every use case"),
    ("server::audit_log", EverythingBefore, "is a use case, and knows no request"),
    ("server::notices", EverythingBefore, "is a use case, and knows no request"),
    (
        "server::authentication",
        EverythingBefore,
        "verifies what people prove, and knows nothing of what they get for it",
    ),
    ("server::sessions", EverythingBefore, "is a use case, and knows no request"),
    ("server::accounts", EverythingBefore, "is a use case, and knows no request"),
    ("server::oauth", EverythingBefore, "is a use case: it knows what clients send, and no route"),
    ("server::upstream", EverythingBefore, "is a use case: it knows what providers send, and no route"),
    ("server::request", EverythingBefore, "turns a request into what use cases take"),
    ("server::tasks", EverythingBefore, "runs beside the requests"),
    ("api", EverythingBefore, "is called by pages, so it knows none of them"),
    ("app", Only(&["model", "client", "api"]), "runs in the browser too, where there is no server"),
    ("server::http", EverythingBefore, "is the way in over the network"),
    ("server::cli", EverythingBefore, "is the way in from the command line"),
    ("properties", EverythingBefore, "says what parsers promise, for tests and fuzzing"),
];

/// The program's own modules: name, and the text of its file without tests.
fn modules() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix("src").unwrap().with_extension("");
                let name = relative.to_str().unwrap().replace('/', "::");
                let text = fs::read_to_string(&path).unwrap();
                found.insert(name, text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(Path::new("src"), &mut found);
    found.retain(|name, _| {
        !name.starts_with("tests") && name != "lib" && name != "main" && !name.ends_with("::tests")
    });
    found
}

/// The paths that a module names, from the root of the crate.
fn imports(module: &str, text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n");
    let mut found = BTreeSet::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            if !code[..at]
                .ends_with(|before: char| before.is_alphanumeric() || before == ':' || before == '_')
            {
                expand(module, &code[at..], &mut found);
            }
        }
    }
    found
}

/// Expands `a::{b, c::{d, e}}` at the beginning of `text` into its paths.
fn expand(module: &str, text: &str, found: &mut BTreeSet<String>) {
    let mut prefixes = vec![String::new()];
    let mut path = String::new();
    for c in text.chars() {
        match c {
            '{' => {
                prefixes.push(prefixes.last().unwrap().clone() + &path);
                path.clear();
            }
            ',' | '}' if prefixes.len() > 1 => {
                found.extend(absolute(module, &(prefixes.last().unwrap().clone() + &path)));
                path.clear();
                if c == '}' {
                    prefixes.pop();
                    if prefixes.len() == 1 {
                        return;
                    }
                }
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => path.push(c),
            c if c.is_whitespace() && prefixes.len() > 1 => {}
            _ if prefixes.len() == 1 => break,
            _ => {}
        }
    }
    found.extend(absolute(module, &path));
}

fn absolute(module: &str, path: &str) -> Option<String> {
    let path = path.trim_end_matches(':');
    if let Some(path) = path.strip_prefix("crate::") {
        return Some(path.to_owned());
    }
    let mut base: Vec<_> = module.split("::").collect();
    let mut rest = path;
    while let Some(above) = rest.strip_prefix("super::") {
        base.pop();
        rest = above;
    }
    (rest != path).then(|| base.into_iter().chain([rest]).collect::<Vec<_>>().join("::"))
}

/// The module in whose file a path is found.
fn target<'a>(path: &str, modules: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let mut path = path;
    loop {
        if let Some((name, _)) = modules.get_key_value(path) {
            return Some(name);
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// The layer of a module: its row in the table.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(name, ..)| module == *name || module.starts_with(&format!("{name}::")))
}

#[test]
fn each_module_imports_only_what_its_layer_may() {
    let modules = modules();
    let mut wrong = Vec::new();
    for (module, text) in &modules {
        // The roots (`server.rs`) only list their modules.
        let Some(own) = layer(module) else { continue };
        let (name, may, why) = &LAYERS[own];
        for path in imports(module, text) {
            let Some(other) = target(&path, &modules).and_then(layer).filter(|other| *other != own) else {
                continue;
            };
            let allowed = match may {
                EverythingBefore => other < own,
                Only(names) => names.contains(&LAYERS[other].0),
            };
            if !allowed {
                let other = LAYERS[other].0;
                wrong.push(format!("{module} imports {path}. It must not import {other}: {name} {why}."));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let without: Vec<_> =
        modules().into_keys().filter(|module| layer(module).is_none() && module != "server").collect();
    assert!(without.is_empty(), "add these to the table of layers: {without:?}");
}

#[test]
fn only_codes_are_committed_without_waiting_for_the_disk() {
    let modules = modules();
    let asynchronous = modules.iter().filter(|(_, text)| text.contains("Durability::Later"));
    let names: Vec<_> = asynchronous.map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["server::grants::issue", "server::store", "server::store::sqlite::writer"]);
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let modules = modules();
    let family = |a: &str, b: &str| a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"));
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (module, text) in &modules {
        for path in imports(module, text) {
            // A module and those below it in its folder are one thing: `store.rs` is the door of `store/`.
            if let Some(other) = target(&path, &modules).filter(|other| !family(module, other)) {
                edges.entry(module).or_default().insert(other);
            }
        }
    }
    // What nobody imports, or what imports nothing that is left, is in no circle.
    loop {
        let before = edges.len();
        let left: BTreeSet<_> = edges.keys().copied().collect();
        edges.retain(|module, others| {
            others.retain(|other| other != module && left.contains(other));
            !others.is_empty()
        });
        if edges.len() == before {
            break;
        }
    }
    assert!(edges.is_empty(), "these modules import each other in a circle: {edges:#?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use super::{a::B, c::{self, D}};\nuse crate::{model::id::X,\n    server::{clock, store::{Tx, users::{self, User}}}};\n\
                fn f() { super::super::up::g(crate::api::auth::Login::PATH) }\n// use crate::commented::out;\n";
    let found = imports("server::keys::manage", text);
    for path in [
        "server::keys::a::B",
        "server::keys::c::D",
        "model::id::X",
        "server::clock",
        "server::store::users::User",
        "server::up::g",
        "api::auth::Login::PATH",
    ] {
        assert!(found.contains(path), "{path} in {found:?}");
    }
    assert!(!found.iter().any(|path| path.contains("commented")), "{found:?}");
}

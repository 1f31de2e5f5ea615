//! Where the client bundle is: inside the program, or in a folder.
//!
//! `make build` makes the bundle first and then the program, with all of it inside. `cargo leptos` compiles both at the
//! same time, so its program reads the folder.

use std::{
    borrow::Cow,
    env,
    ffi::OsStr,
    fs,
    path::{Component, Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use rust_embed::Embed;

/// What `make build` and `cargo leptos` leave: `pkg/` with script, WebAssembly and style, and the files of `public/`.
#[derive(Embed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Embedded;

/// Whether the bundle is inside. `make build` says so with a hash of it, so that the program is compiled again when the
/// bundle has changed.
const IS_EMBEDDED: bool = option_env!("LATCHKEY_SITE").is_some();

/// A file of the bundle.
pub struct File {
    pub data: Cow<'static, [u8]>,
    /// Computed when the program was built.
    hash: Option<[u8; 32]>,
}

impl File {
    /// SHA-256 of the file.
    pub fn hash(&self) -> [u8; 32] {
        self.hash.unwrap_or_else(|| {
            let mut hash = [0; 32];
            hash.copy_from_slice(digest(&SHA256, &self.data).as_ref());
            hash
        })
    }
}

/// The file of this name, as `pkg/latchkey.js`.
pub fn read(name: &str) -> Option<File> {
    if IS_EMBEDDED {
        let file = Embedded::get(name)?;
        return Some(File { data: file.data, hash: Some(file.metadata.sha256_hash()) });
    }
    // A name comes from a request.
    let data = stays_inside(name).then(|| fs::read(folder().join(name)).ok()).flatten()?;
    Some(File { data: data.into(), hash: None })
}

/// Whether a name does not lead out of the folder.
fn stays_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// The names of the files in `pkg/`, in order.
pub fn names_of_package() -> Vec<String> {
    if IS_EMBEDDED {
        return Embedded::iter().filter(|name| name.starts_with("pkg/")).map(Cow::into_owned).collect();
    }
    let entries = fs::read_dir(folder().join("pkg")).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some(format!("pkg/{}", entry.file_name().to_str()?))).collect();
    names.sort();
    names
}

/// Where the bundle was looked for, in words.
pub fn place() -> String {
    if IS_EMBEDDED {
        "inside the program".into()
    } else {
        format!("in {} (LEPTOS_SITE_ROOT)", folder().display())
    }
}

/// The site folder: `LEPTOS_SITE_ROOT`, as in every program of Leptos, or where the build puts it.
fn folder() -> PathBuf {
    let told = env::var_os("LEPTOS_SITE_ROOT");
    told.as_deref().unwrap_or(OsStr::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/site"))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert!(stays_inside("pkg/latchkey.js"));
        for name in ["../Cargo.toml", "pkg/../../Cargo.toml", "/etc/hostname", "./../Cargo.toml", ".."] {
            assert!(!stays_inside(name), "{name}");
        }
    }
}

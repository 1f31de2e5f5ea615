//! Files that nobody else on the machine may read, whatever the umask says.

use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

/// Makes the folder that a file is to be in, with mode 0700, unless it is there.
pub fn create_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Makes a file with mode 0600; one that is there already is an error.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes an empty file with mode 0600, unless it is there.
pub fn create_if_missing(path: &Path) -> io::Result<()> {
    match create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// A file that somebody else may read or change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "other accounts of this machine can read it (its mode is {mode:04o}); make that 0600 with `chmod 600`"
)]
pub struct Loose {
    mode: u32,
}

/// Refuses a file that others may read. A group may, if the file is root's: so a secret is handed to a program that runs
/// as somebody else.
pub fn refuse_loose(file: &Metadata) -> Result<(), Loose> {
    let mode = file.mode() & 0o777;
    let forbidden = if file.uid() == 0 { 0o037 } else { 0o077 };
    if mode & forbidden == 0 { Ok(()) } else { Err(Loose { mode }) }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        create(&path).unwrap();
        for (mode, fine) in [(0o600, true), (0o400, true), (0o604, false), (0o644, false), (0o620, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(refuse_loose(&fs::metadata(&path).unwrap()).is_ok(), fine, "{mode:o}");
        }
    }
}

//! Whether any account, client or provider has changed, told without asking the database (SQLite).
//!
//! A file beside the database grows by a byte with each transaction that changed one, after its commit and before
//! anybody is told of it. A command changes them from a process of its own, so memory alone would not do; and looking
//! at the length of a file costs a hundredth of a statement. `docs/decisions/0020-profiles-in-memory.md` says why.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::sqlite::{SqliteOperation, UpdateHookResult};

use crate::server::crypto::private_file;

#[derive(Clone, Debug)]
pub struct AccountVersion {
    file: Arc<File>,
    /// Whether the transaction under way has changed or deleted one.
    touched: Arc<AtomicBool>,
}

impl AccountVersion {
    /// Of the database at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push("-accounts");
        let path = Path::new(&name);
        private_file::create_if_missing(path)?;
        let file = Arc::new(OpenOptions::new().append(true).open(path)?);
        Ok(Self { file, touched: Arc::default() })
    }

    /// The version now. What is read from the database after this is at least as new. Nothing if the file was deleted:
    /// then nobody would hear of a change.
    pub fn current(&self) -> Option<u64> {
        // Not the standard library's `metadata`: it asks with `statx`, which takes the system half as long again.
        let file = rustix::fs::fstat(&*self.file).ok().filter(|file| file.st_nlink > 0)?;
        u64::try_from(file.st_size).ok()
    }

    /// Called by SQLite for every row that the writer connection changes. A new account is nothing that anybody knew.
    pub fn note(&self, change: &UpdateHookResult<'_>) {
        let is_kept = match change.table {
            "users" => !matches!(change.operation, SqliteOperation::Insert),
            "oauth_clients" | "oauth_client_secrets" | "oauth_client_uris" | "upstream_providers" => true,
            _ => false,
        };
        if is_kept {
            self.touched.store(true, Ordering::SeqCst);
        }
    }

    /// Whether any was changed since this was asked the last time.
    pub fn take_touched(&self) -> bool {
        self.touched.swap(false, Ordering::SeqCst)
    }

    /// Makes everything old that was read before. The system appends for one process after the other.
    pub fn advance(&self) -> io::Result<()> {
        (&*self.file).write_all(b"\n")
    }
}

//! Making the file from the list that is published: one line a password, `SHA1:count`, in the order of the hashes.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{HEADER, prefix};
use crate::server::crypto::private_file;

/// Longer than any line of such a list.
const LONGEST_LINE: u64 = 128;

/// What an import has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub lines: u64,
    /// Passwords that are in the file now.
    pub kept: u64,
}

/// Why there is no new file. The one from before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("line {line}: {problem}")]
    Line { line: u64, problem: BadLine },
    #[error("{0}")]
    Io(#[from] io::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    #[error("is not the SHA-1 of a password (40 hexadecimal digits), a colon and a number")]
    Malformed,
    #[error(
        "its hash is not after the one of the line before; take the list that is ordered by hash, or sort it"
    )]
    Unsorted,
}

/// Reads a list and puts a file of the passwords that were seen `min_count` times or more in the place of the one from
/// before: whole, or not at all. Needs as much memory as a line.
pub fn import(list: impl BufRead, min_count: u64, path: &Path) -> Result<Imported, ImportError> {
    let draft = draft_of(path);
    private_file::create_folder_of(path)?;
    // What an import left behind that was stopped.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let imported = write(list, min_count, &draft).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    fs::rename(&draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(imported)
}

/// The new file, until it is whole.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn write(mut list: impl BufRead, min_count: u64, draft: &Path) -> Result<Imported, ImportError> {
    let mut file = BufWriter::new(private_file::create(draft)?);
    file.write_all(HEADER)?;
    let (mut imported, mut line) = (Imported::default(), Vec::new());
    let (mut before, mut written) = (None, None);
    loop {
        line.clear();
        io::Read::take(&mut list, LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        imported.lines += 1;
        let bad = |problem| ImportError::Line { line: imported.lines, problem };
        let (hash, count) = parse(&line).ok_or(bad(BadLine::Malformed))?;
        if before.is_some_and(|before| hash <= before) {
            return Err(bad(BadLine::Unsorted));
        }
        before = Some(hash);
        let entry = Some(prefix(&hash));
        if count >= min_count && entry != written {
            file.write_all(hash.first_chunk::<8>().map_or(&[][..], |entry| entry))?;
            imported.kept += 1;
            written = entry;
        }
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(imported)
}

/// The hash and the number of a line.
fn parse(line: &[u8]) -> Option<([u8; 20], u64)> {
    let (hash, count) = line.trim_ascii_end().split_at_checked(40)?;
    let mut bytes = [0; 20];
    for (byte, pair) in bytes.iter_mut().zip(hash.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    let count = std::str::from_utf8(count.strip_prefix(b":")?).ok()?;
    if count.starts_with('+') { None } else { Some((bytes, count.parse().ok()?)) }
}

/// A list of these passwords as it is published: upper case, with carriage returns, in order.
#[cfg(test)]
pub fn published(passwords: &[(&str, u64)]) -> String {
    use std::fmt::Write;

    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

    let line = |(password, count): &(&str, u64)| {
        let mut line = String::new();
        for byte in digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref() {
            write!(line, "{byte:02X}").unwrap();
        }
        line + &format!(":{count}\r\n")
    };
    let mut lines: Vec<_> = passwords.iter().map(line).collect();
    lines.sort();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::passwords::{Password, breached::contains};

    fn is_in(path: &Path, password: &str) -> bool {
        contains(path, &Password::new(password.to_owned())).unwrap()
    }

    #[test]
    fn a_published_list_becomes_a_file_of_those_that_were_seen_often_enough() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data").join("breached-passwords");
        let list = published(&[("correct horse", 3), ("hunter2hunter2", 12), ("only once", 1)]);
        let imported = import(list.as_bytes(), 3, &path).unwrap();
        assert_eq!(imported, Imported { lines: 3, kept: 2 });
        assert!(is_in(&path, "correct horse") && is_in(&path, "hunter2hunter2"));
        assert!(!is_in(&path, "only once") && !is_in(&path, "Correct horse"));
        let imported = import(published(&[("only once", 1)]).as_bytes(), 1, &path).unwrap();
        assert_eq!(imported, Imported { lines: 1, kept: 1 });
        assert!(is_in(&path, "only once") && !is_in(&path, "correct horse"));
    }

    #[test]
    fn a_list_that_is_not_in_order_or_not_of_hashes_is_refused_with_its_line_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached-passwords");
        import(published(&[("correct horse", 3)]).as_bytes(), 1, &path).unwrap();
        let (low, high) = ("0".repeat(39) + "1", "F".repeat(40));
        for (list, line, problem) in [
            (format!("{high}:1\n{low}:1\n"), 2, BadLine::Unsorted),
            (format!("{low}:1\n{low}:1\n"), 2, BadLine::Unsorted),
            (format!("{low}:1\n\n{high}:1\n"), 2, BadLine::Malformed),
            (format!("{low}\n"), 1, BadLine::Malformed),
            (format!("{low}:\n"), 1, BadLine::Malformed),
            (format!("{low}:-1\n"), 1, BadLine::Malformed),
            (format!("{low}:+1\n"), 1, BadLine::Malformed),
            (format!("{}:1\n", &low[1..]), 1, BadLine::Malformed),
            (format!("{low}0:1\n"), 1, BadLine::Malformed),
            (format!("{low}:1 {}\n", "0".repeat(200)), 1, BadLine::Malformed),
            (format!("\u{fc}{}:1\n", &low[2..]), 1, BadLine::Malformed),
            ("<!DOCTYPE html>\n".to_owned(), 1, BadLine::Malformed),
        ] {
            let error = import(list.as_bytes(), 1, &path).unwrap_err();
            let ImportError::Line { line: at, problem: why } = error else { panic!("{error}") };
            assert_eq!((at, why), (line, problem), "{list}");
        }
        assert!(is_in(&path, "correct horse"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}

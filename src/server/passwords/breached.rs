//! Which passwords are known from data breaches: a file beside the data, of which a lookup reads a few blocks.
//!
//! The file holds the first eight bytes of each password's SHA-1, in ascending order, after a line that says what it is.
//! Hashes are spread evenly, so where one stands is nearly known before the first read (interpolation search). Among a
//! thousand million entries, one password in eighteen million looks like one of them and is not.

pub mod import;

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::Password;

/// What the file begins with.
const HEADER: &[u8; 32] = b"latchkey breached passwords v1\n\0";
/// Bytes of an entry.
const ENTRY: u64 = 8;
/// Entries of one read: a page of the disk.
const BLOCK: u64 = 512;
/// From then on the middle is read: a file whose entries are not spread evenly takes a few reads more.
const GUESSES: u32 = 8;

/// Whether the password is in the file. Without a file none is.
pub fn contains(path: &Path, password: &Password) -> io::Result<bool> {
    let Some(list) = BreachedPasswords::open(path)? else { return Ok(false) };
    list.contains(prefix(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref()))
}

/// An open file.
#[derive(Debug)]
pub struct BreachedPasswords {
    file: File,
    entries: u64,
}

impl BreachedPasswords {
    /// Opens the file, if there is one.
    pub fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            outcome => outcome?,
        };
        let mut header = [0; HEADER.len()];
        let length = file.metadata()?.len().saturating_sub(header.len() as u64);
        if file.read_exact_at(&mut header, 0).is_err() || header != *HEADER || length % ENTRY != 0 {
            let problem = "it is not what `latchkey passwords import` writes";
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Some(Self { file, entries: length / ENTRY }))
    }

    /// How many passwords it holds.
    pub fn count(&self) -> u64 {
        self.entries
    }

    fn contains(&self, wanted: u64) -> io::Result<bool> {
        self.search(wanted, |at, entries| self.read(at, entries))
    }

    /// Entries from the one at `at`.
    fn read(&self, at: u64, entries: u64) -> io::Result<Vec<u64>> {
        let mut bytes = vec![0; usize::try_from(entries * ENTRY).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, HEADER.len() as u64 + at * ENTRY)?;
        Ok(bytes.chunks_exact(8).map(prefix).collect())
    }

    /// Looks for an entry between those that were read and were too low or too high.
    fn search(
        &self,
        wanted: u64,
        mut read: impl FnMut(u64, u64) -> io::Result<Vec<u64>>,
    ) -> io::Result<bool> {
        let mut room = Room { first: 0, end: self.entries, above: 0, below: u64::MAX };
        let mut reads = 0;
        while room.first < room.end {
            let guess = if reads < GUESSES { room.guess(wanted) } else { room.middle() };
            let at = guess.saturating_sub(BLOCK / 2).max(room.first);
            let block = read(at, BLOCK.min(room.end - at))?;
            reads += 1;
            match (block.first(), block.last()) {
                (Some(first), _) if wanted < *first => room = Room { end: at, below: *first, ..room },
                (_, Some(last)) if wanted > *last => {
                    room = Room { first: at + block.len() as u64, above: *last, ..room };
                }
                _ => return Ok(block.binary_search(&wanted).is_ok()),
            }
        }
        Ok(false)
    }
}

/// Where an entry may still stand, and between which values.
struct Room {
    first: u64,
    end: u64,
    above: u64,
    below: u64,
}

impl Room {
    /// Where it stands if the entries are spread evenly.
    fn guess(&self, wanted: u64) -> u64 {
        let (spread, ahead) = (self.below.saturating_sub(self.above), wanted.saturating_sub(self.above));
        let entries = self.end - self.first;
        let share = u128::from(ahead) * u128::from(entries) / u128::from(spread.max(1));
        self.first + u64::try_from(share).unwrap_or(u64::MAX).min(entries - 1)
    }

    fn middle(&self) -> u64 {
        self.first + (self.end - self.first) / 2
    }
}

/// The first eight bytes of a hash, or an entry.
fn prefix(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs};

    use super::*;

    fn write(path: &Path, entries: &[u64]) -> BreachedPasswords {
        let bytes = entries.iter().flat_map(|entry| entry.to_be_bytes());
        fs::write(path, HEADER.iter().copied().chain(bytes).collect::<Vec<_>>()).unwrap();
        BreachedPasswords::open(path).unwrap().unwrap()
    }

    /// Looks for each and says how many reads the slowest took, and all together.
    fn look(list: &BreachedPasswords, wanted: impl Iterator<Item = u64>, found: bool) -> (u64, u64) {
        let (mut most, mut all) = (0, 0);
        for wanted in wanted {
            let reads = Cell::new(0);
            let read = |at, entries| {
                reads.set(reads.get() + 1);
                list.read(at, entries)
            };
            assert_eq!(list.search(wanted, read).unwrap(), found, "{wanted:x}");
            most = most.max(reads.get());
            all += reads.get();
        }
        (most, all)
    }

    /// Numbers that are spread evenly, as hashes are (`SplitMix64`).
    fn spread_evenly(count: u64) -> Vec<u64> {
        let mix = |n: u64| {
            let z = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        };
        let mut entries: Vec<_> = (1..=count).map(mix).collect();
        entries.sort_unstable();
        entries
    }

    #[test]
    fn a_lookup_among_a_million_reads_three_blocks_at_most_on_average() {
        let folder = tempfile::tempdir().unwrap();
        let entries = spread_evenly(1_000_000);
        let list = write(&folder.path().join("list"), &entries);
        assert_eq!(list.count(), 1_000_000);
        let some: Vec<_> = entries.iter().step_by(997).copied().collect();
        let (most, all) = look(&list, some.iter().copied(), true);
        let (most_absent, all_absent) = look(&list, some.iter().map(|entry| entry ^ 1), false);
        let lookups = some.len() as u64;
        println!(
            "{lookups} lookups: {all} reads, {most} at most; in vain: {all_absent}, {most_absent} at most"
        );
        assert!(all <= 3 * lookups && all_absent <= 3 * lookups, "{all} and {all_absent} in {lookups}");
        assert!(most <= 8 && most_absent <= 8, "{most}, {most_absent}");
    }

    #[test]
    fn every_entry_is_found_wherever_it_stands_and_nothing_between() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        for entries in [vec![], vec![0], vec![u64::MAX], vec![7, 9], (0..2000).map(|n| n * 2 + 2).collect()] {
            let list = write(&path, &entries);
            look(&list, entries.iter().copied(), true);
            let between = (0..5000).chain([u64::MAX, u64::MAX - 1, 1 << 63]);
            look(&list, between.filter(|wanted| !entries.contains(wanted)), false);
        }
    }

    #[test]
    fn entries_that_are_spread_unevenly_take_a_few_reads_more() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<_> = (0..200_000).chain([u64::MAX]).collect();
        let list = write(&folder.path().join("list"), &entries);
        let (most, _) = look(&list, entries.iter().step_by(1009).copied(), true);
        assert!(most <= 8 + 18, "{most}");
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_no_file_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        assert!(!contains(&path, &Password::new("password".to_owned())).unwrap());
        let cut = [HEADER.as_slice(), b"1234"].concat();
        for other in [b"".as_slice(), b"0018A45C4D1DEF81644B54AB7F969B88D65:21", &cut] {
            fs::write(&path, other).unwrap();
            let error = contains(&path, &Password::new("password".to_owned())).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }
}

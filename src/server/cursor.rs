//! Where the next page of a list begins. A cursor is made and read by this program alone: it carries a MAC over itself
//! and the list that it belongs to, so one that was forged, cut short, or taken from another list or search is
//! refused before it comes near a statement (CVE-2026-33503).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::{crypto::mac::MacKey, error::Error};

const TAG_LENGTH: usize = 16;
/// Items on a page, if nothing is asked for.
const DEFAULT_LIMIT: u16 = 50;
/// Items on a page, at the most.
const MAX_LIMIT: u16 = 100;

/// Makes and reads cursors.
#[derive(Debug)]
pub struct Cursors(MacKey);

impl Cursors {
    pub fn new(key: &[u8]) -> Self {
        Self(MacKey::new(key))
    }

    /// A cursor at `position`. `list` names the list with everything that it is filtered by.
    pub fn write(&self, list: &str, position: &str) -> String {
        let tag = self.0.sign(&message(list, position));
        BASE64.encode([&tag[..TAG_LENGTH], position.as_bytes()].concat())
    }

    /// The position of a cursor of this very list; nothing where the list is read from its beginning.
    pub fn read(&self, list: &str, cursor: Option<&str>) -> Result<Option<String>, Error> {
        let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
        let bytes = BASE64.decode(cursor).map_err(|_| Error::InvalidCursor)?;
        let (tag, position) = bytes.split_at_checked(TAG_LENGTH).ok_or(Error::InvalidCursor)?;
        let position = std::str::from_utf8(position).map_err(|_| Error::InvalidCursor)?;
        if self.0.verify(&message(list, position), tag) {
            Ok(Some(position.to_owned()))
        } else {
            Err(Error::InvalidCursor)
        }
    }
}

/// The length keeps the border between the two where it is.
fn message(list: &str, position: &str) -> Vec<u8> {
    format!("{}:{list}{position}", list.len()).into_bytes()
}

/// How many items are asked for.
pub fn limit(asked: Option<&str>) -> Result<usize, Error> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Ok(usize::from(DEFAULT_LIMIT)) };
    match asked.parse::<u16>() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(usize::from(limit)),
        _ => Err(Error::invalid("limit", format!("Ask for 1 to {MAX_LIMIT} items."))),
    }
}

/// Cuts a list that was read one item too long to its page, and says where the next begins.
pub fn page_of<T>(
    mut items: Vec<T>,
    limit: usize,
    cursor: impl FnOnce(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    (items, next)
}

/// A limit and one more, as the database counts.
pub fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_works_only_whole_and_for_its_own_list() {
        let cursors = Cursors::new(&[1; 32]);
        let cursor = cursors.write("users:a", "ada@example.org");
        assert_eq!(cursors.read("users:a", Some(&cursor)).unwrap().as_deref(), Some("ada@example.org"));
        assert_eq!(cursors.read("users:a", None).unwrap(), None);
        assert!(cursors.read("users:", Some(&cursor)).is_err());
        assert!(cursors.read("audit:a", Some(&cursor)).is_err());
        assert!(Cursors::new(&[2; 32]).read("users:a", Some(&cursor)).is_err());
        for length in 1..cursor.len() {
            assert!(cursors.read("users:a", Some(&cursor[..length])).is_err(), "{length}");
        }
        for forged in ["' OR 1=1 --", "AAAA", "%00", "YWRhQGV4YW1wbGUub3Jn"] {
            assert!(cursors.read("users:a", Some(forged)).is_err(), "{forged}");
        }
        // The border between list and position is part of what is signed.
        assert!(cursors.read("users:", Some(&cursors.write("users:a", "b"))).is_err());
    }

    #[test]
    fn limits_are_limited() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("1")).unwrap(), 1);
        assert_eq!(limit(Some("100")).unwrap(), 100);
        for out in ["0", "-1", "101", "1000000000", "99999999999999999999", "ten", "1.5"] {
            assert!(limit(Some(out)).is_err(), "{out}");
        }
    }
}

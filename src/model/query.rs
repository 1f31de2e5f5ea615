//! Queries and form bodies: `application/x-www-form-urlencoded` (WHATWG URL §5). The one place that encodes and
//! decodes them, on the server and in the browser.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Everything but the unreserved characters (RFC 3986 §2.3) and the slash, which keeps paths readable.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Percent-encodes `text` so that it can stand as a value in a query.
pub fn encode_value(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Fields as a query, or as the body of a form.
pub fn encode<'a>(fields: impl Iterator<Item = &'a (&'static str, String)>) -> String {
    let pairs: Vec<_> = fields.map(|(name, value)| format!("{name}={}", encode_value(value))).collect();
    pairs.join("&")
}

/// The names and values of a query or a form body, not yet decoded.
pub fn pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        }
    })
}

/// Decodes a name or a value. A `%` without two digits stands for itself, as the standard has it; bytes that are not
/// UTF-8 are refused and not replaced.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// The value of a parameter in a query, decoded once.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    let (_, value) =
        pairs(query.trim_start_matches('?').as_bytes()).find(|(key, _)| *key == name.as_bytes())?;
    decode(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded_once() {
        let query = "?next=/account%3Fa%3D%2526b&reason=a+b&odd=%zz&cut=%4&bytes=%FF";
        assert_eq!(parameter(query, "next").as_deref(), Some("/account?a=%26b"));
        assert_eq!(parameter(query, "reason").as_deref(), Some("a b"));
        assert_eq!(parameter(query, "odd").as_deref(), Some("%zz"));
        assert_eq!(parameter(query, "cut").as_deref(), Some("%4"));
        assert_eq!(parameter(query, "bytes"), None);
        assert_eq!(parameter("", "next"), None);
    }

    #[test]
    fn an_encoded_value_decodes_to_itself() {
        for text in ["", "a b", "a+b&c=d", "ä/ß?#%", "\u{1F511}\0\n"] {
            assert_eq!(decode(encode_value(text).as_bytes()).as_deref(), Some(text));
        }
        assert_eq!(encode([("a", "b c".to_owned()), ("d", "/e".to_owned())].iter()), "a=b%20c&d=/e");
    }
}

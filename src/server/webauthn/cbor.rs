//! Maps in CBOR (RFC 8949), as authenticators write them (CTAP 2.1 §8).

use ciborium::{Value, de::from_reader_with_recursion_limit, value::Integer};

use super::Refused;

/// Deeper than anything that an authenticator writes.
const DEPTH: usize = 16;

/// A map whose keys are all different.
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// Reads a map from the beginning of `bytes`, which go on behind it then.
    pub fn read(bytes: &mut &[u8]) -> Result<Self, Refused> {
        let malformed = Refused::Malformed("CBOR");
        let value = from_reader_with_recursion_limit(&mut *bytes, DEPTH).map_err(|_| malformed)?;
        let Value::Map(entries) = value else { return Err(malformed) };
        let twice =
            entries.iter().enumerate().any(|(at, (key, _))| entries[..at].iter().any(|(k, _)| k == key));
        if twice { Err(malformed) } else { Ok(Self(entries)) }
    }

    /// Reads a map that is all there is.
    pub fn of(mut bytes: &[u8]) -> Result<Self, Refused> {
        let map = Self::read(&mut bytes)?;
        if bytes.is_empty() { Ok(map) } else { Err(Refused::Malformed("CBOR")) }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn integer(&self, label: i64) -> Option<i64> {
        self.get(&label_of(label))?.as_integer().and_then(|value| value.try_into().ok())
    }

    pub fn bytes(&self, label: i64) -> Option<&[u8]> {
        self.get(&label_of(label))?.as_bytes().map(Vec::as_slice)
    }

    /// The value of a key that is a text.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
    }

    fn get(&self, label: &Value) -> Option<&Value> {
        self.0.iter().find(|(key, _)| key == label).map(|(_, value)| value)
    }
}

fn label_of(label: i64) -> Value {
    Value::Integer(Integer::from(label))
}

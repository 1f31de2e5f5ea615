//! Resource indicators (RFC 8707): which service an access token is for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest one, in bytes.
const MAX_LENGTH: usize = 500;

/// The address of a service, or another absolute URI that names it: the `aud` of access tokens. Compared as a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource(Box<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A resource is an absolute URI without a fragment, like https://api.example.org.")]
pub struct InvalidResource;

impl Resource {
    pub fn parse(input: &str) -> Result<Self, InvalidResource> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'"' | b'\\' | b'<' | b'>');
        let (scheme, rest) = input.split_once(':').ok_or(InvalidResource)?;
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(known);
        if input.len() <= MAX_LENGTH && is_scheme && !rest.is_empty() && input.bytes().all(plain) {
            Ok(Self(input.into()))
        } else {
            Err(InvalidResource)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Resource {
    type Error = InvalidResource;
    fn try_from(value: String) -> Result<Self, InvalidResource> {
        Self::parse(&value)
    }
}

impl From<Resource> for String {
    fn from(value: Resource) -> Self {
        value.0.into()
    }
}

/// Several resources, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resources(std::collections::BTreeSet<Resource>);

impl Resources {
    /// Reads what [`fmt::Display`] writes: with spaces between.
    pub fn parse(text: &str) -> Result<Self, InvalidResource> {
        text.split(' ').filter(|one| !one.is_empty()).map(Resource::parse).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, resource: &Resource) -> bool {
        self.0.contains(resource)
    }

    pub fn is_subset(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// These and those.
    #[must_use]
    pub fn union(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }
}

impl FromIterator<Resource> for Resources {
    fn from_iter<I: IntoIterator<Item = Resource>>(resources: I) -> Self {
        Self(resources.into_iter().collect())
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(Resource::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_a_fragment() {
        for text in ["https://api.example.org", "https://api.example.org/mcp?x=1", "urn:example:api"] {
            assert_eq!(Resource::parse(text).map(String::from), Ok(text.to_owned()));
        }
        for text in ["", "api", "/api", "https:", "https://api.example.org#x", "https://a b", "1x:y"] {
            assert_eq!(Resource::parse(text), Err(InvalidResource), "{text:?}");
        }
    }
}

//! What a provider may sign with.

use std::{collections::BTreeSet, fmt};

/// The algorithms that can be allowed. None of them has a secret that both sides know: whoever knows the client's secret
/// could sign as the provider. And `none` is no signature.
pub const ALL: [&str; 4] = ["ES256", "EdDSA", "RS256", "PS256"];

/// The algorithms with which a provider may sign; one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Algorithms(BTreeSet<&'static str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A provider signs with one or more of RS256, PS256, ES256 and EdDSA.")]
pub struct InvalidAlgorithms;

impl Algorithms {
    /// Parses names with spaces between them.
    pub fn parse(names: &str) -> Result<Self, InvalidAlgorithms> {
        let known = |name: &str| ALL.into_iter().find(|known| *known == name).ok_or(InvalidAlgorithms);
        Self::of(names.split_ascii_whitespace().map(known).collect::<Result<_, _>>()?)
    }

    /// Of the algorithms that a provider says it uses, those that can be allowed.
    pub fn among<'a>(announced: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidAlgorithms> {
        let known = |name: &'a str| ALL.into_iter().find(|known| *known == name);
        Self::of(announced.into_iter().filter_map(known).collect())
    }

    fn of(names: BTreeSet<&'static str>) -> Result<Self, InvalidAlgorithms> {
        if names.is_empty() { Err(InvalidAlgorithms) } else { Ok(Self(names)) }
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl fmt::Display for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().copied().collect();
        f.write_str(&names.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_list_has_an_algorithm_without_a_public_key() {
        assert_eq!(Algorithms::parse("RS256 ES256").unwrap().to_string(), "ES256 RS256");
        for other in ["", "none", "HS256", "RS256 HS256", "rs256", "RS512"] {
            assert_eq!(Algorithms::parse(other), Err(InvalidAlgorithms), "{other:?}");
        }
        let announced = ["HS256", "none", "RS512", "RS256"];
        assert_eq!(Algorithms::among(announced).unwrap().to_string(), "RS256");
        assert_eq!(Algorithms::among(["HS256", "none"]), Err(InvalidAlgorithms));
    }
}

//! A client may ask for less than it was granted.

use crate::model::oauth::{resource::Resources, scope::Scopes};

/// What an access token is to be for. Empty: for all that was granted.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    pub scopes: Scopes,
    pub resources: Resources,
}

/// More than was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooMuch {
    Scopes,
    Resources,
}

impl Narrowing {
    /// What that leaves of a grant.
    pub fn of(&self, scopes: &Scopes, resources: &Resources) -> Result<(Scopes, Resources), TooMuch> {
        if !self.scopes.is_subset(scopes) {
            return Err(TooMuch::Scopes);
        }
        if !self.resources.is_subset(resources) {
            return Err(TooMuch::Resources);
        }
        Ok((
            if self.scopes.is_empty() { scopes.clone() } else { self.scopes.clone() },
            if self.resources.is_empty() { resources.clone() } else { self.resources.clone() },
        ))
    }
}

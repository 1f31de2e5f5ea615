//! Ids of accounts, sessions and what belongs to them: UUIDs in their canonical text form (RFC 9562 §4). An id is no secret.

use std::{borrow::Borrow, fmt};

use serde::{Deserialize, Serialize};

/// A string that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            pub fn parse(input: &str) -> Result<Self, InvalidId> {
                if is_canonical_uuid(input) { Ok(Self(input.into())) } else { Err(InvalidId) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(value: String) -> Result<Self, InvalidId> {
                Self::parse(&value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }
    };
}

id! {
    /// The id of an account; the `sub` of its access tokens.
    UserId
}
id! {
    /// The id of a session; the `sid` of its access tokens.
    SessionId
}

id! {
    /// The id of a passkey here; the authenticator has another one of its own.
    PasskeyId
}

id! {
    /// The id of what a client knows as the session of a person; the `sid` of the client's tokens. Each client has its
    /// own, so two of them can't compare notes.
    ClientSessionId
}

id! {
    /// The id of what a person has granted to a client: a family of the client's refresh tokens.
    GrantId
}

id! {
    /// The id of a notice. Ids are in the order of publication.
    NoticeId
}

id! {
    /// The id of a group of accounts.
    GroupId
}

id! {
    /// The id of a provider through which people come in.
    ProviderId
}

/// Ended sessions are remembered by their ids, and so are client sessions and grants: all of them are UUIDs, so none is
/// another one's.
impl Borrow<str> for SessionId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl SessionId {
    /// The id of a client session, where what has ended is remembered.
    pub fn of_client_session(id: &ClientSessionId) -> Self {
        Self(id.0.clone())
    }

    /// The id of a grant, where what has ended is remembered.
    pub fn of_grant(id: &GrantId) -> Self {
        Self(id.0.clone())
    }
}

fn is_canonical_uuid(input: &str) -> bool {
    input.len() == 36
        && input.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_an_id() {
        assert!(UserId::parse("019a0000-0000-7000-8000-00000000abcd").is_ok());
        for other in [
            "",
            "019a0000-0000-7000-8000-00000000ABCD",
            "019a0000000070008000000000000000abcd",
            "' OR 1=1 --",
        ] {
            assert_eq!(UserId::parse(other), Err(InvalidId), "{other:?}");
        }
    }
}

//! What kinds of clients there are, and how each proves who it is.

use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            pub fn parse(word: &str) -> Result<Self, $crate::model::oauth::client_kind::UnknownWord> {
                let known = Self::ALL.iter().find(|known| known.as_str() == word);
                known.copied().ok_or($crate::model::oauth::client_kind::UnknownWord { known: &[$($word),*] })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::model::oauth::client_kind::UnknownWord;
            fn try_from(word: String) -> Result<Self, Self::Error> {
                Self::parse(&word)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

pub(crate) use words;

/// A word that is none of those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    pub(crate) known: &'static [&'static str],
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "This must be one of: {}.", self.known.join(", "))
    }
}

impl std::error::Error for UnknownWord {}

words! {
    /// What kind of program a client is.
    ClientKind {
        /// Runs on a server, which can keep a secret.
        Web = "web",
        /// Runs in a browser, where nothing is secret.
        Browser = "browser",
        /// Runs on somebody's computer or phone, where nothing is secret.
        Native = "native",
        /// Acts for itself and for no person.
        Service = "service",
        /// Has no browser: its user types a code on another device.
        Device = "device",
    }
}

words! {
    /// How a client proves who it is at the token endpoint.
    AuthMethod {
        /// By its secret, in the header or in the body: apps change their mind.
        Secret = "client_secret",
        SecretBasic = "client_secret_basic",
        SecretPost = "client_secret_post",
        /// By a signature (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
        /// Not at all: it can keep no secret.
        None = "none",
    }
}

impl AuthMethod {
    /// Whether it is by a secret that both know.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::Secret | Self::SecretBasic | Self::SecretPost)
    }

    /// What it proves by, in words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Secret => "its secret, in the header or in the body",
            Self::SecretBasic => "its secret, in the header",
            Self::SecretPost => "its secret, in the body",
            Self::PrivateKeyJwt => "a signature",
            Self::None => "nothing: it can keep no secret",
        }
    }
}

impl ClientKind {
    /// Whether nothing that it knows is secret.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Browser | Self::Native | Self::Device)
    }

    /// Whether a person is led from it to the authorization endpoint, and back.
    pub const fn has_redirects(self) -> bool {
        matches!(self, Self::Web | Self::Browser | Self::Native)
    }

    /// What it is, in a line.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Web => "Web: runs on a server",
            Self::Browser => "Browser: runs in the browser",
            Self::Native => "Native: runs on a computer or phone",
            Self::Service => "Service: acts for itself alone",
            Self::Device => "Device: has no browser",
        }
    }

    /// How a client of this kind proves who it is, unless it is said otherwise.
    pub const fn auth_method(self) -> AuthMethod {
        if self.is_public() { AuthMethod::None } else { AuthMethod::Secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_word_alone() {
        for kind in ClientKind::ALL {
            assert_eq!(ClientKind::parse(kind.as_str()), Ok(*kind));
        }
        let error = ClientKind::parse("Web").unwrap_err();
        assert_eq!(error.to_string(), "This must be one of: web, browser, native, service, device.");
    }
}

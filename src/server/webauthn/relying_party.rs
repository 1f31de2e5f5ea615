//! Who asks for passkeys: this program, at its public URL.

use aws_lc_rs::digest::{SHA256, digest};
use url::Url;

/// A relying party (§4). Id and origin come from the public URL and from nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    pub fn at(public_url: &Url) -> Self {
        Self {
            id: public_url.host_str().unwrap_or_default().to_owned(),
            origin: public_url.origin().ascii_serialization(),
        }
    }

    /// The host: passkeys are bound to it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The one origin whose pages may use them.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What authenticators sign in place of the id.
    pub fn has_hash(&self, hash: &[u8]) -> bool {
        digest(&SHA256, self.id.as_bytes()).as_ref() == hash
    }
}

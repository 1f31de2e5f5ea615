//! Clients, as administrators see them.

use serde::{Deserialize, Serialize};

use super::client_kind::{AuthMethod, ClientKind};
use crate::model::{client_algorithm::ClientAlgorithm, id::UserId, utc_time::UtcTime};

/// One client in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSummary {
    pub client_id: String,
    pub name: String,
    pub kind: ClientKind,
    /// Whether it needs no consent of the people who use it.
    pub trusted: bool,
    pub enabled: bool,
    pub created_at: UtcTime,
}

/// All that is registered of a client: what a page and a command show. Lists are in no particular order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting that stands for itself")]
pub struct RegisteredClient {
    pub client_id: String,
    pub name: String,
    pub developer: Option<String>,
    pub kind: ClientKind,
    pub auth_method: AuthMethod,
    /// Its public keys, as a JSON Web Key Set.
    pub jwks: Option<String>,
    pub redirect_uris: Vec<String>,
    pub post_logout_uris: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    /// With spaces between.
    pub scope: String,
    pub resources: Vec<String>,
    /// Whom it is for; nobody named: everybody.
    pub groups: Vec<String>,
    pub trusted: bool,
    pub id_token_alg: ClientAlgorithm,
    /// Its public JWK, if its ID tokens are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token_key: Option<String>,
    pub claims_in_id_token: bool,
    pub require_pushed: bool,
    /// Lifetime of its access tokens, like `5m`, if it has one of its own.
    pub access_ttl: Option<String>,
    /// Lifetimes of what it was granted, if they are its own: while it is not used, and at the longest.
    pub refresh_idle_ttl: Option<String>,
    pub refresh_absolute_ttl: Option<String>,
    pub enabled: bool,
    pub created_at: UtcTime,
}

/// A client with what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientReport {
    pub client: RegisteredClient,
    /// Those that are good now, the newest first.
    pub secrets: Vec<SecretLifetime>,
    /// Where it has asked to be answered and may not be, the newest first.
    pub refused_redirects: Vec<RefusedRedirect>,
}

/// A client's secret, of which nobody knows more than this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretLifetime {
    pub created_at: UtcTime,
    /// Nothing: until another takes its place.
    pub expires_at: Option<UtcTime>,
}

/// An address that is not registered, as it was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRedirect {
    /// Empty: none was named.
    pub redirect_uri: String,
    /// The registered one that is most like it, if there is any.
    pub nearest: Option<String>,
    pub times: u64,
    pub last_at: UtcTime,
}

/// A client that was registered, or given another secret. The secret is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    pub client_id: String,
    pub name: String,
    /// Nothing: it can keep none, or proves who it is in another way.
    pub client_secret: Option<String>,
}

/// Somebody who has allowed a client something, or is signed in to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientUser {
    pub user_id: UserId,
    pub email: String,
    /// What was allowed, with spaces between. Nothing: a trusted client has not asked.
    pub scope: Option<String>,
    pub since: UtcTime,
    /// Unknown, if it has never got a token.
    pub last_used_at: Option<UtcTime>,
    /// How many of its sessions are live.
    pub sessions: u64,
}

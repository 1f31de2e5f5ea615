//! What an authorization makes: a grant that hangs on a session, or on none if it is to outlive it, and perhaps a code.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::json;

use super::rules::RefreshRules;
use crate::{
    model::{
        id::{ClientSessionId, GrantId},
        level::Level,
        methods::Methods,
        oauth::{
            authorization_request::AuthorizationRequest,
            resource::Resources,
            scope::{OFFLINE_ACCESS, Scopes},
        },
    },
    server::{
        clock::Timestamp,
        crypto::entropy::Entropy,
        error::Error,
        store::{
            audit::{Event, EventKind},
            client_sessions::ClientSession,
            clients::Client,
            grants::{CodeRecord, GrantRecord},
            sessions::SessionRecord,
        },
        tokens::{authorization_code::Secret, refresh::token::RefreshKeys},
    },
};

/// How long a code is good for.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// When and with what somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    pub at: Timestamp,
    pub methods: Methods,
}

/// What a client is to get of whoever has this session.
#[derive(Debug)]
pub struct Authorization<'a> {
    pub client: &'a Client,
    pub scopes: &'a Scopes,
    pub resources: &'a Resources,
    pub session: &'a SessionRecord,
    pub proved: Proved,
    /// The level that the client has asked for, and that is met.
    pub acr: Option<Level>,
    /// What it is redeemed with. A device has a code of its own.
    pub code: Option<CodeRecord>,
    pub now: Timestamp,
}

/// Rows that are to be written together.
#[derive(Debug)]
pub struct Made {
    /// Those that there were not yet.
    pub client_sessions: Vec<ClientSession>,
    pub grant: GrantRecord,
    pub event: Event,
}

impl Authorization<'_> {
    /// Makes a grant: the one function that does, for codes and for devices. `live` is the client session that the session
    /// has with this client.
    pub fn make(self, entropy: &Entropy, live: Option<ClientSessionId>) -> Result<Made, Error> {
        let mut begun = Vec::new();
        let sign_in = match live {
            Some(live) => live,
            None => self.begin_client_session(entropy, &mut begun, false)?,
        };
        let is_offline = self.scopes.contains(OFFLINE_ACCESS);
        let client_session =
            if is_offline { self.begin_client_session(entropy, &mut begun, true)? } else { sign_in.clone() };
        let event = self.event();
        let grant = self.begin_grant(entropy, client_session, sign_in, is_offline)?;
        Ok(Made { client_sessions: begun, grant, event })
    }

    fn begin_client_session(
        &self,
        entropy: &Entropy,
        begun: &mut Vec<ClientSession>,
        is_offline: bool,
    ) -> Result<ClientSessionId, Error> {
        let &Self { client, session, now, .. } = self;
        let id = ClientSessionId::parse(&entropy.uuid(now)?)?;
        begun.push(ClientSession {
            id: id.clone(),
            session: (!is_offline).then(|| session.id.clone()),
            user: session.user_id.clone(),
            client: client.id.clone(),
            created_at: now,
            revoked: false,
        });
        Ok(id)
    }

    fn begin_grant(
        self,
        entropy: &Entropy,
        client_session: ClientSessionId,
        sign_in: ClientSessionId,
        is_offline: bool,
    ) -> Result<GrantRecord, Error> {
        let Self { client, session, now, .. } = self;
        let lifetimes = RefreshRules::of(client);
        let latest = now + lifetimes.absolute_ttl;
        let latest = if is_offline { latest } else { latest.min(session.absolute_expires_at) };
        Ok(GrantRecord {
            id: GrantId::parse(&entropy.uuid(now)?)?,
            client_session,
            sign_in,
            client: client.id.clone(),
            user: session.user_id.clone(),
            scopes: self.scopes.clone(),
            resources: self.resources.clone(),
            auth_time: self.proved.at,
            methods: self.proved.methods,
            acr: self.acr,
            salt: entropy.bytes::<{ RefreshKeys::SALT_LENGTH }>()?.to_vec(),
            generation: 0,
            confirmed: false,
            rotated_at: now,
            created_at: now,
            last_used_at: now,
            idle_expires_at: (now + lifetimes.idle_ttl).min(latest),
            absolute_expires_at: latest,
            revoked: None,
            code: self.code,
        })
    }

    fn event(&self) -> Event {
        let detail = json!({ "client": self.client.id.as_str(), "scope": self.scopes.to_string() });
        let user = &self.session.user_id;
        Event::new(EventKind::ClientAuthorized).by(user).about(user).of(&self.session.id).with(detail)
    }
}

/// A code for what a client asks for, and what is stored of it.
pub fn code(
    entropy: &Entropy,
    now: Timestamp,
    request: &AuthorizationRequest,
) -> Result<(Secret, CodeRecord), Error> {
    let (secret, hash) = Secret::generate(entropy)?;
    let challenge = BASE64.decode(&request.challenge);
    let challenge = challenge.map_err(|error| Error::Internal(format!("a stored challenge: {error}")))?;
    let record = CodeRecord {
        hash,
        redirect_uri: request.redirect_uri.clone(),
        challenge,
        nonce: request.nonce.clone(),
        expires_at: now + CODE_LIFETIME,
        redeemed_at: None,
    };
    Ok((secret, record))
}

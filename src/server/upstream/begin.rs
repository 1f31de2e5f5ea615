//! Sending somebody to a provider. What comes back is known by a state that works once, in the browser that began; what the
//! provider signs is known by a nonce, and its code is bound by PKCE.

use std::{fmt::Display, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use super::{exchange::require_keys, refused::Refused};
use crate::{
    model::{
        local_path::LocalPath,
        query,
        upstream::{preset::Preset, slug::ProviderSlug},
    },
    server::{
        client_info::ActionContext,
        clock::Timestamp,
        config::TokenConfig,
        error::Error,
        oauth::authorize,
        state::AppState,
        store::{
            upstream_logins::{self, LoginPurpose, UpstreamLogin},
            upstream_providers::{self, Provider},
        },
        tokens::one_time,
    },
};

/// How long somebody may take at the provider.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// What a verifier is sealed for.
pub const VERIFIER: &str = "upstream login";

/// What somebody is sent to a provider for.
#[derive(Debug)]
pub struct Wish {
    pub purpose: LoginPurpose,
    /// Where the browser goes then.
    pub next: LocalPath,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct Begun {
    pub provider: Provider,
    /// Where the browser goes now.
    pub address: String,
    /// What the browser is to keep.
    pub cookie: String,
}

/// A provider by its slug, if it is switched on.
pub async fn find(state: &AppState, slug: &ProviderSlug) -> Result<Provider, Refused> {
    let mut reader = state.store.read().await?;
    let provider = upstream_providers::by_slug(&mut reader, slug).await?;
    provider.filter(Provider::is_enabled).ok_or(Refused::NoProvider)
}

/// Begins a sign-in at a provider. `cookie` is what binds the browser to what it has begun, if it has one.
pub async fn begin(
    state: &AppState,
    context: ActionContext<'_>,
    slug: &ProviderSlug,
    cookie: Option<&str>,
    wish: Wish,
) -> Result<Begun, Refused> {
    state.rate_limiter.check_authorization(context)?;
    let provider = find(state, slug).await?;
    refuse_by_policy(&provider, &wish.purpose)?;
    // Or they would come back in vain.
    require_keys(state, &provider).await?;
    let max_age = max_age(state, context.now, cookie, &wish).await?;
    let cookie = one_time::known_or_new(&state.entropy, cookie)?;
    let (state_parameter, state_hash) = one_time::generate(&state.entropy)?;
    let (nonce, _) = one_time::generate(&state.entropy)?;
    let (verifier, _) = one_time::generate(&state.entropy)?;
    let login = UpstreamLogin {
        state_hash,
        provider: provider.id.clone(),
        nonce,
        sealed_verifier: state.vault.seal(VERIFIER, verifier.as_bytes(), &state.entropy)?,
        browser_hash: one_time::hash(&cookie),
        purpose: wish.purpose,
        next: wish.next,
        authenticated_after: max_age.map(|seconds| context.now - Duration::from_secs(seconds.into())),
        created_at: context.now,
        expires_at: context.now + LIFETIME,
    };
    let mut tx = state.store.begin().await?;
    upstream_logins::insert(&mut tx, &login).await?;
    tx.commit().await?;
    let sent = Sent { state: state_parameter, nonce: login.nonce, verifier, max_age };
    let address = address(&provider, &state.config.tokens, &sent);
    Ok(Begun { provider, address, cookie })
}

/// Where the provider sends the browser back. Each provider has an address of its own, so that none can be taken for
/// another (RFC 9700 §4.4).
pub fn redirect_uri(config: &TokenConfig, slug: impl Display) -> String {
    format!("{}/auth/upstream/{slug}/callback", config.issuer)
}

/// Where the same can be begun once more.
pub fn again(purpose: &LoginPurpose, next: &LocalPath) -> LocalPath {
    match purpose {
        LoginPurpose::SignIn => next.behind("/login"),
        LoginPurpose::Invitation(_) => LocalPath::page("/invitation"),
        LoginPurpose::Link { .. } | LoginPurpose::StepUp { .. } => next.clone(),
    }
}

/// Asked when it begins, and again when the browser comes back.
pub fn refuse_by_policy(provider: &Provider, purpose: &LoginPurpose) -> Result<(), Refused> {
    let allowed = match purpose {
        LoginPurpose::SignIn | LoginPurpose::StepUp { .. } => true,
        LoginPurpose::Invitation(_) => provider.sign_up.takes_invitations(),
        LoginPurpose::Link { .. } => provider.linking,
    };
    if allowed { Ok(()) } else { Err(Refused::NoAccount) }
}

/// How many seconds ago the person may have proved there who they are; nothing: however long. Whoever proves it once more
/// does so now; and what an app demands of a sign-in here is demanded of the provider.
async fn max_age(
    state: &AppState,
    now: Timestamp,
    cookie: Option<&str>,
    wish: &Wish,
) -> Result<Option<u32>, Error> {
    if matches!(wish.purpose, LoginPurpose::StepUp { .. }) {
        return Ok(Some(0));
    }
    match authorize::handle_in(wish.next.as_str()) {
        Some(handle) => authorize::max_age(state, now, &handle, cookie).await,
        None => Ok(None),
    }
}

/// What goes along with the browser.
struct Sent {
    state: String,
    nonce: String,
    verifier: String,
    max_age: Option<u32>,
}

fn address(provider: &Provider, config: &TokenConfig, sent: &Sent) -> String {
    let mut fields = vec![
        ("response_type", "code".to_owned()),
        ("client_id", provider.client_id.clone()),
        ("redirect_uri", redirect_uri(config, &provider.slug)),
        ("scope", provider.scopes.in_order().join(" ")),
        ("state", sent.state.clone()),
        ("code_challenge", BASE64.encode(digest(&SHA256, sent.verifier.as_bytes()))),
        ("code_challenge_method", "S256".to_owned()),
    ];
    if provider.preset != Preset::GitHub {
        fields.push(("nonce", sent.nonce.clone()));
    }
    if sent.max_age == Some(0) {
        fields.push(("prompt", "login".to_owned()));
    }
    fields.extend(sent.max_age.map(|seconds| ("max_age", seconds.to_string())));
    let endpoint = &provider.metadata.authorization_endpoint;
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    format!("{endpoint}{separator}{}", query::encode(fields.iter()))
}

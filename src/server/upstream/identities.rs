//! The providers that somebody can come in through: seen, linked and unlinked by themselves. Linking begins in a session in
//! which they have proved a short while ago who they are, and ends in the same one.

use serde_json::json;

use super::{
    account::{Arrival, add_identity},
    begin::{Begun, Wish, begin},
    refused::{Reason, Refused},
};
use crate::{
    model::{
        id::UserId,
        local_path::LocalPath,
        session::SignOutReason,
        upstream::{linked::LinkedProvider, slug::ProviderSlug},
    },
    server::{
        accounts::{factors, last_way_in, recent},
        authentication::factors::Factors,
        change::Change,
        client_info::ActionContext,
        error::Error,
        mail::notice::Notice,
        principal::Principal,
        sessions::revoke::revoke_all_except,
        state::AppState,
        store::{
            audit::{Event, EventKind},
            upstream_identities,
            upstream_logins::{self, LoginPurpose},
            upstream_providers::{self, Provider},
            users::{self, User},
        },
    },
};

/// The providers that somebody has linked, and those that they may link.
pub async fn list(state: &AppState, user: &UserId) -> Result<Vec<LinkedProvider>, Error> {
    let mut reader = state.store.read().await?;
    let identities = upstream_identities::of_user(&mut reader, user).await?;
    let providers = upstream_providers::all(&mut reader).await?;
    let shown = |provider: Provider| {
        let identity = identities.iter().find(|identity| identity.provider == provider.id);
        let may_link = provider.linking && provider.is_enabled();
        (may_link || identity.is_some()).then(|| LinkedProvider {
            slug: provider.slug,
            name: provider.name.into(),
            email: identity.map(|identity| identity.email.clone()),
            linked_at: identity.map(|identity| identity.linked_at.to_utc()),
        })
    };
    Ok(providers.into_iter().filter_map(shown).collect())
}

/// Begins to link a provider to the account of whoever is signed in.
pub async fn begin_link(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    slug: &ProviderSlug,
    cookie: Option<&str>,
) -> Result<Begun, Error> {
    let mut reader = state.store.read().await?;
    recent::require(principal, Factors::of(&mut reader, &principal.user).await?, context.now)?;
    drop(reader);
    let purpose = LoginPurpose::Link { user: principal.user.clone(), session: principal.session.clone() };
    let wish = Wish { purpose, next: LocalPath::page("/account/security") };
    begin(state, context, slug, cookie, wish).await.map_err(|refused| match refused {
        Refused::Fault(error) => error,
        Refused::Unavailable(Reason::Keys(no_keys)) => no_keys.into(),
        _ => Error::NotFound,
    })
}

/// Links what somebody is at a provider to their account.
pub async fn link(
    state: &AppState,
    context: ActionContext<'_>,
    arrival: Arrival<'_>,
    user: &UserId,
) -> Result<(), Refused> {
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), user).await?.filter(User::is_enabled);
    let user = user.ok_or(Refused::OtherPerson)?;
    add_identity(&mut change, arrival, &user.id).await?;
    change.notify(&user, Notice::ProviderLinked).await?;
    Ok(change.commit().await?)
}

/// Unlinks a provider, unless nothing else is left to sign in with. What was begun to be linked meanwhile is given up.
pub async fn unlink(
    state: &AppState,
    context: ActionContext<'_>,
    principal: &Principal,
    slug: &ProviderSlug,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    let mut user = factors::lock(&mut change, principal).await?;
    let provider = upstream_providers::by_slug(change.tx(), slug).await?.ok_or(Error::NotFound)?;
    if !upstream_identities::delete(change.tx(), &user.id, &provider.id).await? {
        return Err(Error::NotFound);
    }
    last_way_in::require_one(state, &mut change, &user).await?;
    upstream_logins::delete_of_user(change.tx(), &user.id).await?;
    users::raise_credential_epoch(change.tx(), &user.id).await?;
    let detail = json!({ "provider": slug.as_str() });
    let event = Event::new(EventKind::ProviderUnlinked).by(&user.id).about(&user.id).with(detail);
    change.record(event).await?;
    // Whoever came in through it is out.
    let (reason, kept) = (SignOutReason::FactorChanged, Some(&principal.session));
    revoke_all_except(&mut change, &mut user, Some(&principal.user), reason, kept).await?;
    change.notify(&user, Notice::ProviderUnlinked).await?;
    Ok(change.commit().await?)
}

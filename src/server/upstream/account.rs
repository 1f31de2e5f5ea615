//! Whose account it is that somebody comes to from a provider, and what the provider's word changes there.

use serde_json::json;

use super::{person::UpstreamPerson, refused::Refused};
use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        id::UserId,
        role::{Role, Roles},
    },
    server::{
        accounts::{last_admin::refuse_last_admin, parse_new_address, roles},
        authentication::{evidence::Evidence, factors::Factors, provider::vouched},
        change::Change,
        client_info::ActionContext,
        error::Error,
        oauth::groups::{put_in, take_out},
        principal::Principal,
        sessions::{
            Issued,
            start::{self, SignInMethod, Started},
            step_up,
        },
        state::AppState,
        store::{
            audit::{Event, EventKind},
            groups,
            one_time_tokens::{self, Purpose},
            upstream_identities::{self, Identity},
            upstream_providers::Provider,
            users::{self, User},
        },
        tokens::refresh::token::RefreshToken,
    },
};

/// Somebody who comes from a provider.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    pub provider: &'a Provider,
    pub person: &'a UpstreamPerson,
}

/// Signs in whoever is known by this provider and this subject. Nobody else's account is found, whatever address the
/// provider says ("nOAuth", CVE-2026-56666). For somebody who is not known an account is made, if the policy says so.
pub async fn sign_in(
    state: &AppState,
    context: ActionContext<'_>,
    arrival: Arrival<'_>,
    presented: Option<&RefreshToken>,
) -> Result<Started, Refused> {
    let Arrival { provider, person } = arrival;
    let mut change = Change::begin(state, context).await?;
    let known = upstream_identities::find(change.tx(), &provider.id, &person.subject).await?;
    let user = match known {
        Some(identity) => {
            let is_last_admin = lock_administrators(&mut change, arrival, &identity.user).await?;
            let user = users::lock_by_id(change.tx(), &identity.user).await?.filter(User::is_enabled);
            let mut user = user.ok_or(Refused::NoAccount)?;
            upstream_identities::used(change.tx(), &identity_of(context, arrival, &user.id)).await?;
            apply_rules(&mut change, arrival, &mut user, is_last_admin).await?;
            user
        }
        None => sign_up(&mut change, arrival).await?,
    };
    start(state, change, arrival, &user, presented).await
}

/// Accepts an invitation: from then on its owner comes in through the provider, and needs no password.
pub async fn accept(
    state: &AppState,
    context: ActionContext<'_>,
    arrival: Arrival<'_>,
    token_hash: &[u8],
    presented: Option<&RefreshToken>,
) -> Result<Started, Refused> {
    let mut change = Change::begin(state, context).await?;
    let link = one_time_tokens::find(change.tx(), Purpose::Invitation, token_hash).await?;
    let link = link.filter(|link| link.is_live(context.now)).ok_or(Refused::InvitationClosed)?;
    let id = link.user_id()?.ok_or(Refused::InvitationClosed)?;
    let is_last_admin = lock_administrators(&mut change, arrival, &id).await?;
    let user = users::lock_by_id(change.tx(), &id).await?.filter(User::is_enabled);
    let mut user = user.ok_or(Refused::InvitationClosed)?;
    // While this one waited for the account another may have used the link.
    if one_time_tokens::find(change.tx(), Purpose::Invitation, token_hash).await?.is_none() {
        return Err(Refused::InvitationClosed);
    }
    one_time_tokens::delete_of_user(change.tx(), Purpose::Invitation, &user.id).await?;
    change.record(Event::new(EventKind::InvitationAccepted).by(&user.id).about(&user.id)).await?;
    add_identity(&mut change, arrival, &user.id).await?;
    user = users::by_id(change.tx(), &user.id).await?.ok_or(Refused::InvitationClosed)?;
    apply_rules(&mut change, arrival, &mut user, is_last_admin).await?;
    start(state, change, arrival, &user, presented).await
}

/// Links what somebody is at the provider to an account. The account is held by `change`.
pub async fn add_identity(
    change: &mut Change<'_>,
    arrival: Arrival<'_>,
    user: &UserId,
) -> Result<(), Refused> {
    let identity = identity_of(change.context, arrival, user);
    if !upstream_identities::insert(change.tx(), &identity).await? {
        return Err(Refused::LinkedElsewhere);
    }
    users::raise_credential_epoch(change.tx(), user).await?;
    let detail = json!({ "provider": arrival.provider.slug.as_str() });
    Ok(change.record(Event::new(EventKind::ProviderLinked).by(user).about(user).with(detail)).await?)
}

fn identity_of(
    context: ActionContext<'_>,
    Arrival { provider, person }: Arrival<'_>,
    user: &UserId,
) -> Identity {
    Identity {
        provider: provider.id.clone(),
        subject: person.subject.clone(),
        user: user.clone(),
        email: person.shown_email(),
        linked_at: context.now,
        last_used_at: context.now,
    }
}

/// Makes an account for somebody whom the policy lets in. It has no password.
async fn sign_up(change: &mut Change<'_>, arrival: Arrival<'_>) -> Result<User, Refused> {
    let Arrival { provider, person } = arrival;
    if !person.may_sign_up(provider) {
        return Err(Refused::NoAccount);
    }
    let email = person.email.as_ref().and_then(|email| parse_new_address(email.as_str()).ok());
    let email = email.ok_or(Refused::NoAddress)?;
    let name = person.display_name(&email).ok_or(Refused::NoAddress)?;
    let user = new_user(change, arrival, email, name)?;
    if !users::insert(change.tx(), &user).await? {
        return Err(Refused::AddressTaken);
    }
    let detail =
        json!({ "by": "provider", "provider": provider.slug.as_str(), "roles": user.roles.to_string() });
    change.record(Event::new(EventKind::AccountCreated).about(&user.id).with(detail)).await?;
    add_identity(change, arrival, &user.id).await?;
    apply_groups(change, arrival, &user.id).await?;
    Ok(user)
}

fn new_user(
    change: &Change<'_>,
    Arrival { provider, person }: Arrival<'_>,
    email: EmailAddress,
    display_name: DisplayName,
) -> Result<User, Error> {
    let now = change.context.now;
    let id = UserId::parse(&change.entropy().uuid(now)?)?;
    let roles = provider.rules.roles(Roles::default(), &person.claims);
    let email_verified_at = person.has_verified_address(provider).then_some(now);
    Ok(User { email_verified_at, ..User::new(id, email, display_name, roles, now) })
}

/// Whether this is the last administrator, where a rule could change that. Asked before the account is locked, as
/// everywhere.
async fn lock_administrators(
    change: &mut Change<'_>,
    arrival: Arrival<'_>,
    user: &UserId,
) -> Result<bool, Error> {
    if !arrival.provider.rules.decide(Role::Admin) {
        return Ok(false);
    }
    match refuse_last_admin(change.tx(), user).await {
        Ok(()) => Ok(false),
        Err(Error::LastAdmin) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Gives and takes what the provider's rules say, at each sign-in. The last administrator stays one.
async fn apply_rules(
    change: &mut Change<'_>,
    arrival: Arrival<'_>,
    user: &mut User,
    is_last_admin: bool,
) -> Result<(), Error> {
    let mut wanted = arrival.provider.rules.roles(user.roles, &arrival.person.claims);
    if is_last_admin && !wanted.contains(Role::Admin) {
        tracing::warn!(provider = %arrival.provider.slug, "a rule would take the last administrator away; it does not");
        wanted = Roles::from(
            Role::ALL
                .into_iter()
                .filter(|role| wanted.contains(*role) || *role == Role::Admin)
                .collect::<Vec<_>>(),
        );
    }
    roles::change_roles(change, None, user, wanted).await?;
    apply_groups(change, arrival, &user.id).await
}

async fn apply_groups(change: &mut Change<'_>, arrival: Arrival<'_>, user: &UserId) -> Result<(), Error> {
    for (name, is_in) in arrival.provider.rules.groups(&arrival.person.claims) {
        match groups::by_name(change.tx(), name).await? {
            Some(group) if is_in => put_in(change, None, &group, user).await?,
            Some(group) => take_out(change, None, &group, user).await?,
            None => {
                tracing::warn!(provider = %arrival.provider.slug, group = name, "a rule names a group that is gone");
            }
        }
    }
    Ok(())
}

/// Proves once more who is signed in. What apps demand and what is sensitive counts from then on.
pub async fn step_up(
    state: &AppState,
    context: ActionContext<'_>,
    arrival: Arrival<'_>,
    principal: &Principal,
    presented: Option<&RefreshToken>,
) -> Result<Issued, Refused> {
    let Arrival { provider, person } = arrival;
    let mut change = Change::begin(state, context).await?;
    let identity = upstream_identities::find(change.tx(), &provider.id, &person.subject).await?;
    let is_theirs = identity.is_some_and(|identity| identity.user == principal.user);
    let user = users::lock_by_id(change.tx(), &principal.user).await?;
    let user = user.filter(|user| is_theirs && user.is_enabled()).ok_or(Refused::OtherPerson)?;
    let evidence = evidence(context, arrival);
    if !Factors::of(change.tx(), &user.id).await?.are_satisfied_by(evidence) {
        return Err(Error::SecondFactorRequired.into());
    }
    let detail = json!({ "provider": provider.slug.as_str(), "factors": evidence.methods().to_string() });
    let event = Event::new(EventKind::Reauthenticated).by(&user.id).about(&user.id);
    change.record(event.of(&principal.session).with(detail)).await?;
    Ok(step_up::step_up(state, change, principal, &user, evidence, presented).await?)
}

/// What the provider's word proves. Where it does not say when, it is now.
fn evidence(context: ActionContext<'_>, Arrival { provider, person }: Arrival<'_>) -> Evidence {
    let two_factors = provider.rules.believe_two_factors(&person.claims);
    vouched(person.authenticated_at.unwrap_or(context.now), two_factors)
}

/// Starts the session, which remembers through which provider it came in; or asks for the account's second step.
async fn start(
    state: &AppState,
    change: Change<'_>,
    arrival: Arrival<'_>,
    user: &User,
    presented: Option<&RefreshToken>,
) -> Result<Started, Refused> {
    let evidence = evidence(change.context, arrival);
    let upstream = arrival.person.session(arrival.provider);
    let method = SignInMethod::Provider(&upstream);
    Ok(start::start(state, change, user, evidence, method, presented).await?)
}

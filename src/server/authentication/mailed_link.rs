//! A link that was mailed to the address of an account, as evidence: one factor, and never one of two.

use super::{evidence::Evidence, factors::Factors};
use crate::{
    model::{id::UserId, methods::Method, role::Permission, second_factor::SecondFactorPolicy},
    server::{
        change::Change,
        clock::Timestamp,
        error::Error,
        state::AppState,
        store::{
            Queryable, StoreError,
            one_time_tokens::{self, OneTimeToken, Purpose},
            users::User,
        },
        tokens::one_time,
    },
};

/// What a browser brings along.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    pub token: &'a str,
    /// The cookie that the browser is known by, if it has one.
    pub browser: Option<&'a str>,
}

/// A link that works, in the browser that has opened it.
pub struct Found {
    pub user: UserId,
    link: OneTimeToken,
}

impl Found {
    /// A link ends with the address that it was mailed to (CVE-2026-115770).
    pub fn is_for(&self, user: &User) -> Result<bool, StoreError> {
        let is_theirs = self.link.email()?.is_some_and(|email| email == user.email);
        Ok(user.is_enabled() && user.id == self.user && is_theirs)
    }

    /// Where it leads, as it was when it was asked for.
    pub fn next(&self) -> Option<&str> {
        self.link.next()
    }
}

/// Whether an account may be signed in to with a mail: not if it takes more than one factor, and not if it administers.
pub async fn is_enough(state: &AppState, db: &mut impl Queryable, user: &User) -> Result<bool, StoreError> {
    let factors = Factors::of(db, &user.id).await?;
    let demanded = state.config.second_factor == SecondFactorPolicy::Everyone && factors.any();
    let administers = user.roles.allow(Permission::ReadAdministration);
    Ok(!factors.need_second_step() && !demanded && !administers)
}

/// Finds a link. It uses nothing up.
pub async fn find(
    db: &mut impl Queryable,
    now: Timestamp,
    opened: Opened<'_>,
) -> Result<Option<Found>, StoreError> {
    let found = one_time_tokens::find(db, Purpose::SignIn, &one_time::hash(opened.token)).await?;
    let browser = one_time::hash(opened.browser.unwrap_or_default());
    let Some(link) = found.filter(|link| link.is_live(now) && link.is_of_browser(&browser)) else {
        return Ok(None);
    };
    Ok(link.user_id()?.map(|user| Found { user, link }))
}

/// Uses a link up, if it works for this account as it is now. The account is held by `change`.
pub async fn use_up(
    state: &AppState,
    change: &mut Change<'_>,
    user: &User,
    opened: Opened<'_>,
) -> Result<Option<Evidence>, Error> {
    let now = change.context.now;
    let Some(found) = find(change.tx(), now, opened).await? else { return Ok(None) };
    if !found.is_for(user)? || !is_enough(state, change.tx(), user).await? {
        return Ok(None);
    }
    let is_first =
        one_time_tokens::take(change.tx(), Purpose::SignIn, &one_time::hash(opened.token), now).await?;
    Ok(is_first.then(|| Evidence::of(Method::MailedLink, now)))
}

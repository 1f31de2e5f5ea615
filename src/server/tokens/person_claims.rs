//! What a client learns of a person, by the scopes that were granted (OpenID Connect Core §5.4). The same in an ID token
//! and at the userinfo endpoint.

use serde::Serialize;

use crate::{
    model::{
        display_name::DisplayName,
        email::EmailAddress,
        oauth::scope::{EMAIL, GROUPS, PROFILE, ROLES, Scopes},
        role::Roles,
    },
    server::store::users::User,
};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<DisplayName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<EmailAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Roles>,
}

impl PersonClaims {
    pub fn of(user: &User, groups: &[String], scopes: &Scopes) -> Self {
        let email = scopes.contains(EMAIL);
        Self {
            name: scopes.contains(PROFILE).then(|| user.display_name.clone()),
            email: email.then(|| user.email.clone()),
            email_verified: email.then_some(user.email_verified_at.is_some()),
            groups: scopes.contains(GROUPS).then(|| groups.to_vec()),
            roles: scopes.contains(ROLES).then_some(user.roles),
        }
    }
}

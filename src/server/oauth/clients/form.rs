//! The form in which an administrator sets what a client is and may do.

use super::ClientSettings;
use crate::server::error::Error;

/// What an administrator sets of a client as the fields of a form have it: names as a command's options, several of
/// one kind on lines of their own.
#[derive(Clone, Debug, Default)]
pub struct ClientForm {
    pub name: Option<String>,
    pub developer: Option<String>,
    pub redirect_uri: Option<String>,
    pub post_logout_uri: Option<String>,
    pub backchannel_logout_uri: Option<String>,
    pub scope: Option<String>,
    pub resource: Option<String>,
    pub group: Option<String>,
    pub trusted: Option<String>,
    pub auth_method: Option<String>,
    pub jwks: Option<String>,
    pub require_pushed: Option<String>,
    pub id_token_alg: Option<String>,
    pub claims_in_id_token: Option<String>,
    pub access_ttl: Option<String>,
    pub refresh_idle_ttl: Option<String>,
    pub refresh_absolute_ttl: Option<String>,
}

impl TryFrom<ClientForm> for ClientSettings {
    type Error = Error;
    fn try_from(form: ClientForm) -> Result<Self, Error> {
        let lines = |text: String| -> Vec<String> {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        };
        let switch = |field, text: Option<String>| text.map(|text| yes_or_no(field, &text)).transpose();
        Ok(Self {
            name: form.name,
            developer: form.developer,
            redirect_uris: form.redirect_uri.map(lines),
            post_logout_uris: form.post_logout_uri.map(lines),
            backchannel_logout_uri: form.backchannel_logout_uri.map(|uri| uri.trim().to_owned()),
            scopes: form.scope.map(|scope| scope.trim().to_owned()),
            resources: form.resource.map(lines),
            groups: form.group.map(lines),
            trusted: switch("trusted", form.trusted)?,
            auth_method: form.auth_method,
            jwks: form.jwks,
            require_pushed: switch("require_pushed", form.require_pushed)?,
            id_token_alg: form.id_token_alg,
            // The command line alone sets it.
            id_token_key: None,
            claims_in_id_token: switch("claims_in_id_token", form.claims_in_id_token)?,
            access_ttl: form.access_ttl,
            refresh_idle_ttl: form.refresh_idle_ttl,
            refresh_absolute_ttl: form.refresh_absolute_ttl,
        })
    }
}

/// A switch, as a form has it.
pub fn yes_or_no(field: &'static str, text: &str) -> Result<bool, Error> {
    text.parse().map_err(|_| Error::invalid(field, "This must be one of: true, false."))
}

//! What a provider says of itself (OpenID Connect Discovery §3, RFC 8414).

use serde::{Deserialize, Serialize};

/// Of the metadata what is used here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    /// Nothing: it signs nothing.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// Nothing: `client_secret_basic` (OpenID Connect Discovery §3).
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether it says with each answer who answers (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Every address in it that is called or led to.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let always = [self.authorization_endpoint.as_str(), &self.token_endpoint];
        let maybe = [self.jwks_uri.as_deref(), self.userinfo_endpoint.as_deref()];
        always.into_iter().chain(maybe.into_iter().flatten())
    }

    /// Whether the client's secret goes into the form, because the header is not taken.
    pub fn takes_secret_in_form_alone(&self) -> bool {
        self.token_endpoint_auth_methods_supported.as_ref().is_some_and(|methods| {
            let takes = |name: &str| methods.iter().any(|method| method == name);
            takes("client_secret_post") && !takes("client_secret_basic")
        })
    }
}

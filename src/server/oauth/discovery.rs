//! What this server can do, for programs that find it by its address (OpenID Connect Discovery, RFC 8414). Only what works
//! is named, and what does not is said where silence would mean that it does.

use serde::Serialize;

use super::token::DEVICE_CODE;
use crate::{
    model::{
        client_algorithm::ClientAlgorithm,
        level::Level,
        oauth::{
            client_kind::AuthMethod,
            scope::{EMAIL, GROUPS, OFFLINE_ACCESS, OPENID, PROFILE, ROLES},
        },
    },
    server::{
        config::{TokenConfig, userinfo_endpoint},
        tokens::foreign::ALGORITHMS,
    },
};

const SCOPES: [&str; 6] = [OPENID, PROFILE, EMAIL, GROUPS, ROLES, OFFLINE_ACCESS];
/// What people can prove here.
const ACR_VALUES: [&str; 2] = [Level::SingleFactor.as_str(), Level::MultiFactor.as_str()];
const CLAIMS: [&str; 14] = [
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "amr",
    "acr",
    "sid",
    "name",
    "email",
    "email_verified",
    "groups",
    "roles",
];

/// The metadata of the authorization server.
#[derive(Debug, Serialize)]
pub struct ServerMetadata {
    issuer: String,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    device_authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    scopes_supported: [&'static str; 6],
    claims_supported: [&'static str; 14],
    acr_values_supported: [&'static str; 2],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 4],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 4],
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: [&'static str; 4],
    authorization_response_iss_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    #[serde(flatten)]
    unsupported: Unsupported,
}

/// What is not there. Of some of it, silence would mean that it is.
#[derive(Debug, Default, Serialize)]
struct Unsupported {
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

/// Ways to prove who one is; and, where the endpoint allows it, to prove nothing.
fn auth_methods(public_too: bool) -> Vec<&'static str> {
    let proofs = [AuthMethod::SecretBasic, AuthMethod::SecretPost, AuthMethod::PrivateKeyJwt];
    proofs.into_iter().chain(public_too.then_some(AuthMethod::None)).map(AuthMethod::as_str).collect()
}

pub fn server_metadata(config: &TokenConfig) -> ServerMetadata {
    let issuer = &config.issuer;
    let algorithms = ALGORITHMS;
    ServerMetadata {
        authorization_endpoint: format!("{issuer}/oauth/authorize"),
        pushed_authorization_request_endpoint: format!("{issuer}/oauth/par"),
        device_authorization_endpoint: format!("{issuer}/oauth/device_authorization"),
        token_endpoint: format!("{issuer}/oauth/token"),
        userinfo_endpoint: userinfo_endpoint(issuer),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        introspection_endpoint: format!("{issuer}/oauth/introspect"),
        revocation_endpoint: format!("{issuer}/oauth/revoke"),
        end_session_endpoint: format!("{issuer}/oauth/logout"),
        scopes_supported: SCOPES,
        claims_supported: CLAIMS,
        acr_values_supported: ACR_VALUES,
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ClientAlgorithm::ALL.map(ClientAlgorithm::as_str),
        token_endpoint_auth_methods_supported: auth_methods(true),
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        introspection_endpoint_auth_methods_supported: auth_methods(false),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        revocation_endpoint_auth_methods_supported: auth_methods(true),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
        code_challenge_methods_supported: ["S256"],
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        authorization_response_iss_parameter_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        unsupported: Unsupported::default(),
        issuer: issuer.clone(),
    }
}

/// The metadata of Latchkey's own API (RFC 9728): who gives tokens for it, and how they are sent.
#[derive(Debug, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    resource_name: &'static str,
    authorization_servers: [String; 1],
    jwks_uri: String,
    scopes_supported: [&'static str; 6],
    bearer_methods_supported: [&'static str; 2],
}

pub fn resource_metadata(config: &TokenConfig) -> ResourceMetadata {
    let issuer = &config.issuer;
    ResourceMetadata {
        resource: issuer.clone(),
        resource_name: "Latchkey",
        authorization_servers: [issuer.clone()],
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        scopes_supported: SCOPES,
        bearer_methods_supported: ["header", "body"],
    }
}

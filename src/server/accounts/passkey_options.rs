//! What the browser is asked for, when somebody wants to use a passkey or to add one.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::{
    model::{
        id::UserId,
        webauthn::{
            AuthenticatorSelection, Begun, CreationOptions, CredentialType, Descriptor, Extensions,
            Parameters, RelyingParty, RequestOptions, User,
        },
    },
    server::{
        authentication::ceremony::{Ceremony, LIFETIME, Purpose},
        clock::Timestamp,
        error::Error,
        principal::Principal,
        state::AppState,
        store::{
            passkeys::{self, PasskeyRecord},
            user_handles, users,
        },
        webauthn::public_key::Algorithm,
    },
};

/// Asks for a passkey. `of` is whose it must be, once that is proved; before that it would tell who exists.
pub async fn request(
    state: &AppState,
    now: Timestamp,
    purpose: Purpose,
    of: Option<&UserId>,
) -> Result<Begun<RequestOptions>, Error> {
    let allowed = match of {
        Some(user) => {
            let mut reader = state.store.read().await?;
            passkeys::of_user(&mut reader, user, state.relying_party.id()).await?
        }
        None => Vec::new(),
    };
    let ceremony = Ceremony::begin(state, now, purpose)?;
    let options = RequestOptions {
        challenge: ceremony.challenge().to_owned(),
        timeout: timeout(),
        rp_id: state.relying_party.id().to_owned(),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        user_verification: ceremony.verification().as_str().to_owned(),
    };
    Ok(Begun { options, state: ceremony.seal(state)? })
}

/// Asks for a new passkey of whoever is signed in: one that can be found without its id and that verifies its owner.
pub async fn creation(
    state: &AppState,
    now: Timestamp,
    principal: &Principal,
) -> Result<Begun<CreationOptions>, Error> {
    let mut reader = state.store.read().await?;
    let user = users::by_id(&mut reader, &principal.user).await?.ok_or(Error::NotFound)?;
    let existing = passkeys::of_user(&mut reader, &user.id, state.relying_party.id()).await?;
    let handle = user_handles::of_user(&mut reader, &user.id).await?;
    drop(reader);
    let handle = match handle {
        Some(handle) => handle,
        None => state.entropy.bytes::<64>()?.to_vec(),
    };
    let purpose = Purpose::Registration(principal.session.clone());
    let ceremony = Ceremony::begin(state, now, purpose)?.of_user(&handle);
    let options = CreationOptions {
        rp: RelyingParty { id: state.relying_party.id().to_owned(), name: state.config.brand.name.clone() },
        user: User {
            id: BASE64.encode(&handle),
            name: user.email.to_string(),
            display_name: user.display_name.as_str().to_owned(),
        },
        challenge: ceremony.challenge().to_owned(),
        pub_key_cred_params: Algorithm::OFFERED.map(parameters).to_vec(),
        timeout: timeout(),
        exclude_credentials: existing.iter().map(descriptor).collect(),
        authenticator_selection: AuthenticatorSelection {
            resident_key: "required".to_owned(),
            require_resident_key: true,
            user_verification: ceremony.verification().as_str().to_owned(),
        },
        attestation: "none".to_owned(),
        extensions: Extensions { cred_props: true },
    };
    Ok(Begun { options, state: ceremony.seal(state)? })
}

fn parameters(algorithm: Algorithm) -> Parameters {
    Parameters { kind: CredentialType::PublicKey, alg: algorithm as i64 }
}

fn descriptor(passkey: &PasskeyRecord) -> Descriptor {
    Descriptor {
        kind: CredentialType::PublicKey,
        id: BASE64.encode(&passkey.credential_id),
        transports: passkey.transports.clone(),
    }
}

fn timeout() -> u64 {
    LIFETIME.as_secs() * 1000
}

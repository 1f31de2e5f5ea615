//! Passkeys as evidence.

use serde_json::json;

use super::{ceremony::Ceremony, evidence::Evidence};
use crate::{
    model::{id::UserId, methods::Method},
    server::{
        change::{self, Change},
        client_info::ActionContext,
        error::{Error, passkey::PasskeyError},
        state::AppState,
        store::{
            StoreError,
            audit::{Event, EventKind},
            passkeys::{self, PasskeyRecord},
            user_handles,
            users::{self, User},
        },
        webauthn::{
            Refused,
            assertion::{Assertion, Claim},
            public_key::PublicKey,
        },
    },
};

/// An answer to a ceremony, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub ceremony: &'a Ceremony,
    pub claim: &'a Claim,
    /// Whose passkey it must be, where that is known already.
    pub of: Option<&'a UserId>,
}

/// Why a passkey does not prove who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("there is no such passkey here")]
    Unknown,
    #[error("{0}")]
    Proof(#[from] Refused),
    #[error("it is another account's")]
    Owner,
    #[error("its account is disabled")]
    Disabled,
    #[error("the challenge was used before")]
    Used,
    /// The authenticator has counted less than before, and its key can't have been copied by its maker (§6.1.1).
    #[error("its counter went back: somebody has a copy")]
    Copied,
    /// It never changes (§6.1.3).
    #[error("whether it can be backed up has changed")]
    BackupEligibility,
}

/// What comes of looking at an answer, if it is not accepted.
enum Failure {
    Refused(Option<UserId>, Refusal),
    Fault(Error),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// Verifies an answer, and uses up its challenge. The account, as it is now, is held by the change that is returned: it
/// goes on to what the passkey was asked for. A refusal is recorded.
pub async fn verify<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    answer: Answer<'_>,
) -> Result<(Change<'a>, User, Evidence), Error> {
    match accept(state, context, answer).await {
        Ok(accepted) => Ok(accepted),
        Err(Failure::Fault(error)) => Err(error),
        Err(Failure::Refused(user, refusal)) => {
            let detail = json!({ "why": "passkey_refused", "reason": refusal.to_string() });
            let mut event = Event::new(EventKind::SignInFailed).with(detail);
            event.subject = user;
            change::record(&state.store, context, event).await?;
            let error =
                if refusal == Refusal::Unknown { PasskeyError::Unknown } else { PasskeyError::Refused };
            Err(error.into())
        }
    }
}

async fn accept<'a>(
    state: &'a AppState,
    context: ActionContext<'a>,
    answer: Answer<'_>,
) -> Result<(Change<'a>, User, Evidence), Failure> {
    let (passkey, assertion) = verify_signature(state, answer).await?;
    let id = &passkey.user_id;
    let refused = |refusal| Failure::Refused(Some(id.clone()), refusal);
    let mut change = Change::begin(state, context).await?;
    let user = users::lock_by_id(change.tx(), id).await?.filter(User::is_enabled);
    let user = user.ok_or_else(|| refused(Refusal::Disabled))?;
    // While the signature was verified it may have been removed, or used.
    let passkey = passkeys::own(change.tx(), id, &passkey.id).await?;
    let passkey = passkey.ok_or_else(|| refused(Refusal::Unknown))?;
    let went_back = counter_went_back(&passkey, assertion);
    check_history(&passkey, assertion, went_back).map_err(refused)?;
    if !answer.ceremony.use_up(change.tx()).await? {
        return Err(refused(Refusal::Used));
    }
    remember_use(&mut change, passkey, assertion, went_back).await?;
    let method = if assertion.user_verified() { Method::VerifiedPasskey } else { Method::Passkey };
    Ok((change, user, Evidence::of(method, context.now)))
}

/// Finds the passkey and verifies the signature: the slow part, while nobody waits for the database.
async fn verify_signature(
    state: &AppState,
    Answer { ceremony, claim, of }: Answer<'_>,
) -> Result<(PasskeyRecord, Assertion), Failure> {
    let mut reader = state.store.read().await?;
    let found = passkeys::by_credential(&mut reader, claim.credential_id(), state.relying_party.id()).await?;
    let passkey = found.ok_or_else(|| Failure::Refused(of.cloned(), Refusal::Unknown))?;
    let handle = user_handles::of_user(&mut reader, &passkey.user_id).await?;
    drop(reader);
    let refused = |refusal| Failure::Refused(Some(passkey.user_id.clone()), refusal);
    // §7.2 step 6: who is not known yet is known by the user handle; who is known has no other one.
    let is_theirs = match (of, claim.user_handle()) {
        (None, None) => false,
        (Some(user), None) => *user == passkey.user_id,
        (of, Some(_)) => {
            of.is_none_or(|user| *user == passkey.user_id) && claim.user_handle() == handle.as_deref()
        }
    };
    if !is_theirs {
        return Err(refused(Refusal::Owner));
    }
    let key = PublicKey::from_cose(&passkey.public_key)
        .map_err(|error| Failure::Fault(Error::Internal(format!("passkey {}: {error}", passkey.id))))?;
    let assertion = claim.verify(&key, ceremony.expected(state)).map_err(|error| refused(error.into()))?;
    Ok((passkey, assertion))
}

/// Whether the authenticator has counted less than before, if it counts at all.
fn counter_went_back(passkey: &PasskeyRecord, assertion: Assertion) -> bool {
    let (before, now) = (passkey.sign_count, assertion.sign_count());
    (before, now) != (0, 0) && now <= before
}

/// Of a passkey that its maker copies to other devices, a counter that goes back says nothing.
fn check_history(passkey: &PasskeyRecord, assertion: Assertion, went_back: bool) -> Result<(), Refusal> {
    if passkey.backup_eligible != assertion.backup_eligible() {
        return Err(Refusal::BackupEligibility);
    }
    if went_back && !passkey.backup_eligible {
        return Err(Refusal::Copied);
    }
    Ok(())
}

async fn remember_use(
    change: &mut Change<'_>,
    passkey: PasskeyRecord,
    assertion: Assertion,
    went_back: bool,
) -> Result<(), StoreError> {
    if went_back {
        let detail = json!({ "passkey": passkey.id.as_str(), "before": passkey.sign_count, "now": assertion.sign_count() });
        change
            .record(Event::new(EventKind::PasskeyCounterLower).about(&passkey.user_id).with(detail))
            .await?;
    }
    let used = PasskeyRecord {
        sign_count: assertion.sign_count(),
        backed_up: assertion.backed_up(),
        last_used_at: Some(change.context.now),
        ..passkey
    };
    passkeys::used(change.tx(), &used).await
}

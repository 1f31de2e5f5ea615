//! What one signs in with, at a glance.

use crate::{
    model::security::{AuthenticatorApp, SecurityOverview},
    server::{
        audit_log::AuditQuery,
        authentication::factors::Factors,
        error::Error,
        principal::Principal,
        state::AppState,
        store::{audit::EventKind, totp},
    },
};

/// Sign-ins that are shown.
const SHOWN: usize = 5;

pub async fn overview(state: &AppState, principal: &Principal) -> Result<SecurityOverview, Error> {
    let user = &principal.user;
    let mut reader = state.store.read().await?;
    let factors = Factors::of(&mut reader, user).await?;
    let app = totp::of_user(&mut reader, user).await?;
    drop(reader);
    let app = app
        .and_then(|app| app.confirmed_at)
        .map(|at| AuthenticatorApp { added_at: at.to_utc(), usable: factors.can_use_totp() });
    let sign_ins = AuditQuery::of(user).only(EventKind::SignedIn).newest(state, SHOWN).await?;
    Ok(SecurityOverview {
        totp: app,
        passkeys: factors.has_passkeys(),
        second_step: factors.asks_for_passkey(),
        recovery_codes: factors.recovery_codes(),
        sign_ins,
    })
}

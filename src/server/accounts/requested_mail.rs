//! What becomes of a mail that somebody has asked for ([`super::mail_request`]), once it is to be sent.

use super::{reset_password, sign_in_link, sign_up};
use crate::server::{
    change::Change,
    client_info::{ActionContext, ClientInfo},
    error::Error,
    mail::{MailRequest, Wanted},
    state::AppState,
    store::{
        mails::{self, ClaimedMail},
        one_time_tokens::Asker,
    },
};

/// Looks who a mail is for that was asked for, and has it sent instead of the request.
pub async fn fulfil(state: &AppState, mail: &ClaimedMail, request: MailRequest) -> Result<(), Error> {
    let MailRequest { wanted, email, ip, user_agent, request_id } = request;
    let client = ClientInfo { ip, user_agent, request_id };
    let mut change = Change::begin(state, ActionContext { now: state.now(), client: &client }).await?;
    if !mails::delete(change.tx(), mail).await? {
        return Ok(());
    }
    match wanted {
        Wanted::PasswordReset(next) => {
            reset_password::mail_link(state, &mut change, &email, &next).await?;
        }
        Wanted::Account(next) => sign_up::mail_link(state, &mut change, &email, &next).await?,
        Wanted::SignIn(browser_hash, next) => {
            let asker = Asker { browser_hash: &browser_hash, next: &next };
            sign_in_link::mail_link(state, &mut change, &email, asker).await?;
        }
    }
    Ok(change.commit().await?)
}

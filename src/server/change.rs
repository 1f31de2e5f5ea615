//! The unit of work: what a use case changes, the events that tell of it, and the tokens that it makes invalid are
//! committed together or not at all.

use super::{
    client_info::ActionContext,
    clock::{LEEWAY, Timestamp},
    crypto::entropy::Entropy,
    error::Error,
    mail::{
        Letter, Mail, Occasion, Portal,
        notice::{self, Notice},
        seal_purpose,
    },
    state::AppState,
    store::{
        Store, StoreError, Tx,
        audit::{self, Event},
        invalidations::{self, Invalidation},
        mails::{self, NewMail},
        users::User,
    },
};
use crate::model::{email::EmailAddress, id::UserId};

/// A change under way. Dropped without [`Change::commit`] it leaves no trace.
///
/// It owns the transaction, so nothing can be committed without refusing what was invalidated: on this node before the
/// answer is given, on every other as soon as it hears of it.
#[must_use = "a change that is not committed is rolled back"]
pub struct Change<'a> {
    state: &'a AppState,
    pub context: ActionContext<'a>,
    tx: Tx,
    invalidated: Vec<(Invalidation, Timestamp)>,
    tells_apps: bool,
    sends_mail: bool,
}

impl<'a> Change<'a> {
    pub async fn begin(state: &'a AppState, context: ActionContext<'a>) -> Result<Self, StoreError> {
        let tx = state.store.begin().await?;
        Ok(Self { state, context, tx, invalidated: Vec::new(), tells_apps: false, sends_mail: false })
    }

    /// The transaction, for the statements of [`super::store`].
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    pub fn entropy(&self) -> &'a Entropy {
        &self.state.entropy
    }

    /// Writes an event to the audit log.
    pub async fn record(&mut self, event: Event) -> Result<(), StoreError> {
        audit::record(&mut self.tx, self.context, &event).await
    }

    /// Makes access tokens invalid from the commit on. `last_expiry` is when the last of them expires by itself.
    pub fn invalidate(&mut self, invalidation: Invalidation, last_expiry: Timestamp) {
        self.invalidated.push((invalidation, last_expiry + LEEWAY));
    }

    /// Has apps told, from the commit on, what was written for them.
    pub fn tell_apps(&mut self) {
        self.tells_apps = true;
    }

    /// Has a mail sent, from the commit on. `user` is whose account it is about. Nothing is written where no mail is
    /// configured.
    pub async fn mail(&mut self, to: &EmailAddress, user: Option<&UserId>, mail: Mail) -> Result<(), Error> {
        if self.state.config.mail.is_none() {
            return Ok(());
        }
        let now = self.context.now;
        let Mail { kind, subject, text, lifetime } = mail;
        let letter = Letter { to: to.clone(), subject, text };
        let plain = serde_json::to_vec(&letter).map_err(|error| Error::Internal(error.to_string()))?;
        let id = self.entropy().uuid(now)?;
        let sealed = self.state.vault.seal(&seal_purpose(&id), &plain, self.entropy())?;
        let mail = NewMail { id: &id, kind, user, sealed: &sealed, expires_at: now + lifetime };
        mails::insert(&mut self.tx, &mail, now).await?;
        self.sends_mail = true;
        Ok(())
    }

    /// Has the owner of an account told by mail what was changed.
    pub async fn notify(&mut self, user: &User, notice: Notice) -> Result<(), Error> {
        let portal = Portal::of(&self.state.config);
        let mail = notice::write(portal, notice, &user.email, &Occasion::of(self.context));
        self.mail(&user.email, Some(&user.id), mail).await
    }

    /// Commits. The very next request on this node sees what was invalidated.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        // Last of all: whoever stores them makes all others wait who want to.
        invalidations::insert(&mut self.tx, &self.invalidated).await?;
        self.tx.commit().await?;
        for (invalidation, until) in self.invalidated {
            self.state.tokens.denylist.add(invalidation, until, self.context.now);
        }
        if self.tells_apps {
            self.state.logout_deliveries.notify_one();
        }
        if self.sends_mail {
            self.state.mails.notify_one();
        }
        Ok(())
    }
}

/// Commits one event that belongs to no other change.
pub async fn record(store: &Store, context: ActionContext<'_>, event: Event) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    audit::record(&mut tx, context, &event).await?;
    tx.commit().await
}

//! What a tab believes of the session of its browser, and what it does about all that it learns.
//!
//! These are decisions alone: nothing here sends, waits or shows. So a test can run many tabs through any order of
//! answers and messages, and [`super::this_tab`] and [`super::authorized`] carry out in the browser what is decided.

use super::{message::Message, session_move::SessionMove};
use crate::model::session::{HeldSession, SignOutReason};

/// Counts how often a tab has stopped believing in a session. An answer of an earlier epoch is about somebody who has
/// left.
pub type Epoch = u32;

/// A page in the browser, from its hydration until it is left.
#[derive(Debug, Default)]
pub struct Tab {
    held: Option<HeldSession>,
    epoch: Epoch,
    /// Whether another page is being loaded in its place. Then nothing counts any more.
    leaving: bool,
}

/// What is done about something that was learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: it is not about what this tab shows, or it is known.
    Ignore,
    /// Use the token, and show what came with it.
    Adopt,
    /// Load the page again: it shows another person's.
    Reload,
    /// Forget the session, and leave what only its owner may see.
    SignOut(SignOutReason),
    /// Sign out once more: the answer has set the cookie of a session that was left meanwhile.
    SignOutAgain,
    /// Refresh now: only the server knows what the browser holds.
    Refresh,
    /// Go on refreshing, if there was a reason to wait.
    Wake,
}

impl Tab {
    /// A page that was rendered for the owner of this session, or for nobody.
    pub fn of(held: Option<HeldSession>) -> Self {
        Self { held, epoch: 0, leaving: false }
    }

    pub fn held(&self) -> Option<&HeldSession> {
        self.held.as_ref()
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether requests go out with an access token, and tokens are renewed.
    pub fn is_signed_in(&self) -> bool {
        self.held.is_some() && !self.leaving
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Whether what was asked for in this epoch is still about whoever is signed in.
    pub fn is_current(&self, epoch: Epoch) -> bool {
        self.epoch == epoch && !self.leaving
    }

    /// Whether a request of this epoch may go out: what one person has asked for never goes out with the token or the
    /// cookie of another. Signing in and out is meant for whoever is there.
    pub fn may_send(&self, moves: Option<SessionMove>, epoch: Epoch) -> bool {
        match moves {
            Some(SessionMove::Start | SessionMove::SignOut) => true,
            Some(SessionMove::Refresh) => self.is_current(epoch) && self.held.is_some(),
            _ => self.is_current(epoch),
        }
    }

    /// Another page is loaded in place of this one.
    pub fn leave(&mut self) {
        self.leaving = true;
    }

    /// A session has been started from this tab. Whoever signs in means it, whatever has become of the session before.
    pub fn started(&mut self, started: HeldSession) -> Decision {
        if self.leaving || self.is_another_users(&started) {
            return self.reload();
        }
        self.held = Some(started);
        Decision::Adopt
    }

    /// A new access token has been answered to a request of this epoch: by the cookie, so it may be anybody's.
    pub fn renewed(&mut self, epoch: Epoch, held: HeldSession) -> Decision {
        if self.epoch != epoch || self.held.is_none() {
            return Decision::SignOutAgain;
        }
        if self.leaving {
            return Decision::Ignore;
        }
        if self.is_another_users(&held) {
            return self.reload();
        }
        self.held = Some(held);
        Decision::Adopt
    }

    /// A refresh of this epoch was told that the session is over.
    pub fn ended(&mut self, epoch: Epoch, reason: SignOutReason) -> Decision {
        if !self.is_current(epoch) || self.held.is_none() {
            return Decision::Ignore;
        }
        self.forget();
        Decision::SignOut(reason)
    }

    /// The session has been ended from this tab, which goes to the sign-in page.
    pub fn signed_out(&mut self) {
        self.forget();
        self.leaving = true;
    }

    /// Another tab of the browser tells something. It may have been overtaken by what this tab knows.
    pub fn told(&mut self, message: &Message) -> Decision {
        if self.leaving {
            return Decision::Ignore;
        }
        match (message, &self.held) {
            // This tab may not know yet that its session is over. If it is not, the refresh is told to all tabs.
            (Message::Anyone, Some(_)) => Decision::Refresh,
            (Message::SignedOut(ended, reason), Some(mine)) if mine.id == ended.id => {
                self.forget();
                Decision::SignOut(*reason)
            }
            // Another session of the same person: one of the two is over.
            (
                Message::SignedOut(other, _) | Message::SignedIn(other) | Message::Refreshed(other),
                Some(mine),
            ) if mine.user == other.user && mine.id != other.id => Decision::Refresh,
            (Message::Changed(changed), Some(mine)) if mine.user == changed.user => Decision::Refresh,
            (Message::SignedIn(held) | Message::Refreshed(held), mine)
                if mine.as_ref().is_none_or(|mine| mine.user != held.user) =>
            {
                self.reload()
            }
            (Message::Refreshed(_), Some(_)) => Decision::Wake,
            _ => Decision::Ignore,
        }
    }

    fn is_another_users(&self, held: &HeldSession) -> bool {
        self.held.as_ref().is_some_and(|mine| mine.user != held.user)
    }

    fn reload(&mut self) -> Decision {
        self.leaving = true;
        Decision::Reload
    }

    fn forget(&mut self) {
        self.held = None;
        self.epoch += 1;
    }
}

/// Something that a page asks the server for, until it has its answer.
#[derive(Debug)]
pub struct Attempt {
    pub epoch: Epoch,
    pub moves: Option<SessionMove>,
    renewed: bool,
    confirmed: bool,
}

/// What has become of the last step of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// There was none.
    Nothing,
    /// There is a new access token.
    Token,
    /// The password was entered again.
    Confirmed,
    /// The password was not entered.
    NotConfirmed,
    /// The server does not take the access token, or says that its session is over.
    TokenRefused,
    /// The server wants the password to be entered again.
    PasswordNeeded,
    /// Any other answer, or none.
    Answer,
}

/// What an attempt does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Refresh,
    Send,
    AskPassword,
    /// Hand over what was answered.
    Finish,
    /// Hand over nothing: whoever asked is not there any more.
    Drop,
}

impl Attempt {
    pub fn new(tab: &Tab, moves: Option<SessionMove>) -> Self {
        Self { epoch: tab.epoch, moves, renewed: false, confirmed: false }
    }

    pub fn next(&mut self, tab: &Tab, has_token: bool, heard: Heard) -> Step {
        if heard == Heard::Answer {
            return if self.counts(tab) { Step::Finish } else { Step::Drop };
        }
        if !tab.may_send(self.moves, self.epoch) {
            return Step::Drop;
        }
        let authorized = self.needs_token() && tab.is_signed_in();
        match heard {
            Heard::Nothing | Heard::Confirmed if authorized && !has_token => Step::Refresh,
            Heard::Confirmed => {
                (self.renewed, self.confirmed) = (false, true);
                Step::Send
            }
            Heard::Nothing | Heard::Token => Step::Send,
            Heard::TokenRefused if authorized && !self.renewed => {
                self.renewed = true;
                Step::Refresh
            }
            Heard::PasswordNeeded if !self.confirmed => Step::AskPassword,
            _ => Step::Finish,
        }
    }

    /// Whether its answer is still about whoever is signed in. One that has started or ended a session always is.
    fn counts(&self, tab: &Tab) -> bool {
        let settles = [SessionMove::Start, SessionMove::SignOut, SessionMove::Delete];
        tab.is_current(self.epoch) || self.moves.is_some_and(|moves| settles.contains(&moves))
    }

    fn needs_token(&self) -> bool {
        self.moves.is_none_or(SessionMove::needs_token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::{SessionId, UserId};

    fn held(user: u32, session: u32) -> HeldSession {
        HeldSession {
            user: UserId::parse(&format!("019a0000-0000-7000-8000-{user:012x}")).unwrap(),
            id: SessionId::parse(&format!("019a0000-0000-7000-9000-{session:012x}")).unwrap(),
        }
    }

    #[test]
    fn a_token_of_another_person_is_not_used_and_the_page_is_loaded_again() {
        let mut tab = Tab::of(Some(held(1, 1)));
        assert_eq!(tab.renewed(0, held(2, 2)), Decision::Reload);
        assert!(!tab.is_signed_in());
        assert_eq!(tab.renewed(0, held(1, 1)), Decision::Ignore);
    }

    #[test]
    fn a_new_session_of_the_same_person_is_taken_over() {
        let mut tab = Tab::of(Some(held(1, 1)));
        assert_eq!(tab.renewed(0, held(1, 2)), Decision::Adopt);
        assert_eq!(tab.held(), Some(&held(1, 2)));
    }

    #[test]
    fn a_token_that_arrives_after_the_sign_out_is_not_used_and_its_cookie_is_cleared() {
        let mut tab = Tab::of(Some(held(1, 1)));
        let sent = tab.epoch();
        let message = Message::SignedOut(held(1, 1), SignOutReason::SignedOut);
        assert_eq!(tab.told(&message), Decision::SignOut(SignOutReason::SignedOut));
        assert_eq!(tab.renewed(sent, held(1, 1)), Decision::SignOutAgain);
        assert!(!tab.is_signed_in());
    }

    #[test]
    fn a_late_refusal_of_a_session_that_was_left_does_not_end_the_next_one() {
        let mut tab = Tab::of(Some(held(1, 1)));
        let sent = tab.epoch();
        tab.told(&Message::SignedOut(held(1, 1), SignOutReason::SignedOut));
        assert_eq!(tab.started(held(2, 2)), Decision::Adopt);
        assert_eq!(tab.ended(sent, SignOutReason::SignedOut), Decision::Ignore);
        assert!(tab.is_signed_in());
    }

    #[test]
    fn a_late_message_of_an_earlier_sign_out_asks_the_server_instead_of_signing_out() {
        let mut tab = Tab::of(Some(held(1, 2)));
        let message = Message::SignedOut(held(1, 1), SignOutReason::SignedOut);
        assert_eq!(tab.told(&message), Decision::Refresh);
        let message = Message::SignedOut(held(2, 3), SignOutReason::SignedOut);
        assert_eq!(tab.told(&message), Decision::Ignore);
        assert!(tab.is_signed_in());
    }

    #[test]
    fn a_page_for_nobody_is_loaded_again_when_another_tab_has_a_session() {
        for message in [Message::SignedIn(held(1, 1)), Message::Refreshed(held(1, 1))] {
            assert_eq!(Tab::of(None).told(&message), Decision::Reload);
        }
        assert_eq!(Tab::of(Some(held(1, 1))).told(&Message::Refreshed(held(1, 1))), Decision::Wake);
    }

    #[test]
    fn a_page_for_nobody_that_asks_who_is_there_hears_of_a_session_once_the_server_has_confirmed_it() {
        assert_eq!(Tab::of(Some(held(1, 1))).told(&Message::Anyone), Decision::Refresh);
        assert_eq!(Tab::of(None).told(&Message::Anyone), Decision::Ignore);
        let mut leaving = Tab::of(Some(held(1, 1)));
        leaving.leave();
        assert_eq!(leaving.told(&Message::Anyone), Decision::Ignore);
    }

    #[test]
    fn a_request_is_not_sent_and_not_answered_for_the_next_person() {
        let mut tab = Tab::of(Some(held(1, 1)));
        let mut attempt = Attempt::new(&tab, None);
        assert_eq!(attempt.next(&tab, false, Heard::Nothing), Step::Refresh);
        tab.told(&Message::SignedOut(held(1, 1), SignOutReason::SignedOut));
        tab.started(held(2, 2));
        assert_eq!(attempt.next(&tab, true, Heard::Token), Step::Drop);
        assert_eq!(attempt.next(&tab, true, Heard::Answer), Step::Drop);
    }

    #[test]
    fn a_refused_token_is_renewed_once_and_once_more_after_the_password_was_entered() {
        let tab = Tab::of(Some(held(1, 1)));
        let mut attempt = Attempt::new(&tab, None);
        assert_eq!(attempt.next(&tab, true, Heard::Nothing), Step::Send);
        assert_eq!(attempt.next(&tab, true, Heard::TokenRefused), Step::Refresh);
        assert_eq!(attempt.next(&tab, true, Heard::Token), Step::Send);
        assert_eq!(attempt.next(&tab, true, Heard::PasswordNeeded), Step::AskPassword);
        assert_eq!(attempt.next(&tab, true, Heard::Confirmed), Step::Send);
        assert_eq!(attempt.next(&tab, true, Heard::TokenRefused), Step::Refresh);
        assert_eq!(attempt.next(&tab, true, Heard::Token), Step::Send);
        assert_eq!(attempt.next(&tab, true, Heard::TokenRefused), Step::Finish);
        assert_eq!(attempt.next(&tab, true, Heard::PasswordNeeded), Step::Finish);
    }

    #[test]
    fn signing_in_and_out_needs_no_token_and_its_answer_always_counts() {
        let mut tab = Tab::of(Some(held(1, 1)));
        for moves in [SessionMove::Start, SessionMove::SignOut] {
            let mut attempt = Attempt::new(&tab, Some(moves));
            assert_eq!(attempt.next(&tab, false, Heard::Nothing), Step::Send);
            tab.told(&Message::SignedOut(held(1, 1), SignOutReason::SignedOut));
            assert_eq!(attempt.next(&tab, false, Heard::Answer), Step::Finish);
        }
    }
}

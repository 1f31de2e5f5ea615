//! What one tab of a browser tells the others. It is never a token.

use crate::model::{
    id::{SessionId, UserId},
    session::{HeldSession, SignOutReason},
};

const ANYONE: &str = "anyone";

/// Each but the first names the session that it is about: it may arrive after that session was followed by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A page for nobody asks whether somebody has signed in since it was rendered: it has only now begun to listen.
    Anyone,
    /// The session was refreshed: the server answers, and the cookie has moved on.
    Refreshed(HeldSession),
    /// What the server says of the session's owner has changed.
    Changed(HeldSession),
    SignedIn(HeldSession),
    SignedOut(HeldSession, SignOutReason),
}

impl Message {
    pub fn to_text(&self) -> String {
        let (name, held) = match self {
            Self::Anyone => return ANYONE.to_owned(),
            Self::Refreshed(held) => ("refreshed", held),
            Self::Changed(held) => ("changed", held),
            Self::SignedIn(held) => ("signed_in", held),
            Self::SignedOut(held, reason) => (reason.as_str(), held),
        };
        [name, held.user.as_str(), held.id.as_str()].join(" ")
    }

    pub fn from_text(text: &str) -> Option<Self> {
        if text == ANYONE {
            return Some(Self::Anyone);
        }
        let mut words = text.split(' ');
        let name = words.next()?;
        let user = UserId::parse(words.next()?).ok()?;
        let held = HeldSession { user, id: SessionId::parse(words.next()?).ok()? };
        match name {
            "refreshed" => Some(Self::Refreshed(held)),
            "changed" => Some(Self::Changed(held)),
            "signed_in" => Some(Self::SignedIn(held)),
            reason => Some(Self::SignedOut(held, SignOutReason::parse(reason)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_posted() {
        let user = UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap();
        let id = SessionId::parse("019a0000-0000-7000-8000-00000000dcba").unwrap();
        let held = HeldSession { user, id };
        let mut messages = vec![
            Message::Anyone,
            Message::Refreshed(held.clone()),
            Message::Changed(held.clone()),
            Message::SignedIn(held.clone()),
        ];
        messages.extend(SignOutReason::ALL.map(|reason| Message::SignedOut(held.clone(), reason)));
        for message in messages {
            assert_eq!(Message::from_text(&message.to_text()), Some(message));
        }
        for text in ["", "refreshed", "anyone x y", "nonsense x y", "refreshed x y"] {
            assert_eq!(Message::from_text(text), None, "{text}");
        }
    }
}

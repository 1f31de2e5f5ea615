//! Telling the other tabs: that there is news, never a token.

use std::cell::RefCell;

use leptos::logging::warn;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::model::{id::UserId, session::SignOutReason};

const NAME: &str = "latchkey";

/// What tabs tell each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The session was refreshed: the server answers, and the cookie has moved on.
    Refreshed,
    SignedIn(UserId),
    SignedOut(SignOutReason),
}

impl News {
    fn to_text(&self) -> String {
        match self {
            Self::Refreshed => "refreshed".to_owned(),
            Self::SignedIn(user) => format!("signed in {user}"),
            Self::SignedOut(reason) => format!("signed out {}", reason.as_str()),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        if let Some(user) = text.strip_prefix("signed in ") {
            return UserId::parse(user).ok().map(Self::SignedIn);
        }
        if let Some(reason) = text.strip_prefix("signed out ") {
            return SignOutReason::parse(reason).map(Self::SignedOut);
        }
        (text == "refreshed").then_some(Self::Refreshed)
    }
}

thread_local! {
    static CHANNEL: RefCell<Option<BroadcastChannel>> = const { RefCell::new(None) };
}

/// Listens to the other tabs of this browser, for as long as the page lives.
pub fn listen(mut hear: impl FnMut(News) + 'static) {
    let Ok(channel) = BroadcastChannel::new(NAME) else {
        warn!("this browser has no BroadcastChannel; tabs learn of each other at their next request");
        return;
    };
    let callback = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(news) = event.data().as_string().and_then(|text| News::from_text(&text)) {
            hear(news);
        }
    });
    channel.set_onmessage(Some(callback.as_ref().unchecked_ref()));
    callback.forget();
    CHANNEL.with_borrow_mut(|slot| *slot = Some(channel));
}

pub fn tell(news: &News) {
    CHANNEL.with_borrow(|channel| {
        if let Some(channel) = channel {
            // Refused only once the channel is closed, with the page.
            let _ = channel.post_message(&news.to_text().into());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_arrive_as_they_were_sent() {
        let user = UserId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap();
        for news in [News::Refreshed, News::SignedIn(user), News::SignedOut(SignOutReason::Reused)] {
            assert_eq!(News::from_text(&news.to_text()), Some(news));
        }
        assert_eq!(News::from_text("signed out nonsense"), None);
        assert_eq!(News::from_text(""), None);
    }
}

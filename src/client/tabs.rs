//! The channel between the tabs of one browser.

use std::cell::RefCell;

use leptos::logging::warn;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use super::message::Message;

const NAME: &str = "latchkey";

thread_local! {
    static CHANNEL: RefCell<Option<BroadcastChannel>> = const { RefCell::new(None) };
}

/// Listens to the other tabs of this browser for as long as the page lives.
pub fn listen(on_message: impl Fn(Message) + 'static) {
    let Ok(channel) = BroadcastChannel::new(NAME) else {
        warn!("this browser has no BroadcastChannel; tabs learn of each other at their next request");
        return;
    };
    let callback = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(message) = event.data().as_string().and_then(|text| Message::from_text(&text)) {
            on_message(message);
        }
    });
    channel.set_onmessage(Some(callback.as_ref().unchecked_ref()));
    callback.forget();
    CHANNEL.with_borrow_mut(|slot| *slot = Some(channel));
}

pub fn post(message: &Message) {
    CHANNEL.with_borrow(|channel| {
        if let Some(channel) = channel {
            // Refused only once the channel is closed, with the page.
            let _ = channel.post_message(&message.to_text().into());
        }
    });
}

//! The access token, in WASM memory and nowhere else.

use std::cell::RefCell;

use super::timer::now_millis;
use crate::model::session::TokenResponse;

struct Token {
    value: String,
    /// On this browser's clock.
    expires_at: f64,
    lifetime: f64,
}

thread_local! {
    static TOKEN: RefCell<Option<Token>> = const { RefCell::new(None) };
}

/// Not used in its last second: it would expire on the way.
const MARGIN: f64 = 1000.0;

/// Keeps the token of a session that was just started or refreshed. Its lifetime counts from now on this browser's
/// clock, whatever the server's clock shows.
pub fn set(response: &TokenResponse) {
    #[expect(clippy::cast_precision_loss, reason = "a lifetime is far below 2^52 s")]
    let lifetime = response.expires_in as f64 * 1000.0;
    let token = Token { value: response.access_token.clone(), expires_at: now_millis() + lifetime, lifetime };
    TOKEN.with_borrow_mut(|slot| *slot = Some(token));
}

pub fn clear() {
    TOKEN.with_borrow_mut(|slot| *slot = None);
}

/// The token, if it can still be used.
pub(super) fn current() -> Option<String> {
    TOKEN.with_borrow(|slot| {
        slot.as_ref()
            .filter(|token| now_millis() < token.expires_at - MARGIN)
            .map(|token| token.value.clone())
    })
}

/// Milliseconds until it should be exchanged: when four fifths of its life are over.
pub(super) fn refresh_in() -> f64 {
    TOKEN.with_borrow(|slot| {
        slot.as_ref().map_or(0.0, |token| (token.expires_at - 0.2 * token.lifetime - now_millis()).max(0.0))
    })
}

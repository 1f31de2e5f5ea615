//! Proving who one is: by a password or at a provider, and by a second factor beside it.
//!
//! Whatever is verified here comes back as [`evidence::Evidence`], the only value from which a session starts. Nothing
//! else makes one, so no way in can forget to verify.

pub mod attempt;
pub mod ceremony;
pub mod evidence;
pub mod factors;
mod limits;
pub mod mailed_link;
pub mod passkey;
pub mod password;
pub mod provider;
pub mod qr_code;
pub mod recovery_codes;
pub mod second_factor;
pub mod totp;

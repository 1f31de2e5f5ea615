//! Signing keys: which there are, which signs, and how one follows another.

pub mod error;
pub mod key_set;
pub mod line;
pub mod manage;
pub mod paserk;
pub mod private_key;
pub mod reseal;
pub mod rotation;

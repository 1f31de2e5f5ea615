//! Cryptography: random numbers, derived keys, message authentication, and the master secret that seals the rest.

pub mod algorithm;
pub mod entropy;
pub mod error;
pub mod hkdf;
pub mod mac;
pub mod master_secret;
pub mod private_file;
pub mod sealing;
pub mod vault;

//! Tests through the whole program: the real router, a database of its own for each test, a clock that is moved.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]

mod test_app;

mod access;
mod accounts;
mod administration;
mod attempts;
mod documents;
mod forms;
mod http;
mod interop;
mod keys;
mod lists;
mod lockout;
mod notices;
mod own_account;
mod pages;
mod refresh;
mod sessions;
mod store;
mod tokens;
mod vectors;

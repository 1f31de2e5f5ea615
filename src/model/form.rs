//! A form that was sent without JavaScript and refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// What the page with the form shows again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormFailure {
    /// Path of the server function that refused it.
    pub function: String,
    pub error: ApiError,
    /// What was typed, by field; never a password.
    pub typed: BTreeMap<String, String>,
}

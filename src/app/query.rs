//! The address of the page, read.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::model::local_path::{LocalPath, query_parameter};

/// A parameter of the address as it was when the page was opened. The router's own map decodes twice, which turns
/// `%26` into the border between two parameters.
pub fn parameter(name: &str) -> Option<String> {
    query_parameter(&use_location().search.read_untracked(), name)
}

/// Where to go after signing in: a path of this site, whatever the address says.
pub fn next_page() -> LocalPath {
    parameter("next").and_then(|next| LocalPath::parse(&next).ok()).unwrap_or_default()
}

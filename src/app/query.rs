//! The address of the page, read.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::model::{access::after_sign_in, local_path::LocalPath, query};

/// A parameter of the address as it was when the page was opened. The router's own map decodes twice, which turns
/// `%26` into the border between two parameters.
pub fn parameter(name: &str) -> Option<String> {
    query::parameter(&use_location().search.read_untracked(), name)
}

/// Where to go after signing in: a page of this site, whatever the address says.
pub fn next_page() -> LocalPath {
    after_sign_in(parameter("next").as_deref())
}

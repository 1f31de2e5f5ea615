//! Plain HTTP about one's own account.

use axum::response::Response;

use crate::{model::local_path::LocalPath, server::http::redirect::see_other};

/// Where a password manager finds the page to change the password on (W3C "A Well-Known URL for Changing Passwords").
pub async fn change_password() -> Response {
    see_other(&LocalPath::page("/account/password"))
}

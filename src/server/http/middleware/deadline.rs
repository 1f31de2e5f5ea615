//! A request that takes too long is given up, and its caller told to try again.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::api::error::{ApiError, Code};

const DEADLINE: Duration = Duration::from_secs(30);

/// Answers 503 at the deadline. The handler is dropped, and with it a transaction that was not committed.
pub async fn keep_deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request took longer than {DEADLINE:?}");
            let error =
                ApiError::new(Code::Unavailable, "The server is too busy right now. Try again in a moment.");
            ApiError { retry_after: Some(1), ..error }.into_response()
        }
    }
}

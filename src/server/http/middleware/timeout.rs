//! A request that takes too long is given up, and its caller told to try again.

use std::time::Duration;

use axum::response::{IntoResponse, Response};

use crate::model::error::{ApiError, Code};

const LIMIT: Duration = Duration::from_secs(30);

/// Answers 503 at the deadline, which also counts while the body is waited for. The handler is dropped, and with it a
/// transaction that was not committed.
pub async fn give_up_late(answer: impl Future<Output = Response>) -> Response {
    within(LIMIT, answer).await
}

async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request took longer than {limit:?}");
            let error =
                ApiError::new(Code::Unavailable, "The server is too busy right now. Try again in a moment.");
            ApiError { retry_after: Some(1), ..error }.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::{Body, Bytes},
        extract::Request,
        http::StatusCode,
        middleware::{Next, from_fn},
        routing::post,
    };
    use futures::{StreamExt, stream};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_body_that_never_ends_holds_no_request_for_ever() {
        let limited =
            async |request: Request, next: Next| within(Duration::from_millis(50), next.run(request)).await;
        let router = Router::new().route("/", post(async |_: Bytes| ())).layer(from_fn(limited));
        let first = stream::iter([Ok::<_, std::io::Error>("email=")]);
        let body = Body::from_stream(first.chain(stream::pending()));
        let response = router.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}

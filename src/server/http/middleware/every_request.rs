//! What holds for every request, whatever answers it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::{headers::add_headers, timeout::give_up_late, trace::Traced};
use crate::server::{http::error::survive_panic, state::AppState};

/// From the inside out: a request that takes too long is given up, one that panics is answered, every answer has its
/// headers, and every request its line in the log. One middleware for all of them: each that axum adds puts the way
/// inwards into boxes of its own, once for every request.
pub async fn every_request(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let traced = Traced::begin(&state, &mut request);
    // Boxed once, so that each of those around it holds no more than a pointer.
    let answer = survive_panic(give_up_late(Box::pin(next.run(request))));
    let with_headers = async {
        let mut response = answer.await;
        add_headers(&state.config, response.headers_mut());
        response
    };
    traced.end(&state, with_headers).await
}

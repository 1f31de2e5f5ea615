//! What the program's log says of the request that a line is about.
//!
//! A span would say it too, at a cost that is a large part of a short request: its fields are formatted before anything is
//! logged, and sqlx carries it along with every statement. Here the request is data of its task, and a line that is
//! written there names it ([`format`]).

pub mod format;

use std::sync::{Arc, OnceLock};

use http::Method;

use super::client_info::ClientInfo;
use crate::model::id::UserId;

tokio::task_local! {
    static CURRENT: LoggedRequest;
}

/// A request as its lines name it. Neither query nor headers are logged: both can hold secrets.
#[derive(Debug)]
pub struct LoggedRequest {
    client: Arc<ClientInfo>,
    method: Method,
    path: String,
    /// Whose it is. Known later, and of an anonymous one never.
    account: OnceLock<UserId>,
}

impl LoggedRequest {
    pub fn new(client: Arc<ClientInfo>, method: Method, path: String) -> Self {
        Self { client, method, path, account: OnceLock::new() }
    }

    /// Answers the request: every line that is logged meanwhile names it.
    pub async fn scope<T>(self, answer: impl Future<Output = T>) -> T {
        CURRENT.scope(self, answer).await
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("id", Some(self.client.request_id.as_str())),
            ("method", Some(self.method.as_str())),
            ("path", Some(self.path.as_str())),
            ("ip", Some(self.client.ip.as_str())),
            ("account", self.account.get().map(UserId::as_str)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }
}

/// From here on the request's lines name its account.
pub fn set_account(user: &UserId) {
    // What is no request, a command for example, has no line.
    let _ = CURRENT.try_with(|request| request.account.set(user.clone()));
}

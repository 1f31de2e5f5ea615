//! Every request gets an id, an origin and one line in the log.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header::USER_AGENT},
    response::Response,
};
use ipnet::IpNet;

use crate::server::{client_info::ClientInfo, clock::Timestamp, log::LoggedRequest, state::AppState};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request that is being answered.
pub struct Traced {
    began: Timestamp,
    request_id: Option<HeaderValue>,
    logged: LoggedRequest,
}

impl Traced {
    pub fn begin(state: &AppState, request: &mut Request) -> Self {
        let began = state.now();
        let client = Arc::new(client_info(state, request));
        let request_id = HeaderValue::from_str(&client.request_id).ok();
        request.extensions_mut().insert(client.clone());
        let path = request
            .extensions()
            .get::<MatchedPath>()
            .map_or_else(|| request.uri().path().to_owned(), |path| path.as_str().to_owned());
        Self { began, request_id, logged: LoggedRequest::new(client, request.method().clone(), path) }
    }

    /// Answers the request and logs that it did, under the id that the answer carries too.
    pub async fn end(self, state: &AppState, answer: impl Future<Output = Response>) -> Response {
        let Self { began, request_id, logged } = self;
        let answered = async {
            let mut response = answer.await;
            let millis = u64::try_from((state.now() - began).as_millis()).unwrap_or(u64::MAX);
            tracing::info!(status = response.status().as_u16(), millis, "answered");
            if let Some(id) = request_id {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            response
        };
        logged.scope(answered).await
    }
}

fn client_info(state: &AppState, request: &Request) -> ClientInfo {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let ip = peer.map(|peer| client_ip(peer, request.headers(), &state.config.trusted_proxies));
    let user_agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    ClientInfo {
        ip: ip.map(|ip| ip.to_string()).unwrap_or_default(),
        user_agent: user_agent.chars().take(ClientInfo::MAX_USER_AGENT).collect(),
        request_id: state.request_ids.next(),
    }
}

/// The address of whoever asked. What a header says is believed only as far as trusted proxies have written it: from
/// the right, up to the first address that is not one of theirs (CVE-2025-64101).
fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    let mut client = peer.to_canonical();
    let values: Vec<_> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let joined = values.join(",");
    let mut hops = joined.split(',').rev();
    while is_trusted(&client) {
        match hops.next().and_then(|hop| hop.trim().parse::<IpAddr>().ok()) {
            Some(hop) => client = hop.to_canonical(),
            None => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        client_ip(peer.parse().unwrap(), &headers, &["10.0.0.0/8".parse().unwrap()]).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies_and_from_the_right() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:203.0.113.9", &[]), "203.0.113.9");
    }
}

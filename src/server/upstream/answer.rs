//! What an endpoint of a provider has answered.

use serde::de::DeserializeOwned;

use super::refused::{Reason, Refused};
use crate::server::fetch::{FetchError, Fetched};

/// Reads the answer of an endpoint. A fault of the provider's is none of the person's.
pub fn read<T: DeserializeOwned>(
    endpoint: &'static str,
    answer: Result<Fetched, FetchError>,
) -> Result<T, Refused> {
    let answer = answer.map_err(unavailable)?;
    let status = answer.status.as_u16();
    match status {
        200 => {
            serde_json::from_slice(&answer.body).map_err(|_| Refused::NotBelieved(Reason::Answer(endpoint)))
        }
        500.. => Err(Refused::Unavailable(Reason::Status(endpoint, status))),
        _ => Err(Refused::NotBelieved(Reason::Status(endpoint, status))),
    }
}

pub fn unavailable(error: FetchError) -> Refused {
    Refused::Unavailable(error.into())
}

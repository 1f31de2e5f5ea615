//! JSON on the wire.

mod reader;

use bytes::Bytes;
use leptos::server::codee;
use serde::{Serialize, de::DeserializeOwned};
use server_fn::{ContentType, Decodes, Encodes, Format, FormatType, codec::Post};

/// How server functions answer.
pub type Json = Post<JsonText>;

/// JSON, read as text. `server_fn`'s own codec reads bytes while everything else in the browser reads text, and each
/// type would be compiled for both: some 8 KB of what the browser loads.
#[derive(Debug)]
pub struct JsonText;

/// The bytes are not UTF-8, or not JSON of the type.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not the JSON that was expected")]
pub struct NotJson;

impl ContentType for JsonText {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonText {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonText {
    type Error = NotJson;

    fn encode(value: &T) -> Result<Bytes, NotJson> {
        serde_json::to_string(value).map(Bytes::from).map_err(|_| NotJson)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonText {
    type Error = NotJson;

    fn decode(bytes: Bytes) -> Result<T, NotJson> {
        reader::read(std::str::from_utf8(&bytes).map_err(|_| NotJson)?)
    }
}

/// What a page carries is written and read in the same way.
impl<T: Serialize> codee::Encoder<T> for JsonText {
    type Error = NotJson;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, NotJson> {
        serde_json::to_string(value).map_err(|_| NotJson)
    }
}

impl<T: DeserializeOwned> codee::Decoder<T> for JsonText {
    type Error = NotJson;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, NotJson> {
        reader::read(text)
    }
}

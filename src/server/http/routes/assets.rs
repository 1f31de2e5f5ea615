//! The browser's half: inside the program in a release, read from disk while developing.

use std::sync::OnceLock;

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    extract::{Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use rust_embed::{Embed, EmbeddedFile};

/// What `make build` and `cargo leptos` leave: `pkg/` with script, WebAssembly and style, and the files of `public/`.
#[derive(Embed)]
#[folder = "target/site"]
#[allow_missing = true]
struct Site;

const SCRIPT: &str = "pkg/latchkey.js";
const WASM: &str = "pkg/latchkey.wasm";
const STYLE: &str = "pkg/latchkey.css";

/// Addresses of what a page loads. They contain a hash of it all, so a browser may keep them for ever, and a page
/// never gets the script of another version.
#[derive(Clone, Debug)]
pub struct AssetPaths {
    pub script: String,
    pub wasm: String,
    pub style: String,
}

impl AssetPaths {
    pub fn current() -> Self {
        let version = version();
        let path = |file: &str| format!("/pkg/{version}/{}", file.trim_start_matches("pkg/"));
        Self { script: path(SCRIPT), wasm: path(WASM), style: path(STYLE) }
    }
}

/// Whether the browser's half is there.
pub fn are_present() -> bool {
    [SCRIPT, WASM, STYLE].iter().all(|file| Site::get(file).is_some())
}

fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut context = Context::new(&SHA256);
        for file in [SCRIPT, WASM, STYLE] {
            if let Some(file) = Site::get(file) {
                context.update(&file.metadata.sha256_hash());
            }
        }
        BASE64.encode(&context.finish().as_ref()[..9])
    })
}

/// `/pkg/{version}/{file}`.
pub async fn package(Path((asked, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    // A page of another version gets nothing rather than what does not fit it; its forms work without.
    if asked != version() {
        return StatusCode::NOT_FOUND.into_response();
    }
    serve(&format!("pkg/{file}"), &headers, "public, max-age=31536000, immutable")
}

/// A file of `public/`, under its own name.
pub async fn public(request: Request) -> Response {
    serve(request.uri().path().trim_start_matches('/'), request.headers(), "public, max-age=86400")
}

fn serve(path: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let Some(content_type) = content_type(path) else { return StatusCode::NOT_FOUND.into_response() };
    let Some((file, encoding)) = find(path, headers) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = file.data.into_owned().into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The smallest form of the file that the browser takes.
fn find(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |encoding: &str| {
        accepted.split(',').any(|part| part.split(';').next().is_some_and(|name| name.trim() == encoding))
    };
    let packed = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(encoding, _)| accepts(encoding));
    let mut packed = packed
        .filter_map(|(encoding, suffix)| Some((Site::get(&format!("{path}{suffix}"))?, Some(encoding))));
    packed.next().or_else(|| Some((Site::get(path)?, None)))
}

/// Only these kinds of files are served (OWASP ASVS 13.4.7).
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

//! Serves the client bundle.

use std::{
    collections::HashMap,
    sync::{LazyLock, OnceLock},
};

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    extract::{Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::server::http::site::{self, File};

const SCRIPT: &str = "pkg/latchkey.js";
const WASM: &str = "pkg/latchkey.wasm";
const STYLE: &str = "pkg/latchkey.css";
/// Which files each part of the client bundle is in: a line for each, with its name first. Missing where the bundle is
/// in one piece.
const PARTS: &str = "parts";

/// Addresses of what a page loads. They contain a hash of it all, so a browser may keep them for ever, and a page
/// never gets the script of another version.
#[derive(Clone, Debug)]
pub struct AssetPaths {
    pub script: String,
    pub wasm: String,
    pub style: String,
    /// The files of the part that the page is in.
    pub part: Vec<String>,
}

impl AssetPaths {
    /// Those of a page in this part.
    pub fn of(part: Option<&str>) -> Self {
        static KNOWN: LazyLock<(AssetPaths, HashMap<String, Vec<String>>)> = LazyLock::new(|| {
            let list = site::read(PARTS).map(|list| list.data).unwrap_or_default();
            let shared =
                AssetPaths { script: path(SCRIPT), wasm: path(WASM), style: path(STYLE), part: Vec::new() };
            (shared, parts(&String::from_utf8_lossy(&list)))
        });
        let (shared, parts) = &*KNOWN;
        let part = part.and_then(|part| parts.get(part)).cloned().unwrap_or_default();
        Self { part, ..shared.clone() }
    }
}

/// Where a file of the bundle is.
fn path(file: &str) -> String {
    format!("/pkg/{}/{}", version(), file.trim_start_matches("pkg/"))
}

/// Where the files of each part are, by the list that the build leaves.
fn parts(list: &str) -> HashMap<String, Vec<String>> {
    let part = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.map(path).collect()))
    };
    list.lines().filter_map(part).collect()
}

/// Says where the client bundle was looked for, if it is not there.
pub fn check() -> Result<(), String> {
    if [SCRIPT, WASM, STYLE].iter().all(|file| site::read(file).is_some()) {
        return Ok(());
    }
    Err(format!("there is no client bundle {}: build the program with `make build`", site::place()))
}

fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut context = Context::new(&SHA256);
        // Any file that has changed: a part that is not that of the page would not fit it.
        for name in site::names_of_package() {
            if let Some(file) = site::read(&name) {
                context.update(name.as_bytes());
                context.update(&file.hash());
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
fn find(path: &str, headers: &HeaderMap) -> Option<(File, Option<&'static str>)> {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |encoding: &str| {
        accepted.split(',').any(|part| {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            // A weight of zero means "not acceptable" (RFC 9110 §12.4.2).
            let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
            name.trim() == encoding && weight.is_ok_and(|weight| weight > 0.0)
        })
    };
    let packed = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(encoding, _)| accepts(encoding));
    let mut packed = packed
        .filter_map(|(encoding, suffix)| Some((site::read(&format!("{path}{suffix}"))?, Some(encoding))));
    packed.next().or_else(|| Some((site::read(path)?, None)))
}

/// Only these kinds of files are served (OWASP ASVS 13.4.7).
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        "png" => Some("image/png"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_part_are_those_of_its_line() {
        let list = "account split_account.wasm chunk_4.wasm\nlinks split_links.wasm\n";
        let parts = parts(list);
        assert_eq!(parts["account"], [path("split_account.wasm"), path("chunk_4.wasm")]);
        assert_eq!(parts["links"], [path("split_links.wasm")]);
        assert_eq!(parts.len(), 2);
    }
}

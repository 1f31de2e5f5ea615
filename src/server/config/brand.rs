//! What a portal is called and how it looks, where that is not left as it is.

use std::path::Path;

use super::{accent::Accent, value::Value};

/// Longest name, in characters: it stands in the head of every page.
const MAX_NAME: usize = 40;
/// Largest logo, in bytes. It is part of every first visit.
const MAX_LOGO: u64 = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandConfig {
    pub name: String,
    pub logo: Option<Logo>,
    pub accent: Option<Accent>,
}

/// An image, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub content_type: &'static str,
    pub image: Vec<u8>,
}

pub(super) fn name(value: &Value) -> Result<String, String> {
    let name = value.not_empty()?;
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!("must have at most {MAX_NAME} characters, on one line"));
    }
    Ok(name.to_owned())
}

pub(super) fn logo(value: &Value) -> Result<Option<Logo>, String> {
    if value.is_empty() {
        return Ok(None);
    }
    let path = Path::new(value.as_str());
    let content_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => return Err("must be a file whose name ends in .svg or .png".to_owned()),
    };
    let unreadable = |error| format!("can't be read: {error}");
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_LOGO {
        return Err(format!(
            "has {size} bytes, and must have at most {MAX_LOGO}: it is part of every first visit"
        ));
    }
    let image = std::fs::read(path).map_err(unreadable)?;
    Ok(Some(Logo { content_type, image }))
}

pub(super) fn accent(value: &Value) -> Result<Option<Accent>, String> {
    if value.is_empty() { Ok(None) } else { Accent::parse(value.as_str()).map(Some) }
}

//! A moment in the reader's time zone.

use js_sys::{Date, Object, Reflect};

/// Milliseconds since 1970 of a moment that RFC 3339 writes; not a number if it does not.
pub fn millis(at: &str) -> f64 {
    Date::parse(at)
}

/// "24 November 2026".
pub fn day(at: &str) -> String {
    format(at, &[("day", "numeric"), ("month", "long"), ("year", "numeric")])
}

/// "24 November 2026 at 19:07 CET".
pub fn exact(at: &str) -> String {
    let parts = [
        ("day", "numeric"),
        ("month", "long"),
        ("year", "numeric"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("timeZoneName", "short"),
    ];
    format(at, &parts)
}

/// The pages are in English, so their dates are too, whatever the browser's language is.
fn format(at: &str, parts: &[(&str, &str)]) -> String {
    let options = Object::new();
    for (part, form) in parts {
        // Refused only for an object that takes no properties.
        let _ = Reflect::set(&options, &(*part).into(), &(*form).into());
    }
    Date::new(&at.into()).to_locale_string("en-GB", &options).into()
}

//! A QR code as a drawing, for an authenticator app. It is drawn here, so the browser loads nothing for it.

use std::fmt::Write;

use qrcodegen::{QrCode as Code, QrCodeEcc};

use crate::{model::second_factor::QrCode, server::error::Error};

/// White squares around the code, without which it is not found (ISO/IEC 18004 §9.1).
const BORDER: i32 = 4;

/// Draws a text. Fails only if it is too long for a code.
pub fn draw(text: &str) -> Result<QrCode, Error> {
    let code = Code::encode_text(text, QrCodeEcc::Medium)
        .map_err(|error| Error::Internal(format!("a QR code: {error}")))?;
    let mut path = String::new();
    for (y, x) in (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (y, x))) {
        if code.get_module(x, y) {
            // Writing to a text does not fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + BORDER, y + BORDER);
        }
    }
    Ok(QrCode { size: (code.size() + 2 * BORDER).unsigned_abs(), path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_border() {
        let QrCode { size, path } = draw("otpauth://totp/a?secret=b").unwrap();
        let last = i32::try_from(size).unwrap() - BORDER - 1;
        for (x, y) in [(BORDER, BORDER), (last, BORDER), (BORDER, last)] {
            assert!(path.contains(&format!("M{x} {y}h1v1h-1z")), "{x} {y}");
        }
        assert!(!path.contains("M3 ") && !path.contains(&format!("M{} ", last + 1)), "the border is white");
    }
}

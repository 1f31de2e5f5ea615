//! The colour of what can be pressed, checked for contrast (WCAG 2.2 §1.4.3) against what it stands on.

use std::fmt;

/// What text must have beside its background.
const ENOUGH: f64 = 4.5;

// The style sheet's backgrounds, and its text on the accent in dark colours.
const PAPER: Colour = Colour([0xf6, 0xf7, 0xf9]);
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
const DARK_RAISED: Colour = Colour([0x17, 0x1c, 0x23]);
const DARK_INK: Colour = Colour([0x0b, 0x1a, 0x30]);

/// A colour in light and in dark pages, with a stronger form for what is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    light: Colour,
    dark: Colour,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Accent {
    /// Reads `#rrggbb`, the colour in light pages. In dark ones it is as much lighter as it must be to be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let light =
            Colour::parse(text).ok_or_else(|| format!("is {text:?}, and must be a colour like #1f5fbf"))?;
        let worst = [PAPER, soft(light, WHITE)]
            .map(|behind| contrast(light, behind))
            .into_iter()
            .fold(21.0, f64::min);
        if worst < ENOUGH {
            return Err(format!(
                "is {text}, which has a contrast of {worst:.1} to 1 beside the pages' background. Text needs {ENOUGH} to 1: \
                 choose a darker colour"
            ));
        }
        let readable = |colour: &Colour| {
            contrast(*colour, soft(*colour, DARK_RAISED)) >= ENOUGH && contrast(*colour, DARK_INK) >= ENOUGH
        };
        let dark =
            (0..=20).map(|step| light.mixed(WHITE, f64::from(step) / 20.0)).find(readable).unwrap_or(WHITE);
        Ok(Self { light, dark })
    }

    /// The style sheet that puts it in the place of our own.
    pub fn style(self) -> String {
        let Self { light, dark } = self;
        let (light_strong, dark_strong) = (light.mixed(BLACK, 0.25), dark.mixed(WHITE, 0.35));
        format!(
            ":root {{ --accent-light: {light}; --accent-light-strong: {light_strong}; --accent-dark: {dark}; \
             --accent-dark-strong: {dark_strong}; }}\n"
        )
    }
}

/// Its name in the address of the style sheet: another colour has another address.
impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.light.to_string().trim_start_matches('#'))
    }
}

/// The tinted background that the style sheet makes of it.
fn soft(colour: Colour, raised: Colour) -> Colour {
    raised.mixed(colour, 0.1)
}

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// This colour with that share of another.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between two bytes")]
    fn mixed(self, other: Self, share: f64) -> Self {
        let mix = |at: usize| {
            (f64::from(self.0[at]) * (1.0 - share) + f64::from(other.0[at]) * share).round() as u8
        };
        Self([mix(0), mix(1), mix(2)])
    }

    /// WCAG's relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Debug for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// WCAG's contrast ratio, from 1 to 21.
fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accent_that_cannot_be_read_is_refused_with_its_contrast() {
        for (colour, said) in
            [("#ff9900", "contrast of 2.0"), ("#8ab4f8", "contrast of 2.0"), ("#ffffff", "contrast of 1.0")]
        {
            let error = Accent::parse(colour).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        for colour in ["", "blue", "#12345", "#1234567", "#12345g", "#é1234"] {
            assert!(Accent::parse(colour).unwrap_err().contains("a colour like"), "{colour}");
        }
    }

    #[test]
    fn an_accent_is_readable_in_light_and_dark_pages() {
        for colour in ["#1f5fbf", "#000000", "#7a1fa2", "#0b6b4f", "#b3261e", "#0000ff"] {
            let Accent { light, dark } = Accent::parse(colour).unwrap();
            assert!(contrast(light, PAPER) >= ENOUGH && contrast(light, WHITE) >= ENOUGH, "{colour}");
            assert!(
                contrast(dark, DARK_RAISED) >= ENOUGH && contrast(dark, DARK_INK) >= ENOUGH,
                "{colour}: {dark}"
            );
        }
    }

    #[test]
    fn the_backgrounds_are_those_of_the_style_sheet() {
        let style = include_str!("../../../style/main.css");
        for pair in [
            format!("--paper: light-dark({PAPER},"),
            format!("--raised: light-dark({WHITE}, {DARK_RAISED})"),
            format!("--accent-ink: light-dark({WHITE}, {DARK_INK})"),
            "var(--accent) 10%, var(--raised)".to_owned(),
        ] {
            assert!(style.contains(&pair), "{pair}");
        }
    }
}

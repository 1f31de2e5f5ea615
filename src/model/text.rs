//! Characters that text from people may not contain, and their one form.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{ExtendedPictographic, JoiningType},
};
use unicode_normalization::{
    IsNormalized, UnicodeNormalization,
    char::{canonical_combining_class, is_combining_mark},
    is_nfc_quick,
};

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
/// Asks for the emoji of a character that is also text.
const EMOJI_STYLE: char = '\u{FE0F}';
/// The combining class of signs that take a letter's vowel away (UAX #44).
const VIRAMA: u8 = 9;

/// The text in Unicode NFC, as most of it is already.
pub fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// Whether `c` is invisible or changes the direction of what follows: it can make two different strings look the
/// same, or one string look like another (Unicode TR 36, "bidirectional text spoofing").
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a name has a character that nobody sees. Joiners are allowed where they show, which Persian, the scripts
/// of India and joined emoji need (UAX #31 §2.3, UTS #51 §2.3), and nowhere else.
pub fn has_hidden_characters(name: &str) -> bool {
    if name.is_ascii() {
        return name.chars().any(char::is_control);
    }
    let characters: Vec<char> = name.chars().collect();
    characters.iter().enumerate().any(|(at, c)| {
        let (before, after) = (&characters[..at], &characters[at + 1..]);
        match *c {
            NON_JOINER => !(parts_letters(before, after) || shows_virama(before, after)),
            JOINER => !(joins_emoji(before, after) || half_form(before, after)),
            EMOJI_STYLE => !before.last().is_some_and(|c| is_pictographic(*c)),
            c => c.is_control() || is_deceptive(c),
        }
    })
}

/// `text` within a sentence: its direction does not reach beyond it, whatever it opens and never closes (UAX #9).
pub fn isolated(text: &str) -> String {
    let opens = |c: &char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let quoted: String = text.chars().filter(|c| !opens(c)).collect();
    format!("\u{2068}{quoted}\u{2069}")
}

/// Between two letters that would be connected otherwise.
fn parts_letters(before: &[char], after: &[char]) -> bool {
    let joining = |c: &char| CodePointMapData::<JoiningType>::new().get(*c);
    let letter = |joining: &JoiningType| *joining != JoiningType::Transparent;
    let left = before.iter().rev().map(joining).find(letter);
    let right = after.iter().map(joining).find(letter);
    matches!(left, Some(JoiningType::DualJoining | JoiningType::LeftJoining))
        && matches!(right, Some(JoiningType::DualJoining | JoiningType::RightJoining))
}

/// After a virama that would be drawn into the next letter otherwise.
fn shows_virama(before: &[char], after: &[char]) -> bool {
    ends_with_virama(before) && after.first().is_some_and(|c| c.is_alphabetic() && !is_combining_mark(*c))
}

/// After a virama, to show the half form of the letter before it.
fn half_form(before: &[char], after: &[char]) -> bool {
    ends_with_virama(before) && !after.first().is_some_and(|c| is_combining_mark(*c))
}

fn ends_with_virama(text: &[char]) -> bool {
    text.last().is_some_and(|c| canonical_combining_class(*c) == VIRAMA)
}

fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let drawn = match before {
        // With the emoji style or a colour of the skin.
        [.., emoji, EMOJI_STYLE | '\u{1F3FB}'..='\u{1F3FF}'] | [.., emoji] => is_pictographic(*emoji),
        [] => false,
    };
    drawn && after.first().is_some_and(|c| is_pictographic(*c))
}

fn is_pictographic(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joiners_are_allowed_where_they_show() {
        for name in [
            "می\u{200C}خواهم",       // Persian: the letters stay apart
            "خانه\u{200C}ها",        // and before a plural
            "شَ\u{200C}ب",            // with a vowel sign between
            "ක්\u{200D}ර",            // Sinhala
            "क्\u{200D}ष क्\u{200C}ष", // Devanagari: the half form, and the virama shown
            "ണ്\u{200D}",             // Malayalam, at the end of a word
            "Ada 👩\u{200D}💻",
            "👩🏽\u{200D}🚀 Mae",
            "👩\u{200D}❤\u{FE0F}\u{200D}👨",
            "🏳\u{FE0F}\u{200D}🌈",
            "I ❤\u{FE0F} keys",
        ] {
            assert!(!has_hidden_characters(name), "{name:?}");
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_found() {
        for name in [
            "A\u{200D}da",
            "A\u{200C}da",
            "\u{200C}می",
            "می\u{200C}",
            "می\u{200C}\u{200C}خواهم",
            "در\u{200C}ب", // the letter before joins nothing after it
            "क\u{200C}ष",
            "क्\u{200D}\u{200D}ष",
            "👩\u{200D}",
            "\u{200D}💻",
            "👩\u{200D}a",
            "👩\u{200D}\u{200D}💻",
            "a\u{FE0F}",
            "\u{FE0F}",
            "Ada\u{200B}",
            "Ada\u{202E}",
            "A\u{0007}",
            "\u{FEFF}Ada",
        ] {
            assert!(has_hidden_characters(name), "{name:?}");
        }
    }
}

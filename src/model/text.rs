//! Characters that text from people may not contain.

/// Whether `c` is invisible or changes the direction of what follows: it can make two different strings look the
/// same, or one string look like another (Unicode TR 36, "bidirectional text spoofing").
pub fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

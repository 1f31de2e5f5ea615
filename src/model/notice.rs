//! Notices: what editors tell everyone.

use serde::{Deserialize, Serialize};

use super::{id::NoticeId, utc_time::UtcTime};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest text, in characters. Of scripts other than Latin less arrives: a form has 64 KiB, and percent-encoding makes three bytes of one.
pub const MAX_BODY: usize = 64_000;

/// A notice. Title and text are text, whatever they look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub title: String,
    pub body: String,
    /// The author's name; nothing once the account is deleted.
    pub author: Option<String>,
    pub published_at: UtcTime,
}

/// What a notice is made of, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub title: String,
    pub body: String,
}

/// Why text is no notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNotice {
    #[error("Enter a title.")]
    NoTitle,
    #[error("A title has at most {MAX_TITLE} characters.")]
    LongTitle,
    #[error("Write the title on one line.")]
    TitleOfSeveralLines,
    #[error("Enter some text.")]
    NoBody,
    #[error("A text has at most {MAX_BODY} characters.")]
    LongBody,
    #[error("A text can't contain control characters.")]
    Control,
}

impl InvalidNotice {
    /// The field at fault.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NoTitle | Self::LongTitle | Self::TitleOfSeveralLines => "title",
            Self::NoBody | Self::LongBody | Self::Control => "body",
        }
    }
}

impl Draft {
    /// Parses what an editor typed; line ends become `\n`.
    pub fn parse(title: &str, body: &str) -> Result<Self, InvalidNotice> {
        let title = title.trim();
        let body = body.trim().replace("\r\n", "\n");
        let problem = if title.is_empty() {
            Some(InvalidNotice::NoTitle)
        } else if title.chars().count() > MAX_TITLE {
            Some(InvalidNotice::LongTitle)
        } else if title.chars().any(char::is_control) {
            Some(InvalidNotice::TitleOfSeveralLines)
        } else if body.is_empty() {
            Some(InvalidNotice::NoBody)
        } else if body.chars().count() > MAX_BODY {
            Some(InvalidNotice::LongBody)
        } else if body.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            Some(InvalidNotice::Control)
        } else {
            None
        };
        problem.map_or_else(|| Ok(Self { title: title.to_owned(), body }), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_has_a_title_of_one_line_and_a_text() {
        assert_eq!(
            Draft::parse(" Hi ", "a\r\n\r\nb ").map(|draft| (draft.title, draft.body)),
            Ok(("Hi".to_owned(), "a\n\nb".to_owned()))
        );
        assert_eq!(Draft::parse("", "a"), Err(InvalidNotice::NoTitle));
        assert_eq!(Draft::parse("a\nb", "a"), Err(InvalidNotice::TitleOfSeveralLines));
        assert_eq!(Draft::parse(&"x".repeat(201), "a"), Err(InvalidNotice::LongTitle));
        assert_eq!(Draft::parse("a", " \n"), Err(InvalidNotice::NoBody));
        assert_eq!(Draft::parse("a", &"ä".repeat(64_001)), Err(InvalidNotice::LongBody));
        assert_eq!(Draft::parse("a", "\u{1b}[31m"), Err(InvalidNotice::Control));
        assert!(Draft::parse("<b>", "<script>alert(1)</script> \u{202e}").is_ok());
    }
}

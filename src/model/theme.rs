//! In which colours a person wants to see the pages.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the browser or the system says.
    #[default]
    Automatic,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Light, Self::Dark];

    /// Its name in the form and in the cookie.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == name)
    }

    /// What the document says to the style sheet: nothing, where the style sheet asks the browser.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Self::Automatic).then(|| self.as_str())
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }
}

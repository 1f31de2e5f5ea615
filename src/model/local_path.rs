//! Where to go next: only ever a path of this site.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{query::encode_value, session::SignOutReason};

const MAX_LENGTH: usize = 1024;

/// A path of this site, with query, safe as the value of a `Location` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalPath(String);

/// A string that is no path of a page of this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a path of this site")]
pub struct NotLocal;

impl LocalPath {
    /// Accepts an absolute path of visible ASCII. Refused: what a browser reads as another host (`//host`,
    /// `/\host`, and the same after the tabs and newlines that it strips), and the API.
    pub fn parse(input: &str) -> Result<Self, NotLocal> {
        let visible_ascii = input.bytes().all(|byte| matches!(byte, b'!'..=b'~') && byte != b'\\');
        let local = input.starts_with('/') && !input.starts_with("//");
        let page = input != "/api" && !input.starts_with("/api/");
        if input.len() <= MAX_LENGTH && visible_ascii && local && page {
            Ok(Self(input.to_owned()))
        } else {
            Err(NotLocal)
        }
    }

    /// A page by its path, as the program itself names it.
    pub fn page(path: &'static str) -> Self {
        Self(path.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the query.
    pub fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }

    /// The page of the second step of signing in, which leads here.
    #[must_use]
    pub fn second_step(&self) -> Self {
        self.behind("/login/second-step")
    }

    /// A page that leads here once its form has done what it is for. Where people go anyway is not named.
    #[must_use]
    pub fn behind(&self, page: &'static str) -> Self {
        if *self == Self::default() {
            return Self::page(page);
        }
        let join = if page.contains('?') { '&' } else { '?' };
        Self(format!("{page}{join}next={}", encode_value(&self.0)))
    }

    /// The page that says that a link was mailed, which leads here.
    #[must_use]
    pub fn link_sent(&self) -> Self {
        Self(format!("/login/email?sent=yes&next={}", encode_value(&self.0)))
    }

    /// The sign-in page after a new password was set, which leads here.
    #[must_use]
    pub fn with_new_password(&self) -> Self {
        self.behind("/login?reason=password_changed")
    }

    /// Where one is after signing out.
    pub fn signed_out(reason: SignOutReason) -> Self {
        Self(format!("/login?reason={}", reason.as_str()))
    }

    /// The sign-in page that leads back here.
    #[must_use]
    pub fn login(&self) -> Self {
        Self(format!("/login?next={}", encode_value(&self.0)))
    }

    /// The same, and it says why signing in is needed.
    #[must_use]
    pub fn login_because(&self, reason: SignOutReason) -> Self {
        Self(format!("{}&reason={}", self.login(), reason.as_str()))
    }
}

impl Default for LocalPath {
    /// Where people go when nothing else was asked for.
    fn default() -> Self {
        Self("/dashboard".to_owned())
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LocalPath {
    type Error = NotLocal;
    fn try_from(value: String) -> Result<Self, NotLocal> {
        Self::parse(&value)
    }
}

impl From<LocalPath> for String {
    fn from(value: LocalPath) -> Self {
        value.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_site_are_kept() {
        for path in ["/", "/account", "/admin/users?query=a%20b&cursor=x", "/a//b", "/apiary"] {
            assert_eq!(LocalPath::parse(path).map(String::from), Ok(path.to_owned()));
        }
    }

    #[test]
    fn other_hosts_and_api_paths_are_refused() {
        for elsewhere in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a b",
            "/a\r\nSet-Cookie: a=b",
            "/ä",
            "/api/auth/logout",
            "/api",
        ] {
            assert_eq!(LocalPath::parse(elsewhere), Err(NotLocal), "{elsewhere:?}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(1024))), Err(NotLocal));
    }

    #[test]
    fn a_page_names_where_it_leads_unless_people_go_there_anyway() {
        let consent = LocalPath::parse("/consent?request=a&b").unwrap_or_default();
        assert_eq!(consent.behind("/register").as_str(), "/register?next=/consent%3Frequest%3Da%26b");
        assert_eq!(
            consent.behind("/register?sent=yes").as_str(),
            "/register?sent=yes&next=/consent%3Frequest%3Da%26b"
        );
        assert_eq!(LocalPath::default().behind("/register").as_str(), "/register");
    }

    #[test]
    fn the_sign_in_page_after_a_new_password_says_so_and_leads_on() {
        let account = LocalPath::page("/account");
        assert_eq!(account.with_new_password().as_str(), "/login?reason=password_changed&next=/account");
        let signed_out = LocalPath::signed_out(SignOutReason::PasswordChanged);
        assert_eq!(LocalPath::default().with_new_password(), signed_out);
    }

    #[test]
    fn the_login_url_keeps_the_query_of_the_page() {
        let path = LocalPath::parse("/admin/users?query=a&cursor=b").unwrap_or_default();
        assert_eq!(path.login().as_str(), "/login?next=/admin/users%3Fquery%3Da%26cursor%3Db");
    }
}

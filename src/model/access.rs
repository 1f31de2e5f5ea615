//! Which page needs what: the one table that the server asks before it renders, and the browser before it shows.

use super::{
    local_path::LocalPath,
    role::{Permission, Roles},
    second_factor::SecondFactorPolicy,
};

/// What a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone may see it.
    Public,
    /// Anyone who is not signed in; others are sent on.
    Anonymous,
    /// Someone whose roles give this permission.
    Needs(Permission),
}

/// Each page's path, as the router writes it, and what it needs.
pub const PAGES: &[(&str, Access)] = &[
    ("/", Access::Public),
    ("/login", Access::Anonymous),
    ("/login/second-step", Access::Public),
    ("/login/email", Access::Public),
    ("/login/link", Access::Public),
    ("/register", Access::Anonymous),
    ("/setup", Access::Public),
    ("/consent", Access::Needs(Permission::ReadAccount)),
    ("/device", Access::Needs(Permission::ReadAccount)),
    ("/dashboard", Access::Needs(Permission::ReadAccount)),
    ("/account", Access::Needs(Permission::ReadAccount)),
    ("/account/password", Access::Needs(Permission::ManageAccount)),
    ("/account/security", Access::Needs(Permission::ReadAccount)),
    ("/account/sessions", Access::Needs(Permission::ReadAccount)),
    ("/account/apps", Access::Needs(Permission::ReadAccount)),
    ("/invitation", Access::Public),
    ("/reset", Access::Public),
    ("/forgot", Access::Public),
    ("/register/finish", Access::Public),
    ("/confirm-email", Access::Public),
    ("/restore-email", Access::Public),
    ("/notices", Access::Needs(Permission::ReadNotices)),
    ("/notices/edit", Access::Needs(Permission::Edit)),
    ("/admin/users", Access::Needs(Permission::ReadAdministration)),
    ("/admin/users/:id", Access::Needs(Permission::ReadAdministration)),
    ("/admin/groups", Access::Needs(Permission::ReadAdministration)),
    ("/admin/groups/:id", Access::Needs(Permission::ReadAdministration)),
    ("/admin/clients", Access::Needs(Permission::ReadAdministration)),
    ("/admin/clients/:id", Access::Needs(Permission::ReadAdministration)),
    ("/admin/providers", Access::Needs(Permission::ReadAdministration)),
    ("/admin/providers/:slug", Access::Needs(Permission::ReadAdministration)),
    ("/admin/audit", Access::Needs(Permission::ReadAdministration)),
    ("/admin/keys", Access::Needs(Permission::ReadAdministration)),
];

/// Where second factors are set up.
pub const SECURITY: &str = "/account/security";

/// Files, each with the page that offers it and that says who may have it.
pub const DOWNLOADS: &[(&str, &str)] = &[("/admin/audit/export", "/admin/audit")];

/// What becomes of a request for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Show,
    /// Nobody is signed in: to the sign-in page, and back after.
    SignIn,
    /// Somebody is signed in already: on to where they wanted to go.
    RedirectToNext,
    /// Signed in, and not allowed.
    Forbid,
    /// Signed in with one factor where two are required: to where one is set up.
    SetUpSecondFactor,
}

impl Access {
    /// What the page or file at `path` needs. A path of neither needs nothing: it answers 404 to everyone.
    pub fn of(path: &str) -> Self {
        page(offered_on(path).unwrap_or(path)).map_or(Self::Public, |(_, access)| *access)
    }

    /// Decides for a session with `roles`, of which the policy requires more than it has proved; or for nobody.
    pub fn verdict_within(self, roles: Option<Roles>, restricted: SecondFactorPolicy) -> Verdict {
        match (self, self.verdict(roles)) {
            (Self::Needs(permission), Verdict::Show) if restricted.restricts(permission) => {
                Verdict::SetUpSecondFactor
            }
            (_, verdict) => verdict,
        }
    }

    /// Decides for someone with `roles`, or for nobody.
    pub fn verdict(self, roles: Option<Roles>) -> Verdict {
        match (self, roles) {
            (Self::Public, _) | (Self::Anonymous, None) => Verdict::Show,
            (Self::Anonymous, Some(_)) => Verdict::RedirectToNext,
            (Self::Needs(_), None) => Verdict::SignIn,
            (Self::Needs(permission), Some(roles)) if roles.allow(permission) => Verdict::Show,
            (Self::Needs(_), Some(_)) => Verdict::Forbid,
        }
    }
}

/// The page that offers the file at `path`.
pub fn offered_on(path: &str) -> Option<&'static str> {
    DOWNLOADS.iter().find(|(file, _)| *file == path).map(|(_, page)| *page)
}

/// Where to go after signing in: as wanted, if that is a page, and one for whoever is signed in.
pub fn after_sign_in(wanted: Option<&str>) -> LocalPath {
    let is_page = |wanted: &LocalPath| {
        page(wanted.path())
            .is_some_and(|(_, access)| access.verdict(Some(Roles::default())) != Verdict::RedirectToNext)
    };
    wanted.and_then(|wanted| LocalPath::parse(wanted).ok()).filter(is_page).unwrap_or_default()
}

/// The pattern of the page at `path`, if there is one.
pub fn pattern(path: &str) -> Option<&'static str> {
    page(path).map(|(pattern, _)| *pattern)
}

/// The place in [`PAGES`] of the page at `path`.
pub fn number(path: &str) -> Option<usize> {
    // Most are asked for as they stand in the table, which is soon found out.
    let is_it = |(pattern, _): &(&str, Access)| *pattern == path;
    PAGES.iter().position(is_it).or_else(|| PAGES.iter().position(|(pattern, _)| matches(pattern, path)))
}

fn page(path: &str) -> Option<&'static (&'static str, Access)> {
    PAGES.get(number(path)?)
}

/// Whether `path` is one of `pattern`, in which a segment that starts with `:` stands for any one segment.
fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    // A slash at the end names the same page, as it does for the router.
    let path = if path.len() > 1 { path.strip_suffix('/').unwrap_or(path) } else { path };
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(name), Some(segment))
                if name == segment || (name.starts_with(':') && !segment.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::role::Role;

    #[test]
    fn a_path_parameter_matches_one_segment() {
        assert!(matches("/admin/users/:id", "/admin/users/7"));
        assert!(matches("/admin/users", "/admin/users/"));
        assert!(matches("/", "/"));
        assert!(!matches("/admin/users/:id", "/admin/users"));
        assert!(!matches("/admin/users/:id", "/admin/users/"));
        assert!(!matches("/admin/users/:id", "/admin/users/7/8"));
    }

    #[test]
    fn pages_are_shown_by_permission() {
        let admin = Some(Roles::from(vec![Role::Admin]));
        let member = Some(Roles::default());
        let needs_admin = Access::Needs(Permission::ReadAdministration);
        assert_eq!(needs_admin.verdict(None), Verdict::SignIn);
        assert_eq!(needs_admin.verdict(member), Verdict::Forbid);
        assert_eq!(needs_admin.verdict(admin), Verdict::Show);
        assert_eq!(Access::Anonymous.verdict(member), Verdict::RedirectToNext);
        assert_eq!(Access::of("/nowhere").verdict(None), Verdict::Show);
        assert_eq!(Access::of("/dashboard/").verdict(None), Verdict::SignIn);
    }

    #[test]
    fn a_file_needs_what_the_page_that_offers_it_needs() {
        for (file, offered_on) in DOWNLOADS {
            assert_eq!(pattern(file), None);
            assert!(PAGES.iter().any(|(page, _)| page == offered_on));
            assert_eq!(Access::of(file), Access::of(offered_on));
        }
    }

    #[test]
    fn sign_in_leads_to_pages_and_never_to_the_sign_in_page_again() {
        for page in [
            "/",
            "/account?from=a%20letter",
            "/admin/users/019a0000-0000-7000-8000-00000000abcd",
            "/notices/",
        ] {
            assert_eq!(after_sign_in(Some(page)).as_str(), page);
        }
        for elsewhere in [
            "/admin/audit/export?event=signed_in",
            "/login",
            "/login?next=/login",
            "/register/",
            "/nowhere",
            "/pkg/latchkey.css",
            "//evil.example",
            "",
        ] {
            assert_eq!(after_sign_in(Some(elsewhere)), LocalPath::default(), "{elsewhere:?}");
        }
        assert_eq!(after_sign_in(None), LocalPath::default());
    }
}

//! Which page needs what: the one table that the server asks before it renders, and the browser before it shows.

use super::role::{Permission, Roles};

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
    ("/register", Access::Anonymous),
    ("/setup", Access::Public),
    ("/dashboard", Access::Needs(Permission::ReadAccount)),
    ("/account", Access::Needs(Permission::ReadAccount)),
    ("/account/password", Access::Needs(Permission::ManageAccount)),
    ("/account/sessions", Access::Needs(Permission::ReadAccount)),
    ("/invitation", Access::Public),
    ("/notices", Access::Needs(Permission::ReadNotices)),
    ("/notices/edit", Access::Needs(Permission::Edit)),
    ("/admin/users", Access::Needs(Permission::ReadAdministration)),
    ("/admin/users/:id", Access::Needs(Permission::ReadAdministration)),
    ("/admin/audit", Access::Needs(Permission::ReadAdministration)),
    ("/admin/audit/export", Access::Needs(Permission::ReadAdministration)),
    ("/admin/keys", Access::Needs(Permission::ReadAdministration)),
];

/// What becomes of a request for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Show,
    /// Nobody is signed in: to the sign-in page, and back after.
    SignIn,
    /// Somebody is signed in already: on to where they wanted to go.
    GoOn,
    /// Signed in, and not allowed.
    Forbid,
}

impl Access {
    /// What the page at `path` needs. A path of no page needs nothing: it answers 404 to everyone.
    pub fn of(path: &str) -> Self {
        page(path).map_or(Self::Public, |(_, access)| *access)
    }

    /// Decides for someone with `roles`, or for nobody.
    pub fn verdict(self, roles: Option<Roles>) -> Verdict {
        match (self, roles) {
            (Self::Public, _) | (Self::Anonymous, None) => Verdict::Show,
            (Self::Anonymous, Some(_)) => Verdict::GoOn,
            (Self::Needs(_), None) => Verdict::SignIn,
            (Self::Needs(permission), Some(roles)) if roles.allow(permission) => Verdict::Show,
            (Self::Needs(_), Some(_)) => Verdict::Forbid,
        }
    }
}

/// The pattern of the page at `path`, if there is one.
pub fn pattern(path: &str) -> Option<&'static str> {
    page(path).map(|(pattern, _)| *pattern)
}

fn page(path: &str) -> Option<&'static (&'static str, Access)> {
    PAGES.iter().find(|(pattern, _)| matches(pattern, path))
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
    fn a_pattern_stands_for_one_segment() {
        assert!(matches("/admin/users/:id", "/admin/users/7"));
        assert!(matches("/admin/users", "/admin/users/"));
        assert!(matches("/", "/"));
        assert!(!matches("/admin/users/:id", "/admin/users"));
        assert!(!matches("/admin/users/:id", "/admin/users/"));
        assert!(!matches("/admin/users/:id", "/admin/users/7/8"));
    }

    #[test]
    fn a_page_is_shown_to_those_it_is_for() {
        let admin = Some(Roles::from(vec![Role::Admin]));
        let member = Some(Roles::default());
        let needs_admin = Access::Needs(Permission::ReadAdministration);
        assert_eq!(needs_admin.verdict(None), Verdict::SignIn);
        assert_eq!(needs_admin.verdict(member), Verdict::Forbid);
        assert_eq!(needs_admin.verdict(admin), Verdict::Show);
        assert_eq!(Access::Anonymous.verdict(member), Verdict::GoOn);
        assert_eq!(Access::of("/nowhere").verdict(None), Verdict::Show);
        assert_eq!(Access::of("/dashboard/").verdict(None), Verdict::SignIn);
    }
}

//! Roles, permissions, and the one table that says which role may do what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A role that an account holds. Everyone is a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Member,
    Editor,
    Admin,
}

/// Something that a principal may be allowed to do. A page, a server function and a link in the navigation ask for
/// a permission, never for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// See one's own account and sessions.
    ReadAccount,
    /// Change one's own account.
    ManageAccount,
    /// Change what one signs in with, beside the password.
    ManageFactors,
    /// End one's own sessions.
    EndSessions,
    ReadNotices,
    /// Publish and retract notices.
    Edit,
    /// See accounts, groups, clients, keys and the audit log of everyone.
    ReadAdministration,
    /// Change accounts, groups, clients, sessions and keys of everyone.
    Administer,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Member, Self::Editor, Self::Admin];

    /// The table: what each role may do beyond what the others give.
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Member => &[
                Permission::ReadAccount,
                Permission::ManageAccount,
                Permission::ManageFactors,
                Permission::EndSessions,
                Permission::ReadNotices,
            ],
            Self::Editor => &[Permission::Edit],
            Self::Admin => &[Permission::ReadAdministration, Permission::Administer],
        }
    }

    /// What it allows, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Member => "Uses their own account and reads notices. Everyone is a member.",
            Self::Editor => "Publishes and retracts notices.",
            Self::Admin => {
                "Manages accounts, groups, clients, sessions and signing keys, and reads the audit log."
            }
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownRole(name.chars().take(40).collect()))
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Permission {
    /// Whether an access token is not enough, and the password must have been entered a short while ago: what a thief
    /// with a copied token must not be able to do.
    pub const fn needs_recent_authentication(self) -> bool {
        matches!(self, Self::ManageFactors | Self::EndSessions | Self::Administer)
    }

    /// Whether using it only reads. A session that is known by its cookie alone may use these, and no others.
    pub const fn only_reads(self) -> bool {
        matches!(self, Self::ReadAccount | Self::ReadNotices | Self::ReadAdministration)
    }
}

/// A name that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no role \u{201c}{0}\u{201d}: the roles are member, editor and admin.")]
pub struct UnknownRole(pub String);

/// The roles of one account: always `member`, each other at most once.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Role>", into = "Vec<Role>")]
pub struct Roles(u8);

impl Roles {
    /// Parses names with spaces between them.
    pub fn parse(names: &str) -> Result<Self, UnknownRole> {
        names.split_ascii_whitespace().map(Role::parse).collect::<Result<Vec<_>, _>>().map(Self::from)
    }

    pub fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// Whether one of these roles allows it.
    pub fn allow(self, permission: Permission) -> bool {
        self.iter().any(|role| role.permissions().contains(&permission))
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self(Role::Member.bit())
    }
}

impl From<Vec<Role>> for Roles {
    fn from(roles: Vec<Role>) -> Self {
        Self(roles.into_iter().fold(Role::Member.bit(), |bits, role| bits | role.bit()))
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        roles.iter().collect()
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_a_member_and_a_role_counts_once() {
        assert_eq!(Roles::parse("").map(|roles| roles.to_string()), Ok("member".to_owned()));
        assert_eq!(
            Roles::parse("admin  editor admin").map(|roles| roles.to_string()),
            Ok("member editor admin".to_owned())
        );
        assert_eq!(Roles::parse("root"), Err(UnknownRole("root".to_owned())));
    }

    #[test]
    fn each_permission_comes_from_exactly_one_role() {
        use Permission::*;
        for permission in [
            ReadAccount,
            ManageAccount,
            ManageFactors,
            EndSessions,
            ReadNotices,
            Edit,
            ReadAdministration,
            Administer,
        ] {
            let giving =
                Role::ALL.into_iter().filter(|role| role.permissions().contains(&permission)).count();
            assert_eq!(giving, 1, "{permission:?}");
        }
        assert!(!Roles::default().allow(Edit));
        assert!(Roles::from(vec![Role::Admin]).allow(ReadAccount));
        assert!(!Roles::from(vec![Role::Admin]).allow(Edit));
    }

    #[test]
    fn roles_travel_as_a_list_of_names() {
        let json = serde_json::to_string(&Roles::from(vec![Role::Admin])).unwrap();
        assert_eq!(json, r#"["member","admin"]"#);
        assert_eq!(serde_json::from_str::<Roles>(&json).unwrap(), Roles::from(vec![Role::Admin]));
    }
}

//! Rules from what a provider says of somebody to roles and groups here.

use std::fmt;

use serde_json::Value;

use crate::model::{
    display_name::DisplayName,
    role::{Role, Roles},
};

/// Most rules that a provider may have.
const MAX_RULES: usize = 100;
const MAX_LENGTH: usize = 500;

/// "Whoever has this value in that claim gets this." Written `claim=value:role=editor`,
/// `claim=value:group=Staff` or `claim=value:two_factors`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    pub claim: String,
    pub value: String,
    pub gives: Gives,
}

/// What a rule gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gives {
    Role(Role),
    /// The group of that name.
    Group(String),
    /// The provider's word that two factors were asked for is believed.
    TwoFactors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    #[error(
        "A rule is written like groups=staff:role=editor, groups=staff:group=Staff or amr=mfa:two_factors."
    )]
    Malformed,
    #[error("Everyone is a member: no rule gives this role.")]
    Member,
    #[error("A provider has at most {MAX_RULES} rules.")]
    TooMany,
}

impl ClaimRule {
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        use InvalidRule::{Malformed, Member};
        if text.len() > MAX_LENGTH || text.chars().any(char::is_control) {
            return Err(Malformed);
        }
        let (claim, rest) = text.split_once('=').ok_or(Malformed)?;
        // A value may have colons in it, as URNs have.
        let (role, group) = (rest.rsplit_once(":role="), rest.rsplit_once(":group="));
        let (value, gives) = match (role, group) {
            (None, None) => (rest.strip_suffix(":two_factors").ok_or(Malformed)?, Gives::TwoFactors),
            (Some((value, role)), None) => (value, Gives::Role(Role::parse(role).map_err(|_| Malformed)?)),
            (None, Some((value, group))) => {
                let group = DisplayName::parse(group).map_err(|_| Malformed)?;
                (value, Gives::Group(group.into()))
            }
            _ => return Err(Malformed),
        };
        if gives == Gives::Role(Role::Member) {
            return Err(Member);
        }
        let (claim, value) = (claim.trim(), value.trim());
        if claim.is_empty() || value.is_empty() {
            return Err(Malformed);
        }
        Ok(Self { claim: claim.to_owned(), value: value.to_owned(), gives })
    }

    /// Whether it holds for somebody of whom this is said.
    fn holds(&self, claims: &Value) -> bool {
        let is_value = |found: &Value| match found {
            Value::String(text) => *text == self.value,
            Value::Bool(is) => (if *is { "true" } else { "false" }) == self.value,
            Value::Number(number) => {
                self.value.parse().is_ok_and(|value: i64| number.as_i64() == Some(value))
            }
            _ => false,
        };
        match find(claims, &self.claim) {
            Some(Value::Array(all)) => all.iter().any(is_value),
            Some(one) => is_value(one),
            None => false,
        }
    }
}

/// A claim by its name, or else by the path to it: Keycloak's roles are in `realm_access.roles`, and names of Auth0 are
/// addresses with dots in them.
pub fn find<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| name.split('.').try_fold(claims, |inside, part| inside.get(part)))
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gives {
            Gives::Role(role) => write!(f, "{}={}:role={}", self.claim, self.value, role.as_str()),
            Gives::Group(group) => write!(f, "{}={}:group={group}", self.claim, self.value),
            Gives::TwoFactors => write!(f, "{}={}:two_factors", self.claim, self.value),
        }
    }
}

/// The rules of one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRules(Vec<ClaimRule>);

impl ClaimRules {
    /// Parses rules, one a line.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let rules = lines.map(ClaimRule::parse).collect::<Result<Vec<_>, _>>()?;
        if rules.len() > MAX_RULES { Err(InvalidRule::TooMany) } else { Ok(Self(rules)) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &ClaimRule> {
        self.0.iter()
    }

    /// Whether some rule gives this role: then the rules alone say who has it.
    pub fn decide(&self, role: Role) -> bool {
        self.0.iter().any(|rule| rule.gives == Gives::Role(role))
    }

    /// The roles of somebody who has these now and of whom the provider says that. A role that no rule gives stays as it is.
    pub fn roles(&self, now: Roles, claims: &Value) -> Roles {
        let given = |role| self.0.iter().any(|rule| rule.gives == Gives::Role(role) && rule.holds(claims));
        let keeps = |role: &Role| if self.decide(*role) { given(*role) } else { now.contains(*role) };
        Roles::from(Role::ALL.into_iter().filter(keeps).collect::<Vec<_>>())
    }

    /// Whether a rule believes that two factors were asked for.
    pub fn believe_two_factors(&self, claims: &Value) -> bool {
        self.0.iter().any(|rule| rule.gives == Gives::TwoFactors && rule.holds(claims))
    }

    /// The groups that rules give, each with whether this person is to be in it.
    pub fn groups(&self, claims: &Value) -> Vec<(&str, bool)> {
        let mut groups: Vec<(&str, bool)> = Vec::new();
        for rule in &self.0 {
            let Gives::Group(name) = &rule.gives else { continue };
            let holds = rule.holds(claims);
            match groups.iter_mut().find(|(known, _)| known == name) {
                Some((_, is_in)) => *is_in |= holds,
                None => groups.push((name, holds)),
            }
        }
        groups
    }
}

impl fmt::Display for ClaimRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(text: &str) -> ClaimRules {
        ClaimRules::parse(text).unwrap()
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        for text in [
            "groups=staff:role=editor",
            "amr=mfa:two_factors",
            "acr=urn:a:b:group=Strong sign-in",
            "https://example.org/roles=x:role=admin",
        ] {
            assert_eq!(rules(text).to_string(), text);
        }
        for (text, why) in [
            ("", InvalidRule::Malformed),
            ("groups", InvalidRule::Malformed),
            ("groups=staff", InvalidRule::Malformed),
            ("groups=:role=editor", InvalidRule::Malformed),
            ("=staff:role=editor", InvalidRule::Malformed),
            ("groups=staff:role=owner", InvalidRule::Malformed),
            ("groups=staff:role=member", InvalidRule::Member),
            ("groups=staff:role=editor:group=Staff", InvalidRule::Malformed),
        ] {
            assert_eq!(ClaimRule::parse(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn rules_decide_the_roles_that_they_give_and_no_others() {
        let (editor, admin) = (Roles::from(vec![Role::Editor]), Roles::from(vec![Role::Admin]));
        let rules = rules("groups=staff:role=editor");
        assert_eq!(rules.roles(Roles::default(), &json!({ "groups": ["a", "staff"] })), editor);
        assert_eq!(rules.roles(editor, &json!({ "groups": ["a"] })), Roles::default());
        assert_eq!(rules.roles(admin, &json!({})), admin);
        assert!(!rules.decide(Role::Admin));
    }

    #[test]
    fn a_claim_is_found_by_its_name_or_by_the_path_to_it() {
        let claims = json!({ "realm_access": { "roles": ["boss"] }, "https://a.example/roles": "boss", "mfa": true, "n": 3 });
        for (rule, holds) in [
            ("realm_access.roles=boss:role=editor", true),
            ("https://a.example/roles=boss:role=editor", true),
            ("mfa=true:role=editor", true),
            ("n=3:role=editor", true),
            ("realm_access=boss:role=editor", false),
            ("realm_access.roles=bos:role=editor", false),
            ("none=boss:role=editor", false),
        ] {
            assert_eq!(rules(rule).roles(Roles::default(), &claims).contains(Role::Editor), holds, "{rule}");
        }
    }

    #[test]
    fn a_group_is_given_by_any_of_its_rules_and_taken_if_none_holds() {
        let rules = rules("groups=a:group=Staff\ngroups=b:group=Staff\ngroups=c:group=Others");
        assert_eq!(rules.groups(&json!({ "groups": "b" })), [("Staff", true), ("Others", false)]);
    }
}

//! An account that is to be imported, parsed.

use serde_json::{Map, Value};

use crate::{
    model::{display_name::DisplayName, email::EmailAddress, role::Roles},
    server::{accounts::parse_new_address, clock::Timestamp, passwords::stored_hash::StoredHash},
};

/// The fields that a line may have.
const FIELDS: [&str; 6] = ["email", "name", "roles", "created", "password_hash", "verified"];

/// The fields of one line, as they were read.
pub type Fields = Map<String, Value>;

#[derive(Debug)]
pub struct Candidate {
    pub email: EmailAddress,
    pub display_name: DisplayName,
    pub roles: Roles,
    pub created_at: Timestamp,
    /// Without one its owner chooses a password with a link from an administrator.
    pub password_hash: Option<PasswordHash>,
    pub verified: bool,
}

/// A hash that can be compared, and how it is stored.
#[derive(Debug)]
pub struct PasswordHash {
    pub text: String,
    pub parsed: StoredHash,
}

/// Why a line is no account. It never repeats what stands in the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{field}: {problem}")]
    Field { field: &'static str, problem: String },
    #[error("{0:?} is no field of an account; those are {fields}", fields = FIELDS.join(", "))]
    UnknownField(String),
    #[error("{0}")]
    Line(String),
}

impl Refused {
    fn field(field: &'static str) -> impl Fn(&str) -> Self {
        move |problem| Self::Field { field, problem: problem.to_owned() }
    }
}

impl Candidate {
    pub fn parse(fields: Fields, now: Timestamp) -> Result<Self, Refused> {
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(Refused::UnknownField(unknown.clone()));
        }
        let email = text(&fields, "email")?.ok_or_else(|| Refused::field("email")("is missing"))?;
        let email = parse_new_address(email).map_err(|problem| Refused::field("email")(&problem))?;
        Ok(Self {
            display_name: name(&fields, &email)?,
            roles: roles(&fields)?,
            created_at: created(&fields, now)?.unwrap_or(now),
            password_hash: password_hash(&fields)?,
            verified: verified(&fields)?,
            email,
        })
    }
}

/// A field of text; nothing if it is missing or empty.
fn text<'a>(fields: &'a Fields, field: &'static str) -> Result<Option<&'a str>, Refused> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refused::field(field)("is not a text")),
    }
}

/// The name, or what stands before the @ of the address.
fn name(fields: &Fields, email: &EmailAddress) -> Result<DisplayName, Refused> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let name = text(fields, "name")?.unwrap_or(local);
    DisplayName::parse(name).map_err(|problem| Refused::field("name")(&problem.to_string()))
}

/// A list, or a text with spaces between the roles.
fn roles(fields: &Fields) -> Result<Roles, Refused> {
    let refused = Refused::field("roles");
    let names = match fields.get("roles") {
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().ok_or_else(|| refused("is not a list of texts")))
            .collect::<Result<Vec<_>, _>>()?
            .join(" "),
        _ => text(fields, "roles")?.unwrap_or_default().to_owned(),
    };
    Roles::parse(&names).map_err(|problem| refused(&problem.to_string()))
}

fn created(fields: &Fields, now: Timestamp) -> Result<Option<Timestamp>, Refused> {
    let refused = Refused::field("created");
    let Some(text) = text(fields, "created")? else { return Ok(None) };
    let created = Timestamp::parse(text)
        .ok_or_else(|| refused("is not a time as RFC 3339 writes it, like 2026-01-31T12:00:00Z"))?;
    if created > now { Err(refused("is in the future")) } else { Ok(Some(created)) }
}

fn password_hash(fields: &Fields) -> Result<Option<PasswordHash>, Refused> {
    let Some(text) = text(fields, "password_hash")? else { return Ok(None) };
    let parsed = StoredHash::parse(text).and_then(|hash| hash.refuse_costly().map(|()| hash));
    let parsed = parsed.map_err(|problem| Refused::field("password_hash")(&problem.to_string()))?;
    Ok(Some(PasswordHash { text: text.to_owned(), parsed }))
}

/// Whether the other program knew that the address is its owner's. SQLite and CSV have no `true`.
fn verified(fields: &Fields) -> Result<bool, Refused> {
    match fields.get("verified") {
        Some(Value::Bool(verified)) => Ok(*verified),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(false),
        Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(true),
        _ => match text(fields, "verified")? {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Refused::field("verified")("is neither true nor false")),
        },
    }
}

//! Finding accounts.

use crate::{
    model::{
        email::EmailAddress,
        id::UserId,
        page::Page,
        user::{UserDetails, UserStatus, UserSummary},
    },
    server::{
        clock::Timestamp,
        cursor::{limit, one_more, page_of},
        error::Error,
        sessions::own,
        state::AppState,
        store::users::{self, User, name_key},
    },
};

/// Longest text that is searched for, in characters.
const MAX_QUERY: usize = 200;

/// Accounts whose address or name begins with `query`, all of them if it is empty; by address, then those found by
/// their name. Each page costs the same, wherever it is.
pub async fn search(
    state: &AppState,
    query: Option<&str>,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<UserSummary>, Error> {
    let limit = limit(asked)?;
    let query = name_key(query.unwrap_or_default().trim());
    if query.chars().count() > MAX_QUERY {
        return Err(Error::invalid("query", format!("Search for at most {MAX_QUERY} characters.")));
    }
    let list = format!("users {query}");
    let position = state
        .cursors
        .read(&list, cursor)?
        .map_or(Ok(Position::Email(String::new())), |text| Position::parse(&text))?;
    let found = find(state, &query, &position, limit).await?;
    let (found, next) =
        page_of(found, limit, |(position, _)| state.cursors.write(&list, &position.to_text()));
    Ok(Page {
        items: found.into_iter().map(|(_, user)| UserSummary::from(user)).collect(),
        next_cursor: next,
    })
}

/// After which account a page begins.
#[derive(Debug)]
enum Position {
    /// Among those found by address: after this address.
    Email(String),
    /// Among those found by name: after this name and id.
    Name(String, String),
}

impl Position {
    fn to_text(&self) -> String {
        match self {
            Self::Email(email) => format!("e{email}"),
            Self::Name(name, id) => format!("n{id} {name}"),
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        if let Some(email) = text.strip_prefix('e') {
            return Ok(Self::Email(email.to_owned()));
        }
        let (id, name) =
            text.strip_prefix('n').and_then(|rest| rest.split_once(' ')).ok_or(Error::InvalidCursor)?;
        Ok(Self::Name(name.to_owned(), id.to_owned()))
    }
}

/// One more than a page, each with the position after it.
async fn find(
    state: &AppState,
    query: &str,
    position: &Position,
    limit: usize,
) -> Result<Vec<(Position, User)>, Error> {
    let by_email = |user: User| (Position::Email(user.email.to_string()), user);
    let by_name =
        |user: User| (Position::Name(name_key(user.display_name.as_str()), user.id.to_string()), user);
    let wanted = one_more(limit);
    let mut reader = state.store.read().await?;
    let (mut found, after) = match position {
        Position::Email(after) if query.is_empty() => {
            let users = users::page(&mut reader, after, wanted).await?;
            return Ok(users.into_iter().map(by_email).collect());
        }
        Position::Email(after) => {
            let after = Some(after.as_str()).filter(|after| !after.is_empty());
            let users = users::page_by_email(&mut reader, query, after, wanted).await?;
            (users.into_iter().map(by_email).collect::<Vec<_>>(), None)
        }
        Position::Name(name, id) => (Vec::new(), Some((name.as_str(), id.as_str()))),
    };
    if found.len() <= limit {
        let rest = one_more(limit - found.len());
        let users = users::page_by_name(&mut reader, query, after, rest).await?;
        found.extend(users.into_iter().map(by_name));
    }
    Ok(found)
}

/// One account and its live sessions.
pub async fn get(state: &AppState, now: Timestamp, id: &UserId) -> Result<UserDetails, Error> {
    let user = super::profile::get(state, id).await?;
    let sessions = own::list(state, now, id, None).await?;
    Ok(UserDetails { user: user.into(), sessions })
}

/// The account with this address.
pub async fn with_email(state: &AppState, email: &EmailAddress) -> Result<UserId, Error> {
    let mut reader = state.store.read().await?;
    let user = users::by_email(&mut reader, email).await?;
    Ok(user.ok_or_else(|| Error::invalid("email", "There is no account with this email address."))?.id)
}

impl From<User> for UserSummary {
    fn from(user: User) -> Self {
        let state = match (user.is_enabled(), &user.password_hash) {
            (false, _) => UserStatus::Disabled,
            // Whoever comes in through a provider has no password.
            (true, None) if user.credential_epoch == 0 => UserStatus::Invited,
            (true, _) => UserStatus::Active,
        };
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            roles: user.roles,
            state,
            email_verified: user.email_verified_at.is_some(),
            created_at: user.created_at.to_utc(),
        }
    }
}

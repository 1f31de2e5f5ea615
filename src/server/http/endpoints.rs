//! The server functions, with the fields that each takes.

use std::{cell::Cell, sync::LazyLock};

use serde::{
    Deserializer,
    de::{DeserializeOwned, Error as _, Visitor, value::Error as Refused},
    forward_to_deserialize_any,
};
use server_fn::ServerFn;

use crate::api::{account, audit, auth, keys, notices, sessions, users};

/// One server function as HTTP sees it.
#[derive(Debug)]
pub struct Endpoint {
    pub path: &'static str,
    /// Names of its arguments; a form with any other is refused.
    pub fields: &'static [&'static str],
}

/// All of them.
pub static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    vec![
        Endpoint::of::<auth::Register>(),
        Endpoint::of::<auth::Login>(),
        Endpoint::of::<auth::Reauthenticate>(),
        Endpoint::of::<auth::Refresh>(),
        Endpoint::of::<auth::Logout>(),
        Endpoint::of::<auth::Setup>(),
        Endpoint::of::<auth::AcceptInvitation>(),
        Endpoint::of::<account::Me>(),
        Endpoint::of::<account::UpdateProfile>(),
        Endpoint::of::<account::ChangePassword>(),
        Endpoint::of::<account::DeleteAccount>(),
        Endpoint::of::<account::Activity>(),
        Endpoint::of::<sessions::ListSessions>(),
        Endpoint::of::<sessions::RenameSession>(),
        Endpoint::of::<sessions::RevokeSession>(),
        Endpoint::of::<sessions::RevokeOtherSessions>(),
        Endpoint::of::<users::ListUsers>(),
        Endpoint::of::<users::GetUser>(),
        Endpoint::of::<users::InviteUser>(),
        Endpoint::of::<users::SetRoles>(),
        Endpoint::of::<users::DisableUser>(),
        Endpoint::of::<users::EnableUser>(),
        Endpoint::of::<users::DeleteUser>(),
        Endpoint::of::<users::RevokeUserSessions>(),
        Endpoint::of::<audit::ListEvents>(),
        Endpoint::of::<keys::ListKeys>(),
        Endpoint::of::<keys::RotateKeys>(),
        Endpoint::of::<notices::ListNotices>(),
        Endpoint::of::<notices::PublishNotice>(),
        Endpoint::of::<notices::RetractNotice>(),
    ]
});

impl Endpoint {
    fn of<F: ServerFn + DeserializeOwned>() -> Self {
        let fields = Cell::new(&[][..]);
        // Reading is refused in any case: only the names are wanted.
        let _ = F::deserialize(FieldNames(&fields));
        Self { path: F::PATH, fields: fields.get() }
    }

    pub fn at(path: &str) -> Option<&'static Self> {
        ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
    }
}

/// A deserializer that has no data and notes which fields a struct asks for.
struct FieldNames<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused::custom("no data"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refused> {
        self.0.set(fields);
        Err(Refused::custom("no data"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn every_server_function_is_listed_with_its_fields() {
        let mut registered: Vec<_> = server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
        let mut listed: Vec<_> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
        registered.sort_unstable();
        listed.sort_unstable();
        assert_eq!(registered, listed);
        assert_eq!(Endpoint::at("/api/auth/login").unwrap().fields, ["email", "password", "next"]);
        assert_eq!(Endpoint::at("/api/auth/refresh").unwrap().fields, [""; 0]);
    }

    #[test]
    fn every_server_function_is_a_post() {
        // A GET would defeat SameSite=Lax.
        assert!(server_fn::axum::server_fn_paths().all(|(_, method)| method == Method::POST));
    }
}

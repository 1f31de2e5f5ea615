//! The server functions, with the fields that each takes.

use std::{cell::Cell, sync::LazyLock};

use serde::{
    Deserializer,
    de::{DeserializeOwned, Error as _, Visitor, value::Error as Refused},
    forward_to_deserialize_any,
};
use server_fn::ServerFn;

use crate::api::{
    account, apps, audit, auth, clients, groups, keys, notices, passkeys, providers, sessions, users,
};

/// One server function as HTTP sees it.
#[derive(Debug)]
pub struct Endpoint {
    pub path: &'static str,
    /// Names of its arguments; a form with any other is refused.
    pub fields: &'static [&'static str],
    /// The page with its form, where a form without JavaScript goes if the browser does not say where it stood.
    pub page: &'static str,
}

/// All of them.
pub static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    vec![
        Endpoint::of::<auth::Register>("/register"),
        Endpoint::of::<auth::Login>("/login"),
        Endpoint::of::<auth::SecondFactor>("/login/second-step"),
        Endpoint::of::<auth::PasskeyOptions>("/login"),
        Endpoint::of::<auth::SignInWithPasskey>("/login"),
        Endpoint::of::<auth::Reauthenticate>("/account"),
        Endpoint::of::<auth::ReauthenticateWithPasskey>("/account"),
        Endpoint::of::<passkeys::ListPasskeys>("/account/security"),
        Endpoint::of::<passkeys::PasskeyCreationOptions>("/account/security"),
        Endpoint::of::<passkeys::AddPasskey>("/account/security"),
        Endpoint::of::<passkeys::RenamePasskey>("/account/security"),
        Endpoint::of::<passkeys::RemovePasskey>("/account/security"),
        Endpoint::of::<auth::Refresh>("/"),
        Endpoint::of::<auth::Logout>("/"),
        Endpoint::of::<auth::Setup>("/setup"),
        Endpoint::of::<auth::AcceptInvitation>("/invitation"),
        Endpoint::of::<auth::ResetPassword>("/reset"),
        Endpoint::of::<auth::RequestReset>("/forgot"),
        Endpoint::of::<auth::RequestSignInLink>("/login/email"),
        Endpoint::of::<auth::SignInWithLink>("/login/link"),
        Endpoint::of::<auth::RequestAccount>("/register"),
        Endpoint::of::<auth::FinishRegistration>("/register/finish"),
        Endpoint::of::<auth::ConfirmEmail>("/confirm-email"),
        Endpoint::of::<auth::RestoreEmail>("/restore-email"),
        Endpoint::of::<account::Me>("/account"),
        Endpoint::of::<account::UpdateProfile>("/account"),
        Endpoint::of::<account::ChangePassword>("/account/password"),
        Endpoint::of::<account::ChangeEmail>("/account"),
        Endpoint::of::<account::GetPendingEmail>("/account"),
        Endpoint::of::<account::ListProofs>("/account"),
        Endpoint::of::<account::DeleteAccount>("/account"),
        Endpoint::of::<account::Activity>("/account"),
        Endpoint::of::<account::GetOverview>("/dashboard"),
        Endpoint::of::<account::GetSecurity>("/account/security"),
        Endpoint::of::<account::TotpBegin>("/account/security"),
        Endpoint::of::<account::TotpConfirm>("/account/security"),
        Endpoint::of::<account::TotpRemove>("/account/security"),
        Endpoint::of::<account::SetSecondStep>("/account/security"),
        Endpoint::of::<account::CreateRecoveryCodes>("/account/security"),
        Endpoint::of::<sessions::ListSessions>("/account/sessions"),
        Endpoint::of::<sessions::RenameSession>("/account/sessions"),
        Endpoint::of::<sessions::RevokeSession>("/account/sessions"),
        Endpoint::of::<sessions::RevokeOtherSessions>("/account/sessions"),
        Endpoint::of::<apps::ListApps>("/account/apps"),
        Endpoint::of::<apps::RevokeApp>("/account/apps"),
        Endpoint::of::<providers::ListProviders>("/account/security"),
        Endpoint::of::<providers::LinkProvider>("/account/security"),
        Endpoint::of::<providers::UnlinkProvider>("/account/security"),
        Endpoint::of::<users::ListUsers>("/admin/users"),
        Endpoint::of::<users::GetUser>("/admin/users"),
        Endpoint::of::<users::InviteUser>("/admin/users"),
        Endpoint::of::<users::SetRoles>("/admin/users"),
        Endpoint::of::<users::DisableUser>("/admin/users"),
        Endpoint::of::<users::EnableUser>("/admin/users"),
        Endpoint::of::<users::VerifyEmail>("/admin/users"),
        Endpoint::of::<users::UnverifyEmail>("/admin/users"),
        Endpoint::of::<users::DeleteUser>("/admin/users"),
        Endpoint::of::<users::RevokeUserSessions>("/admin/users"),
        Endpoint::of::<users::CreateResetLink>("/admin/users"),
        Endpoint::of::<users::ResetFactors>("/admin/users"),
        Endpoint::of::<clients::ListClients>("/admin/clients"),
        Endpoint::of::<clients::GetClient>("/admin/clients"),
        Endpoint::of::<clients::ListClientUsers>("/admin/clients"),
        Endpoint::of::<clients::AddClient>("/admin/clients"),
        Endpoint::of::<clients::UpdateClient>("/admin/clients"),
        Endpoint::of::<clients::RotateClientSecret>("/admin/clients"),
        Endpoint::of::<clients::DisableClient>("/admin/clients"),
        Endpoint::of::<clients::EnableClient>("/admin/clients"),
        Endpoint::of::<clients::RemoveClient>("/admin/clients"),
        Endpoint::of::<clients::RevokeClientUser>("/admin/clients"),
        Endpoint::of::<groups::ListGroups>("/admin/groups"),
        Endpoint::of::<groups::GetGroup>("/admin/groups"),
        Endpoint::of::<groups::ListGroupMembers>("/admin/groups"),
        Endpoint::of::<groups::AddGroup>("/admin/groups"),
        Endpoint::of::<groups::RemoveGroup>("/admin/groups"),
        Endpoint::of::<groups::AddGroupMember>("/admin/groups"),
        Endpoint::of::<groups::RemoveGroupMember>("/admin/groups"),
        Endpoint::of::<providers::ListAllProviders>("/admin/providers"),
        Endpoint::of::<providers::GetProvider>("/admin/providers"),
        Endpoint::of::<providers::AddProvider>("/admin/providers"),
        Endpoint::of::<providers::UpdateProvider>("/admin/providers"),
        Endpoint::of::<providers::DisableProvider>("/admin/providers"),
        Endpoint::of::<providers::EnableProvider>("/admin/providers"),
        Endpoint::of::<providers::RemoveProvider>("/admin/providers"),
        Endpoint::of::<audit::ListEvents>("/admin/audit"),
        Endpoint::of::<audit::GetStatistics>("/dashboard"),
        Endpoint::of::<keys::ListKeys>("/admin/keys"),
        Endpoint::of::<keys::RotateKeys>("/admin/keys"),
        Endpoint::of::<notices::ListNotices>("/notices/edit"),
        Endpoint::of::<notices::PublishNotice>("/notices/edit"),
        Endpoint::of::<notices::RetractNotice>("/notices/edit"),
    ]
});

impl Endpoint {
    fn of<F: ServerFn + DeserializeOwned>(page: &'static str) -> Self {
        let fields = Cell::new(&[][..]);
        // Reading is refused in any case: only the names are wanted.
        let _ = F::deserialize(FieldNames(&fields));
        Self { path: F::PATH, fields: fields.get(), page }
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
    use crate::client::session_move;

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
    fn the_client_knows_every_server_function_that_moves_the_session() {
        use session_move::{CHANGE_PASSWORD, MOVES, PROFILE, REFRESH, SIGN_IN, SIGN_OUT};
        let functions = [
            (REFRESH, auth::Refresh::PATH),
            (SIGN_IN, auth::Login::PATH),
            (SIGN_OUT, auth::Logout::PATH),
            (CHANGE_PASSWORD, account::ChangePassword::PATH),
            (PROFILE, account::Me::PATH),
        ];
        for (known, path) in functions {
            assert_eq!(known, path);
        }
        for (path, _) in MOVES {
            assert!(Endpoint::at(path).is_some(), "{path}");
        }
        // Each of these sets or clears the cookie.
        let sources = [include_str!("../../api/auth.rs"), include_str!("../../api/account.rs")].concat();
        for source in sources.split("endpoint = \"").skip(1) {
            let path = format!("/api/{}", source.split('"').next().unwrap_or_default());
            let moves =
                ["caller.signed_in(", "caller.started(", "caller.refreshed(", "caller.clear_session("];
            if moves.iter().any(|moves| source.contains(moves)) {
                assert!(MOVES.iter().any(|(known, _)| *known == path), "{path}");
            }
        }
    }

    #[test]
    fn every_server_function_is_a_post() {
        // A GET would defeat SameSite=Lax.
        assert!(server_fn::axum::server_fn_paths().all(|(_, method)| method == Method::POST));
    }
}

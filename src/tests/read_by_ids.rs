//! What is read for many requests at once is what is read for one. SQLite answers in JSON then, with each column named once more.

#![expect(clippy::disallowed_methods, reason = "this is the store's own test")]

use std::fmt::Debug;

use sqlx::{AssertSqlSafe, Executor};

use super::{
    relying_party::RelyingParty,
    test_app::{Backend, TestApp},
};
use crate::{
    model::{
        display_name::DisplayName,
        id::{ClientSessionId, GrantId, GroupId, SessionId},
        oauth::{client_kind::ClientKind, resource::Resources, scope::Scopes},
    },
    server::{
        clock::Timestamp,
        oauth::clients::ClientSettings,
        store::{
            Reader,
            by_ids::{self, Found},
            client_uris::{self, UriPurpose},
            clients,
            consents::{self, Consent},
            grants,
            grounds::{self, GroundRow},
            groups,
            many_sessions::SessionOfUserRow,
            on_db,
            registered_clients::RegisteredClientRow,
            sessions,
            standings::StandingRow,
            users,
        },
    },
};

/// What a careless writer of JSON gets wrong.
const AWKWARD: &str = "\"quoted\" \\ 'single' \u{1}\t\r\n\u{7f} </script> \u{2028} Zoë 李 😀";

/// Every column with a value of its own, so that none can be taken for another.
const DISTINCT: [&str; 4] = [
    "UPDATE users SET token_epoch = 11, credential_epoch = 12, disabled_at = 13, email_verified_at = 14, created_at = 15,
        editor = TRUE, admin = FALSE",
    "UPDATE sessions SET generation = 21, confirmed = TRUE, rotated_at = 22, created_at = 23, authenticated_at = 24,
        methods = 'password', authenticated_before = 25, methods_before = 'passkey', replaced_at = 26, last_seen_at = 27,
        idle_expires_at = 28, absolute_expires_at = 29, revoked_at = 30, revoked_reason = 'reused', followed_by = id,
        token_kid = 'a kid', token_expires_at = 31, name = 'a name', ip = '2001:db8::1', new_device = TRUE,
        new_network = FALSE",
    "UPDATE oauth_clients SET developer = 'A developer', jwks = '{\"keys\":[]}', trusted = FALSE, resources = 'https://api.example.org',
        id_token_key = '{}', claims_in_id_token = TRUE, require_pushed = FALSE, access_ttl = 41000, refresh_idle_ttl = 42000,
        refresh_absolute_ttl = 43000, backchannel_logout_uri = 'https://app.example.org/logout', created_at = 44",
    "UPDATE oauth_grants SET auth_time = 51, methods = 'passkey', generation = 52, confirmed = TRUE, rotated_at = 53,
        created_at = 54, last_used_at = 55, idle_expires_at = 56, absolute_expires_at = 57, revoked_at = 58,
        revoked_reason = 'token_reused', code_nonce = 'a nonce', code_expires_at = 59, code_redeemed_at = 60",
];

async fn one<R: Found>(reader: &mut Reader, id: &str) -> R::Record {
    let mut rows = by_ids::read::<R>(reader, &[id, "nobody's"]).await.unwrap();
    let row = rows.remove(id).unwrap();
    assert!(rows.is_empty());
    R::Record::try_from(row).unwrap()
}

fn assert_alike(one: &impl Debug, other: &impl Debug) {
    assert_eq!(format!("{one:#?}"), format!("{other:#?}"));
}

#[tokio::test]
async fn what_many_requests_read_at_once_is_what_one_reads() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut browser = app.sign_up("ada@example.org").await;
        let settings = ClientSettings { trusted: Some(true), ..ClientSettings::default() };
        let party = RelyingParty::register(&app, ClientKind::Web, settings).await;
        party.sign_in(&app, &mut browser).await;
        let user = app.user("ada@example.org").await.id;

        let mut tx = app.state.store.begin().await.unwrap();
        let consent = Consent {
            scopes: Scopes::parse("openid email").unwrap(),
            resources: Resources::parse("https://api.example.org").unwrap(),
            granted_at: Timestamp::from_millis(61),
        };
        consents::set(&mut tx, &user, &party.id, &consent).await.unwrap();
        for (n, name) in ["Zebras \"\\", "Ants"].into_iter().enumerate() {
            let id = GroupId::parse(&format!("019c0000-0000-7000-8000-{n:012x}")).unwrap();
            let name = DisplayName::parse(name).unwrap();
            assert!(groups::insert(&mut tx, &id, &name, app.clock.now()).await.unwrap());
            assert!(groups::add_member(&mut tx, &id, &user).await.unwrap());
        }
        for statement in DISTINCT {
            on_db!(&mut tx, |c| c.execute(statement).await.map(drop)).unwrap();
        }
        on_db!(&mut tx, |c| sqlx::query("UPDATE sessions SET user_agent = $1")
            .bind(AWKWARD)
            .execute(c)
            .await
            .map(drop))
        .unwrap();
        tx.commit().await.unwrap();

        let mut reader = app.state.store.read().await.unwrap();
        let mut ids = Vec::new();
        for table in ["sessions", "oauth_client_sessions", "oauth_grants"] {
            let statement = AssertSqlSafe(format!("SELECT id FROM {table}"));
            let id: String =
                on_db!(&mut reader, |c| sqlx::query_scalar(statement).fetch_one(c).await.unwrap());
            ids.push(id);
        }
        let session = SessionId::parse(&ids[0]).unwrap();
        let client_session = ClientSessionId::parse(&ids[1]).unwrap();
        let grant = GrantId::parse(&ids[2]).unwrap();

        let account = users::by_id(&mut reader, &user).await.unwrap().unwrap();
        let stored = sessions::by_id(&mut reader, &session).await.unwrap().unwrap();
        assert_eq!(stored.user_agent, AWKWARD);
        let found = one::<SessionOfUserRow>(&mut reader, session.as_str()).await;
        assert_alike(&found, &(stored, account.clone()));

        let pair = grounds::pair(&session, &party.id);
        let ground = one::<GroundRow>(&mut reader, &pair).await;
        assert_alike(&ground.of, &found);
        assert_eq!(ground.consent, Some(consent.clone()));
        assert!(ground.client_is_enabled && ground.may_use);
        assert_eq!(ground.client_session, Some(client_session));

        let stored = grants::by_id(&mut reader, &grant).await.unwrap().unwrap();
        let standing = one::<StandingRow>(&mut reader, grant.as_str()).await;
        assert_eq!(standing.grant, stored);
        assert_alike(&standing.user, &account);
        assert_eq!(standing.consent, Some(consent));
        assert_eq!(standing.groups, groups::names_of_user(&mut reader, &user).await.unwrap());
        assert_eq!(standing.session_ends_at, Some(Timestamp::default()), "the session was revoked");
        assert!(standing.may_use && !standing.client_session_is_revoked);

        let registered = one::<RegisteredClientRow>(&mut reader, party.id.as_str()).await;
        assert_eq!(
            Some(registered.client.as_ref()),
            clients::by_id(&mut reader, &party.id).await.unwrap().as_ref()
        );
        let uris = client_uris::of_client(&mut reader, &party.id, UriPurpose::Redirect).await.unwrap();
        assert_eq!(registered.redirect_uris, uris);
        assert_eq!(registered.secrets(app.clock.now()).count(), 1);
    }
}

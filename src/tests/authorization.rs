//! Every server function, asked by those it is not for: without a token, with a cookie alone, with another role's token,
//! about what is somebody else's, and with fields that it does not have.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    server::http::endpoints::ENDPOINTS,
    tests::test_app::{Browser, PASSWORD, TestApp},
};

type Fields = &'static [(&'static str, &'static str)];

/// Whom a function is for.
#[derive(Clone, Copy, PartialEq)]
enum For {
    Everyone,
    Members,
    Editors,
    Admins,
}

/// Each function, whom it is for, and fields that would be understood. `{other}` stands for another member's id,
/// `{session}` for one of their sessions, `{notice}`, `{client}` and `{group}` for a notice, a client and a group.
const FUNCTIONS: &[(&str, For, Fields)] = &[
    ("/api/auth/register", For::Everyone, &[]),
    ("/api/auth/login", For::Everyone, &[]),
    ("/api/auth/second_factor", For::Everyone, &[]),
    ("/api/auth/refresh", For::Everyone, &[]),
    ("/api/auth/logout", For::Everyone, &[]),
    ("/api/auth/setup", For::Everyone, &[]),
    ("/api/auth/accept_invitation", For::Everyone, &[]),
    ("/api/auth/reset", For::Everyone, &[]),
    ("/api/auth/request_reset", For::Everyone, &[]),
    ("/api/auth/request_account", For::Everyone, &[]),
    ("/api/auth/request_sign_in_link", For::Everyone, &[]),
    ("/api/auth/sign_in_with_link", For::Everyone, &[]),
    ("/api/auth/finish_registration", For::Everyone, &[]),
    ("/api/auth/confirm_email", For::Everyone, &[]),
    ("/api/auth/restore_email", For::Everyone, &[]),
    ("/api/auth/passkey_options", For::Everyone, &[]),
    ("/api/auth/passkey", For::Everyone, &[]),
    ("/api/auth/reauthenticate_with_passkey", For::Members, &[("credential", "{}"), ("state", "nothing")]),
    ("/api/auth/reauthenticate", For::Members, &[("password", PASSWORD)]),
    ("/api/account/me", For::Members, &[]),
    ("/api/account/update_profile", For::Members, &[("display_name", "Eve")]),
    (
        "/api/account/change_password",
        For::Members,
        &[("current_password", PASSWORD), ("new_password", "a new and longer one")],
    ),
    ("/api/account/change_email", For::Members, &[("email", "eve@example.org")]),
    ("/api/account/delete", For::Members, &[("password", PASSWORD)]),
    ("/api/account/activity", For::Members, &[]),
    ("/api/account/pending_email", For::Members, &[]),
    ("/api/account/proofs", For::Members, &[]),
    ("/api/account/overview", For::Members, &[]),
    ("/api/account/security", For::Members, &[]),
    ("/api/account/totp_begin", For::Members, &[]),
    ("/api/account/totp_confirm", For::Members, &[("code", "000000")]),
    ("/api/account/totp_remove", For::Members, &[]),
    ("/api/account/recovery_codes", For::Members, &[]),
    ("/api/account/set_second_step", For::Members, &[("required", "true")]),
    ("/api/account/passkeys", For::Members, &[]),
    ("/api/account/passkey_options", For::Members, &[]),
    ("/api/account/passkey_add", For::Members, &[("credential", "{}"), ("state", "nothing")]),
    ("/api/account/passkey_rename", For::Members, &[("passkey_id", RANDOM), ("name", "Mine")]),
    ("/api/account/passkey_remove", For::Members, &[("passkey_id", RANDOM)]),
    ("/api/account/providers", For::Members, &[]),
    ("/api/account/link_provider", For::Members, &[("provider", "nobody")]),
    ("/api/account/unlink_provider", For::Members, &[("provider", "nobody")]),
    ("/api/sessions/list", For::Members, &[]),
    ("/api/sessions/rename", For::Members, &[("session_id", "{session}"), ("name", "Mine")]),
    ("/api/sessions/revoke", For::Members, &[("session_id", "{session}")]),
    ("/api/sessions/revoke_others", For::Members, &[]),
    ("/api/account/apps", For::Members, &[]),
    ("/api/account/revoke_app", For::Members, &[("client_id", "lkc_nobody")]),
    ("/api/notices/list", For::Members, &[]),
    ("/api/notices/publish", For::Editors, &[("title", "Hello"), ("body", "World")]),
    ("/api/notices/retract", For::Editors, &[("notice_id", "{notice}")]),
    ("/api/admin/users/list", For::Admins, &[]),
    ("/api/admin/users/get", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/invite", For::Admins, &[("email", "new@example.org"), ("display_name", "New")]),
    ("/api/admin/users/set_roles", For::Admins, &[("user_id", "{other}"), ("roles", "admin")]),
    ("/api/admin/users/disable", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/enable", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/verify_email", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/unverify_email", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/delete", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/revoke_sessions", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/reset_password", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/users/reset_factors", For::Admins, &[("user_id", "{other}")]),
    ("/api/admin/clients/list", For::Admins, &[]),
    ("/api/admin/clients/get", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/users", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/add", For::Admins, &[("kind", "service"), ("name", "New")]),
    (
        "/api/admin/clients/update",
        For::Admins,
        &[
            ("client_id", "{client}"),
            ("name", "Robot"),
            ("developer", ""),
            ("redirect_uri", ""),
            ("post_logout_uri", ""),
            ("backchannel_logout_uri", ""),
            ("scope", ""),
            ("resource", ""),
            ("group", ""),
            ("trusted", "true"),
            ("auth_method", ""),
            ("jwks", ""),
            ("require_pushed", "false"),
            ("id_token_alg", "RS256"),
            ("claims_in_id_token", "false"),
            ("access_ttl", ""),
            ("refresh_idle_ttl", ""),
            ("refresh_absolute_ttl", ""),
        ],
    ),
    ("/api/admin/clients/rotate_secret", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/disable", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/enable", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/remove", For::Admins, &[("client_id", "{client}")]),
    ("/api/admin/clients/revoke_user", For::Admins, &[("client_id", "{client}"), ("user_id", "{other}")]),
    ("/api/admin/groups/list", For::Admins, &[]),
    ("/api/admin/groups/get", For::Admins, &[("group_id", "{group}")]),
    ("/api/admin/groups/members", For::Admins, &[("group_id", "{group}")]),
    ("/api/admin/groups/add", For::Admins, &[("group", "New")]),
    ("/api/admin/groups/remove", For::Admins, &[("group_id", "{group}")]),
    (
        "/api/admin/groups/add_member",
        For::Admins,
        &[("group_id", "{group}"), ("email", "member@example.org")],
    ),
    (
        "/api/admin/groups/remove_member",
        For::Admins,
        &[("group_id", "{group}"), ("email", "admin@example.org")],
    ),
    ("/api/admin/providers/list", For::Admins, &[]),
    ("/api/admin/providers/get", For::Admins, &[("slug", "github")]),
    (
        "/api/admin/providers/add",
        For::Admins,
        &[("slug", "new"), ("preset", "github"), ("name", "New"), ("client_id", "new")],
    ),
    (
        "/api/admin/providers/update",
        For::Admins,
        &[
            ("slug", "github"),
            ("name", "Other"),
            ("client_id", "us"),
            ("scope", "read:user"),
            ("algorithm", "RS256"),
            ("sign_up", "open"),
            ("linking", "true"),
            ("rule", ""),
            ("admin_by_rule", "false"),
            ("allow_private_address", "false"),
        ],
    ),
    ("/api/admin/providers/disable", For::Admins, &[("slug", "github")]),
    ("/api/admin/providers/enable", For::Admins, &[("slug", "github")]),
    ("/api/admin/providers/remove", For::Admins, &[("slug", "github")]),
    ("/api/admin/audit/list", For::Admins, &[]),
    ("/api/admin/statistics", For::Admins, &[]),
    ("/api/admin/keys/list", For::Admins, &[]),
    ("/api/admin/keys/rotate", For::Admins, &[]),
];

const RANDOM: &str = "019aaaaa-0000-7000-8000-000000000000";
const GARBAGE: [&str; 4] = ["", "' OR 1=1 --", "../../admin", "019AAAAA-0000-7000-8000-000000000000"];

/// An installation with people in it.
struct Scene {
    app: TestApp,
    admin: Browser,
    editor: Browser,
    member: Browser,
    other: String,
    session: String,
    notice: String,
    client: String,
    group: String,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let mut admin = app.sign_in_as("admin@example.org", "admin").await;
        let mut editor = app.sign_in_as("editor@example.org", "editor").await;
        let member = app.sign_up("member@example.org").await;
        let mut other = app.sign_up("other@example.org").await;
        let session = own_session(&mut other).await;
        let notice =
            editor.post("/api/notices/publish", &[("title", "Hello"), ("body", "World")]).await.json();
        let client = [("kind", "service"), ("name", "Robot")];
        let client = admin.post("/api/admin/clients/add", &client).await.json();
        let group = admin.post("/api/admin/groups/add", &[("group", "staff")]).await.json();
        let member_of = [("group_id", &*text(&group["id"])), ("email", "admin@example.org")];
        admin.post("/api/admin/groups/add_member", &member_of).await.assert_status(200);
        let provider = [("slug", "github"), ("preset", "github"), ("name", "GitHub"), ("client_id", "us")];
        admin.post("/api/admin/providers/add", &provider).await.assert_status(200);
        Self {
            client: text(&client["client_id"]),
            group: text(&group["id"]),
            other: app.user("other@example.org").await.id.to_string(),
            session,
            notice: text(&notice),
            app,
            admin,
            editor,
            member,
        }
    }

    fn fill(&self, fields: Fields) -> Vec<(&'static str, String)> {
        let value = |value: &str| match value {
            "{other}" => self.other.clone(),
            "{session}" => self.session.clone(),
            "{notice}" => self.notice.clone(),
            "{client}" => self.client.clone(),
            "{group}" => self.group.clone(),
            other => other.to_owned(),
        };
        fields.iter().map(|(name, given)| (*name, value(given))).collect()
    }

    /// Everything that a change could have changed, as an administrator sees it.
    async fn everything(&mut self) -> Vec<Value> {
        let users = self.admin.post("/api/admin/users/list", &[]).await.json();
        let mut all = vec![
            self.admin.post("/api/notices/list", &[]).await.json(),
            self.admin.post("/api/admin/keys/list", &[]).await.json(),
            self.admin.post("/api/admin/clients/list", &[]).await.json(),
            self.admin.post("/api/admin/clients/get", &[("client_id", &self.client)]).await.json(),
            self.admin.post("/api/admin/groups/list", &[]).await.json(),
            self.admin.post("/api/admin/groups/members", &[("group_id", &self.group)]).await.json(),
            self.admin.post("/api/admin/providers/list", &[]).await.json(),
        ];
        for user in users["items"].as_array().unwrap() {
            let id = text(&user["id"]);
            all.push(self.admin.post("/api/admin/users/get", &[("user_id", &id)]).await.json());
        }
        all
    }
}

async fn own_session(browser: &mut Browser) -> String {
    let sessions = browser.post("/api/sessions/list", &[]).await.json();
    let current = sessions.as_array().unwrap().iter().find(|session| session["current"] == true);
    text(&current.unwrap()["id"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn borrowed<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn the_table_has_every_function() {
    let listed: BTreeSet<_> = FUNCTIONS.iter().map(|(path, ..)| *path).collect();
    let served: BTreeSet<_> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    assert_eq!(listed, served);
}

#[tokio::test]
async fn without_a_token_nothing_is_returned_and_nothing_changes() {
    let mut scene = Scene::new().await;
    let before = scene.everything().await;
    for (path, whose, fields) in FUNCTIONS {
        if *whose == For::Everyone {
            continue;
        }
        let fields = scene.fill(fields);
        // A cookie alone is no proof, even an administrator's.
        let mut cookie_alone = scene.admin.thief();
        for browser in [&mut scene.app.browser(), &mut cookie_alone] {
            let answer = browser.post(path, &borrowed(&fields)).await;
            answer.assert_error(401, "missing_token");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        }
        let mut forged = scene.app.browser();
        forged.access_token = Some("eyJhbGciOiJub25lIn0.e30.".to_owned());
        let answer = forged.post(path, &borrowed(&fields)).await;
        answer.assert_error(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{path}");
    }
    assert_eq!(scene.everything().await, before);
}

#[tokio::test]
async fn a_function_beyond_the_role_is_forbidden_whatever_its_object() {
    let mut scene = Scene::new().await;
    // Of one person only so many refusals are recorded.
    let members = [scene.member.clone(), scene.app.sign_up("member2@example.org").await];
    let editors = [scene.editor.clone(), scene.app.sign_in_as("editor2@example.org", "editor").await];
    let before = scene.everything().await;
    let denied = |events: &[String]| events.iter().filter(|event| *event == "access_denied").count();
    let mut expected = denied(&scene.app.events().await);
    for (number, (path, whose, fields)) in FUNCTIONS.iter().enumerate() {
        let (member, editor) = (members[number % 2].clone(), editors[number % 2].clone());
        let barred = match whose {
            For::Everyone | For::Members => vec![],
            For::Editors => vec![member, scene.admin.clone()],
            For::Admins => vec![member, editor],
        };
        for mut browser in barred {
            let mut answers = BTreeSet::new();
            for id in [&scene.other, RANDOM, "garbage"] {
                let mut fields = scene.fill(fields);
                if let Some((_, value)) = fields.iter_mut().find(|(name, _)| name.ends_with("_id")) {
                    id.clone_into(value);
                }
                let answer = browser.post(path, &borrowed(&fields)).await;
                answer.assert_error(403, "forbidden");
                answers.insert(answer.body);
                expected += 1;
            }
            // Nothing is learnt about whether there is such an account.
            assert_eq!(answers.len(), 1, "{path}");
        }
    }
    assert_eq!(scene.everything().await, before);
    assert_eq!(denied(&scene.app.events().await), expected, "each refusal is in the audit log");
}

#[tokio::test]
async fn another_users_session_is_not_found() {
    let mut scene = Scene::new().await;
    let mut left = scene.app.browser();
    left.sign_in("member@example.org", PASSWORD).await.assert_status(200);
    let ended = own_session(&mut left).await;
    left.sign_out().await;
    let before = scene.everything().await;
    for (path, name) in [("/api/sessions/revoke", None), ("/api/sessions/rename", Some(("name", "Mine")))] {
        let mut answers = BTreeSet::new();
        for id in [scene.session.as_str(), RANDOM, &ended].into_iter().chain(GARBAGE) {
            let fields: Vec<_> = [("session_id", id)].into_iter().chain(name).collect();
            let answer = scene.member.post(path, &fields).await;
            answer.assert_error(404, "not_found");
            answers.insert(answer.body);
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    assert_eq!(scene.everything().await, before);
}

#[tokio::test]
async fn what_is_not_there_is_a_404_for_those_who_may_see_it() {
    let mut scene = Scene::new().await;
    let deleted = scene.other.clone();
    scene.admin.post("/api/admin/users/delete", &[("user_id", &deleted)]).await.assert_status(200);
    let retracted = scene.notice.clone();
    scene.editor.post("/api/notices/retract", &[("notice_id", &retracted)]).await.assert_status(200);
    let removed = BTreeMap::from([("client_id", scene.client.clone()), ("group_id", scene.group.clone())]);
    for (path, id) in [("/api/admin/clients/remove", "client_id"), ("/api/admin/groups/remove", "group_id")] {
        scene.admin.post(path, &[(id, &removed[id])]).await.assert_status(200);
    }
    let before = scene.everything().await;
    for (path, whose, fields) in FUNCTIONS {
        let mut browser = match whose {
            For::Editors => scene.editor.clone(),
            For::Admins => scene.admin.clone(),
            For::Everyone | For::Members => continue,
        };
        // What Latchkey is called at a provider is no id of ours.
        let is_id = |name: &str| name.ends_with("_id") && !path.starts_with("/api/admin/providers/");
        let Some((name, _)) = fields.iter().find(|(name, _)| is_id(name)) else { continue };
        let gone = match *name {
            "user_id" => &deleted,
            "notice_id" => &retracted,
            _ => &removed[*name],
        };
        for id in [gone.as_str(), RANDOM].into_iter().chain(GARBAGE) {
            let mut fields = scene.fill(fields);
            fields.retain(|(field, _)| field != name);
            let fields: Vec<_> = borrowed(&fields).into_iter().chain([(*name, id)]).collect();
            browser.post(path, &fields).await.assert_error(404, "not_found");
        }
    }
    assert_eq!(scene.everything().await, before);
}

#[tokio::test]
async fn fields_that_a_function_does_not_have_are_refused_by_name() {
    let mut scene = Scene::new().await;
    let before = scene.everything().await;
    for endpoint in ENDPOINTS.iter() {
        let (_, _, fields) = FUNCTIONS.iter().find(|(path, ..)| *path == endpoint.path).unwrap();
        for extra in ["id", "roles", "disabled", "admin", "user_id", "created_at", "password_hash"] {
            if endpoint.fields.contains(&extra) {
                continue;
            }
            let fields = scene.fill(fields);
            let fields: Vec<_> = borrowed(&fields).into_iter().chain([(extra, "admin")]).collect();
            let answer = scene.admin.post(endpoint.path, &fields).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), [extra], "{}", endpoint.path);
        }
    }
    assert_eq!(scene.everything().await, before);
}

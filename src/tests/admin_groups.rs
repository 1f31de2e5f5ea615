//! Groups as administrators manage them, through HTTP.

use serde_json::{Value, json};

use super::{
    html::open,
    relying_party::{RelyingParty, is_accepted},
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::oauth::clients::ClientSettings,
    tests::test_app::{Backend, Browser, TestApp},
};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

async fn start(backend: Backend) -> (TestApp, Browser) {
    let app = TestApp::with(backend, &[]).await;
    let admin = app.sign_in_as("admin@example.org", "admin").await;
    (app, admin)
}

async fn add(admin: &mut Browser, name: &str) -> String {
    let added = admin.post("/api/admin/groups/add", &[("group", name)]).await.assert_status(200).json();
    added["id"].as_str().unwrap().to_owned()
}

async fn members(admin: &mut Browser, group: &str) -> Vec<String> {
    let page =
        admin.post("/api/admin/groups/members", &[("group_id", group)]).await.assert_status(200).json();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["email"].as_str().unwrap().to_owned())
        .collect()
}

async fn newest_event(admin: &mut Browser) -> Value {
    let events = admin.post("/api/admin/audit/list", &[("limit", "1")]).await.json();
    let event = &events["items"][0];
    json!([event["event"], event["actor"]["email"], event["subject"]["email"], event["detail"]["group"]])
}

#[tokio::test]
async fn a_group_is_made_once_filled_emptied_and_removed_and_each_step_is_recorded() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        app.sign_up("ada@example.org").await;
        let staff = add(&mut admin, " staff ").await;
        assert_eq!(
            newest_event(&mut admin).await,
            json!(["group_added", "admin@example.org", null, "staff"])
        );
        for taken in ["staff", ""] {
            let answer = admin.post("/api/admin/groups/add", &[("group", taken)]).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), ["group"]);
        }
        let ada = [("group_id", staff.as_str()), ("email", "Ada@Example.org")];
        let member = admin.post("/api/admin/groups/add_member", &ada).await.assert_status(200).json();
        assert_eq!(
            member,
            json!({
                "user_id": app.user("ada@example.org").await.id, "email": "ada@example.org",
                "display_name": "Somebody",
            })
        );
        let added = json!(["group_member_added", "admin@example.org", "ada@example.org", "staff"]);
        assert_eq!(newest_event(&mut admin).await, added);
        assert_eq!(members(&mut admin, &staff).await, ["ada@example.org"]);
        let listed = admin.post("/api/admin/groups/list", &[]).await.json();
        assert_eq!(
            (&listed["items"][0]["name"], &listed["items"][0]["members"]),
            (&json!("staff"), &json!(1))
        );
        // A second time changes nothing, and is not recorded.
        let events = app.events().await.len();
        admin.post("/api/admin/groups/add_member", &ada).await.assert_status(200);
        assert_eq!(app.events().await.len(), events);

        admin.post("/api/admin/groups/remove_member", &ada).await.assert_status(200);
        let removed = json!(["group_member_removed", "admin@example.org", "ada@example.org", "staff"]);
        assert_eq!(newest_event(&mut admin).await, removed);
        assert!(members(&mut admin, &staff).await.is_empty());
        admin.post("/api/admin/groups/remove", &[("group_id", &staff)]).await.assert_status(200);
        assert_eq!(
            newest_event(&mut admin).await,
            json!(["group_removed", "admin@example.org", null, "staff"])
        );
        admin.post("/api/admin/groups/get", &[("group_id", &staff)]).await.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn an_address_without_an_account_is_named_as_what_is_wrong() {
    let (_app, mut admin) = start(Backend::Sqlite).await;
    let staff = add(&mut admin, "staff").await;
    for function in ["add_member", "remove_member"] {
        for email in ["nobody@example.org", "nobody"] {
            let fields = [("group_id", staff.as_str()), ("email", email)];
            let answer = admin.post(&format!("/api/admin/groups/{function}"), &fields).await;
            answer.assert_error(422, "invalid_input");
            assert_eq!(answer.fields(), ["email"]);
        }
    }
}

#[tokio::test]
async fn whoever_is_taken_out_loses_the_clients_of_the_group_and_a_group_that_a_client_is_for_stays() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let mut ada = app.sign_up("ada@example.org").await;
        let (staff, guests) = (add(&mut admin, "staff").await, add(&mut admin, "guests").await);
        let settings = ClientSettings {
            groups: Some(vec!["staff".to_owned(), "guests".to_owned()]),
            trusted: Some(true),
            ..ClientSettings::default()
        };
        let client = RelyingParty::register(&app, ClientKind::Web, settings).await;
        let details = admin.post("/api/admin/groups/get", &[("group_id", &staff)]).await.json();
        assert_eq!(details["clients"], json!([{ "client_id": client.id, "name": "Notes" }]));
        for group in [&staff, &guests] {
            let fields = [("group_id", group.as_str()), ("email", "ada@example.org")];
            admin.post("/api/admin/groups/add_member", &fields).await.assert_status(200);
        }
        let tokens = client.sign_in(&app, &mut ada).await;
        let token = tokens["access_token"].as_str().unwrap();
        for (group, accepted) in [(&staff, true), (&guests, false)] {
            let fields = [("group_id", group.as_str()), ("email", "ada@example.org")];
            admin.post("/api/admin/groups/remove_member", &fields).await.assert_status(200);
            assert_eq!(is_accepted(&app, token).await, accepted, "{backend:?}");
        }
        let answer = admin.post("/api/admin/groups/remove", &[("group_id", &staff)]).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.json()["fields"]["group"], "These clients are for this group: Notes.");
    }
}

#[tokio::test]
async fn groups_and_members_are_listed_a_page_at_a_time() {
    for backend in BACKENDS {
        let (app, mut admin) = start(backend).await;
        let staff = add(&mut admin, "staff").await;
        add(&mut admin, "guests").await;
        for email in ["grace@example.org", "ada@example.org"] {
            app.sign_up(email).await;
            let fields = [("group_id", staff.as_str()), ("email", email)];
            admin.post("/api/admin/groups/add_member", &fields).await.assert_status(200);
        }
        assert_eq!(walk(&mut admin, "list", &[], "name").await, ["guests", "staff"]);
        let fields = [("group_id", staff.as_str())];
        let emails = walk(&mut admin, "members", &fields, "email").await;
        assert_eq!(emails, ["ada@example.org", "grace@example.org"]);
    }
}

/// Reads a list item by item.
async fn walk(admin: &mut Browser, list: &str, fields: &[(&str, &str)], read: &str) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let fields = [fields, &[("limit", "1"), ("cursor", cursor.as_str())]].concat();
        let page = admin.post(&format!("/api/admin/groups/{list}"), &fields).await.assert_status(200).json();
        found.push(page["items"][0][read].as_str().unwrap().to_owned());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return found,
        }
    }
}

#[tokio::test]
async fn the_pages_of_groups_are_read_without_javascript() {
    let (app, mut admin) = start(Backend::Sqlite).await;
    assert!(open(&mut admin, "/admin/groups").await.main().text().contains("There are no groups."));
    let staff = add(&mut admin, "staff").await;
    app.sign_up("ada@example.org").await;
    let fields = [("group_id", staff.as_str()), ("email", "ada@example.org")];
    admin.post("/api/admin/groups/add_member", &fields).await.assert_status(200);
    let page = open(&mut admin, "/admin/groups").await.main();
    assert_eq!(page.with("aria-label", "Groups").texts("td")[..2], ["staff", "1"]);
    let page = open(&mut admin, &format!("/admin/groups/{staff}")).await.main();
    assert_eq!(page.with("aria-label", "Members").texts("td")[..2], ["ada@example.org", "Somebody"]);
    assert!(page.text().contains("No client is for this group alone."));
}

//! Accounts of another program: taken over with their password hashes.

use serde_json::json;

use crate::{
    server::{
        accounts::import::{Importer, Tally, file::AccountFile},
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        store::imported_hashes,
        tasks,
    },
    tests::test_app::{Backend, TestApp},
};

/// Each is the hash of `U*U`, as the reference implementations make it.
const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
/// Of `password`.
const ARGON2I: &str = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
/// Of `pleaseletmein` (RFC 7914 §12).
const SCRYPT: &str = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw";

/// Imports a file as the command does. Returns what it has come to, and the lines that were refused.
pub async fn import(app: &TestApp, file: &str) -> (Tally, Vec<String>) {
    let client = ClientInfo::command_line();
    let importer = Importer {
        store: &app.state.store,
        hasher: &app.state.passwords,
        entropy: &app.state.entropy,
        context: ActionContext { now: app.clock.now(), client: &client },
    };
    let mut refusals = Vec::new();
    let report = |line: u64, refused: &_| refusals.push(format!("{line}: {refused}"));
    let tally = importer.import(AccountFile::open(file.as_bytes()).unwrap(), report).await.unwrap();
    (tally, refusals)
}

async fn kinds(app: &TestApp) -> Vec<String> {
    imported_hashes::kinds(&mut app.state.store.read().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn imported_hashes_of_each_kind_sign_in_once_and_are_renewed_then() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let people = [
            ("bcrypt@example.org", BCRYPT, "U*U"),
            ("argon@example.org", ARGON2I, "password"),
            ("scrypt@example.org", SCRYPT, "pleaseletmein"),
        ];
        let lines =
            people.map(|(email, hash, _)| json!({ "email": email, "password_hash": hash }).to_string());
        let (tally, _) = import(&app, &lines.join("\n")).await;
        assert_eq!(tally, Tally { added: 3, ..Tally::default() });
        assert_eq!(
            kinds(&app).await,
            ["$2b$05$", "$argon2i$v=19$m=65536,t=2,p=1$", "$scrypt$ln=14,r=8,p=1$"]
        );

        for (email, hash, password) in people {
            app.browser().sign_in(email, "a wrong guess").await.assert_error(401, "invalid_credentials");
            assert_eq!(app.user(email).await.password_hash.as_deref(), Some(hash));
            app.browser().sign_in(email, password).await.assert_status(200);
            let renewed = app.user(email).await.password_hash.unwrap();
            assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
            app.browser().sign_in(email, password).await.assert_status(200);
        }
        assert_eq!(kinds(&app).await, [""; 0]);
    }
}

#[tokio::test]
async fn json_lines_and_csv_say_the_same_of_an_account() {
    let json = json!({ "email": "Ada@Example.org", "name": "Ada King", "roles": ["editor", "admin"], "created": "2019-05-06T09:08:09+02:00",
                       "password_hash": BCRYPT, "verified": true });
    let plain = json!({ "email": "bob@example.org" });
    let csv = format!(
        "\u{feff}email,verified,name,roles,created,password_hash\r\n\
         Ada@Example.org,1,\"Ada King\",editor admin,2019-05-06T07:08:09Z,{BCRYPT}\r\n\
         bob@example.org,,,,,\r\n"
    );
    for file in [format!("{json}\n\n{plain}"), csv] {
        let app = TestApp::start().await;
        assert_eq!(import(&app, &file).await, (Tally { added: 2, ..Tally::default() }, Vec::new()));
        let ada = app.user("ada@example.org").await;
        assert_eq!((ada.display_name.as_str(), &*ada.roles.to_string()), ("Ada King", "member editor admin"));
        assert_eq!(ada.created_at, Timestamp::from_seconds(1_557_126_489));
        assert_eq!(
            (ada.password_hash.as_deref(), ada.email_verified_at),
            (Some(BCRYPT), Some(app.clock.now()))
        );
        let bob = app.user("bob@example.org").await;
        assert_eq!((bob.display_name.as_str(), &*bob.roles.to_string()), ("bob", "member"));
        assert_eq!((bob.created_at, bob.password_hash, bob.email_verified_at), (app.clock.now(), None, None));
    }
}

#[tokio::test]
async fn an_import_that_was_stopped_goes_on_and_changes_no_account_that_is_there() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let line =
            |n: usize| json!({ "email": format!("p{n}@example.org"), "password_hash": BCRYPT }).to_string();
        let lines: Vec<_> = (0..250).map(line).collect();
        import(&app, &lines[..120].join("\n")).await;
        app.browser().sign_in("p7@example.org", "U*U").await.assert_status(200);
        let renewed = app.user("p7@example.org").await.password_hash;
        let (tally, _) = import(&app, &lines.join("\n")).await;
        assert_eq!(tally, Tally { added: 130, present: 120, refused: 0 });
        assert_eq!(app.user("p7@example.org").await.password_hash, renewed);
        // A line that is there twice makes one account.
        let (tally, _) = import(&app, &format!("{}\n{}", line(900), line(900))).await;
        assert_eq!(tally, Tally { added: 1, present: 1, refused: 0 });
    }
}

#[tokio::test]
async fn each_refused_line_is_named_with_its_field_and_the_others_are_imported() {
    let app = TestApp::start().await;
    let costly = BCRYPT.replace("$05", "$15");
    let lines = [
        r#"{"email":"fine@example.org"}"#.to_owned(),
        r#"{"name":"Nobody"}"#.to_owned(),
        r#"{"email":"no address"}"#.to_owned(),
        "{\"email\":\"ad\u{430}@example.org\"}".to_owned(),
        r#"{"email":"a@example.org","roles":["root"]}"#.to_owned(),
        r#"{"email":"a@example.org","created":"yesterday"}"#.to_owned(),
        r#"{"email":"a@example.org","created":"2026-01-02T00:00:00Z"}"#.to_owned(),
        r#"{"email":"a@example.org","verified":"perhaps"}"#.to_owned(),
        r#"{"email":"a@example.org","password":"hunter2"}"#.to_owned(),
        r#"{"email":"a@example.org","password_hash":"5f4dcc3b5aa765d61d8327deb882cf99"}"#.to_owned(),
        json!({ "email": "a@example.org", "password_hash": costly }).to_string(),
        r#"{"email":7}"#.to_owned(),
        "[1]".to_owned(),
        r#"{"email":"also-fine@example.org"}"#.to_owned(),
    ];
    let (tally, refused) = import(&app, &lines.join("\n")).await;
    assert_eq!(tally, Tally { added: 2, present: 0, refused: 12 });
    for (refusal, begins) in refused.iter().zip([
        "2: email: is missing",
        "3: email: ",
        "4: email: This address has letters that look like others",
        "5: roles: ",
        "6: created: is not a time",
        "7: created: is in the future",
        "8: verified: is neither true nor false",
        "9: \"password\" is no field of an account",
        "10: password_hash: is no hash of Argon2, scrypt or bcrypt",
        "11: password_hash: costs too much to check: bcrypt's cost is 15, and may be 14 at most",
        "12: email: is not a text",
        "13: is not one object of JSON",
    ]) {
        assert!(refusal.starts_with(begins), "{refusal}");
    }
    // What stands in a field may be a password.
    assert!(!refused.concat().contains("hunter2") && !refused.concat().contains("5f4dcc"), "{refused:?}");

    let csv = "email,name\nonly one field\nada@example.org,Ada\nbob@example.org,Bob,more\n";
    let (tally, refused) = import(&app, csv).await;
    assert_eq!(tally, Tally { added: 1, present: 0, refused: 2 });
    assert_eq!(
        refused,
        [
            "2: has more or fewer fields than the first line",
            "4: has more or fewer fields than the first line"
        ]
    );
}

/// bcrypt has seen no more than 72 bytes of it. What was typed is what counts from then on (OWASP ASVS 6.2.8).
#[tokio::test]
async fn a_long_password_of_a_bcrypt_hash_is_taken_by_its_first_72_bytes_once_and_whole_afterwards() {
    let app = TestApp::start().await;
    let hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    let first = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    import(&app, &json!({ "email": "ada@example.org", "password_hash": hash }).to_string()).await;
    app.browser().sign_in("ada@example.org", &first[..71]).await.assert_status(401);
    app.browser().sign_in("ada@example.org", &format!("{first} as typed")).await.assert_status(200);
    app.browser().sign_in("ada@example.org", &format!("{first} otherwise")).await.assert_status(401);
    app.browser().sign_in("ada@example.org", first).await.assert_status(401);
    app.browser().sign_in("ada@example.org", &format!("{first} as typed")).await.assert_status(200);
}

#[tokio::test]
async fn refusals_take_the_time_of_imported_hashes_while_there_are_any() {
    let app = TestApp::start().await;
    import(&app, &json!({ "email": "ada@example.org", "password_hash": BCRYPT }).to_string()).await;
    tasks::imported_hashes::look(&app.state).await.unwrap();
    assert_eq!(app.state.passwords.timed_kinds(), ["$2b$05$", "$argon2id$v=19$m=19456,t=2,p=1$"]);
}

#[tokio::test]
async fn an_import_is_in_the_audit_log_account_by_account() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    import(&app, &json!({ "email": "ada@example.org", "verified": 1, "roles": "editor" }).to_string()).await;
    let id = app.user("ada@example.org").await.id.to_string();
    let events = admin.post("/api/admin/audit/list", &[("user_id", &id)]).await.json();
    let events: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|event| (&event["event"], &event["detail"])).collect();
    assert_eq!(
        events,
        [
            (&json!("email_verified"), &json!({})),
            (&json!("account_created"), &json!({ "by": "import", "roles": "member editor" }))
        ]
    );
}

#[tokio::test]
async fn an_imported_account_without_a_hash_signs_in_with_a_link_only() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    import(&app, r#"{"email":"ada@example.org"}"#).await;
    app.browser().sign_in("ada@example.org", "").await.assert_error(401, "invalid_credentials");
    let id = app.user("ada@example.org").await.id.to_string();
    let link =
        admin.post("/api/admin/users/reset_password", &[("user_id", &id)]).await.json()["link"].clone();
    let token = link.as_str().unwrap().split_once("?token=").unwrap().1.to_owned();
    let fields = [("token", &*token), ("password", "a password of her own")];
    app.browser().post("/api/auth/reset", &fields).await.assert_status(200);
    app.browser().sign_in("ada@example.org", "a password of her own").await.assert_status(200);
}

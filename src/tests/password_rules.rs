//! Which passwords may be chosen, wherever one is chosen.

use crate::{
    server::{
        accounts::setup,
        passwords::breached::import::{import, published},
    },
    tests::test_app::{Answer, Backend, PASSWORD, TestApp},
};

/// The token of the link that an administrator's function has answered.
fn token_in(answer: &Answer) -> String {
    let link = answer.json()["link"].as_str().unwrap().to_owned();
    link.split_once("?token=").unwrap().1.to_owned()
}

/// What each way to choose a password answers to this one, and the field that it is in.
async fn choose_everywhere(app: &TestApp, password: &str) -> Vec<(&'static str, Answer)> {
    let setup = setup::offer(&app.state, app.clock.now()).await.unwrap().unwrap();
    let token = setup.split_once("?token=").unwrap().1;
    let [email, name] = [("email", "eve@example.org"), ("display_name", "Eve")];
    let mut browser = app.browser();
    let fields = [("token", token), email, name, ("password", password)];
    let by_setup = browser.post("/api/auth/setup", &fields).await;

    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let mut ada = app.sign_up("ada@example.org").await;
    let id = app.user("ada@example.org").await.id.to_string();
    let fields = [("email", "bob@example.org"), ("display_name", "Bob")];
    let invited = token_in(&admin.post("/api/admin/users/invite", &fields).await);
    let reset = token_in(&admin.post("/api/admin/users/reset_password", &[("user_id", &id)]).await);

    let fields = [("email", "gina@example.org"), name, ("password", password)];
    let by_signing_up = app.browser().post("/api/auth/register", &fields).await;
    let fields = [("token", &*invited), name, ("password", password)];
    let by_invitation = browser.post("/api/auth/accept_invitation", &fields).await;
    let by_reset = browser.post("/api/auth/reset", &[("token", &*reset), ("password", password)]).await;
    let fields = [("current_password", PASSWORD), ("new_password", password)];
    let by_change = ada.post("/api/account/change_password", &fields).await;
    vec![
        ("password", by_setup),
        ("password", by_signing_up),
        ("password", by_invitation),
        ("password", by_reset),
        ("new_password", by_change),
    ]
}

#[tokio::test]
async fn a_breached_password_is_refused_wherever_one_is_chosen_and_still_signs_in() {
    const BREACHED: &str = "a phrase that has leaked";
    let app = TestApp::start().await;
    let list = published(&[(BREACHED, 52)]);
    import(list.as_bytes(), 1, &app.database.breached_passwords()).unwrap();
    for (field, answer) in choose_everywhere(&app, BREACHED).await {
        answer.assert_error(422, "invalid_input");
        assert_eq!(
            answer.json()["fields"][field],
            "This password is known from a data breach elsewhere. Choose another one."
        );
    }
    // Whoever has chosen theirs before the list came goes on.
    let list = published(&[(PASSWORD, 1)]);
    import(list.as_bytes(), 1, &app.database.breached_passwords()).unwrap();
    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    // The list of before is replaced at once.
    app.browser().sign_up("grace@example.org").await.assert_error(422, "invalid_input");
}

#[tokio::test]
async fn without_a_list_no_password_is_refused_for_a_breach() {
    let app = TestApp::start().await;
    assert!(!app.database.breached_passwords().exists());
    for (_, answer) in choose_everywhere(&app, "a phrase that has leaked").await {
        assert!(!answer.body.contains("fields"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_a_fault_and_lets_no_password_through() {
    let app = TestApp::start().await;
    std::fs::write(app.database.breached_passwords(), "something else").unwrap();
    app.browser().sign_up("ada@example.org").await.assert_error(500, "internal");
}

#[tokio::test]
async fn passwords_are_as_long_as_the_setting_asks_wherever_one_is_chosen_and_the_form_says_so() {
    let app = TestApp::with(Backend::Sqlite, &[("LATCHKEY_PASSWORDS_MIN_LENGTH", "15")]).await;
    for (field, answer) in choose_everywhere(&app, "fourteen chars").await {
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.json()["fields"][field], "Use at least 15 characters.");
    }
    let page = app.browser().get("/register").await;
    assert!(page.body.contains("At least 15 characters. A few words"), "{}", page.body);
    let fields = [("email", "eve@example.org"), ("display_name", "Ada"), ("password", "fifteen charact")];
    app.browser().post("/api/auth/register", &fields).await.assert_status(200);
}

#[tokio::test]
async fn a_password_from_before_a_longer_one_was_asked_for_still_signs_in() {
    let app = TestApp::start().await;
    let fields = [("email", "ada@example.org"), ("display_name", "Ada"), ("password", "eight ch")];
    app.browser().post("/api/auth/register", &fields).await.assert_status(200);
    let (database, _) = app.stop().await;
    let longer = vec![("LATCHKEY_PASSWORDS_MIN_LENGTH".to_owned(), "15".to_owned())];
    let app = TestApp::on(database, longer, crate::tests::test_app::TestClock::new()).await;
    app.browser().sign_in("ada@example.org", "eight ch").await.assert_status(200);
}

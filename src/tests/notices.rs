//! Notices: editors publish and retract, members read, and text is text.

use std::time::Duration;

use serde_json::Value;

use crate::tests::test_app::{Backend, Browser, TestApp};

async fn publish(editor: &mut Browser, title: &str, body: &str) -> String {
    let answer = editor.post("/api/notices/publish", &[("title", title), ("body", body)]).await;
    answer.assert_status(200);
    answer.json().as_str().unwrap().to_owned()
}

async fn titles(browser: &mut Browser) -> Vec<String> {
    let page = browser.post("/api/notices/list", &[]).await.json();
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["title"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn editors_publish_and_retract_and_members_read_the_newest_first() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut editor = app.sign_in_as("editor@example.org", "editor").await;
        let mut member = app.sign_up("ada@example.org").await;
        let first = publish(&mut editor, "First", "One.\r\n\r\nTwo.").await;
        app.advance(Duration::from_millis(1));
        publish(&mut editor, "Second", "Text").await;
        assert_eq!(titles(&mut member).await, ["Second", "First"]);
        let page = member.post("/api/notices/list", &[]).await.json();
        assert_eq!(page["items"][1]["body"], "One.\n\nTwo.");
        assert_eq!(page["items"][1]["author"], "Somebody");
        // Any editor may take any notice back.
        let mut other = app.sign_in_as("other@example.org", "editor").await;
        other.post("/api/notices/retract", &[("notice_id", &first)]).await.assert_status(200);
        assert_eq!(titles(&mut member).await, ["Second"]);
        let events = app.events().await;
        assert!(events.ends_with(&["notice_retracted".to_owned()]), "{events:?}");
    }
}

#[tokio::test]
async fn a_notice_outlives_its_author() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let app = TestApp::with(backend, &[]).await;
        let mut editor = app.sign_in_as("editor@example.org", "editor").await;
        publish(&mut editor, "Title", "Text").await;
        editor
            .post("/api/account/delete", &[("password", super::test_app::PASSWORD)])
            .await
            .assert_status(200);
        let mut member = app.sign_up("ada@example.org").await;
        let page = member.post("/api/notices/list", &[]).await.json();
        assert_eq!(page["items"][0]["author"], Value::Null);
    }
}

#[tokio::test]
async fn markup_in_user_text_is_escaped() {
    let app = TestApp::start().await;
    let mut editor = app.sign_in_as("editor@example.org", "editor").await;
    let body = "<script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n<a href=\"javascript:alert(3)\">x</a>\n\n\
                </textarea></script><!-- \u{202e}backwards\u{202c} {{7*7}} &amp; &#60;b&#62;";
    publish(&mut editor, "</title><script>alert(0)</script>", body).await;
    let page = editor.get("/notices").await;
    page.assert_status(200);
    for raw in ["<script>alert", "<img src=x", "<a href=\"javascript", "</textarea>", "<!-- \u{202e}"] {
        assert!(!page.body.contains(raw), "{raw}");
    }
    for shown in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;img src=x onerror=alert(2)&gt;",
        "&amp;amp; &amp;#60;b",
    ] {
        assert!(page.body.contains(shown), "{shown} in {}", page.body);
    }
}

#[tokio::test]
async fn sixty_four_kilobytes_are_a_notice_and_more_is_refused_by_name() {
    let app = TestApp::start().await;
    let mut editor = app.sign_in_as("editor@example.org", "editor").await;
    publish(&mut editor, &"t".repeat(200), &"x".repeat(64_000)).await;
    let long_title = [("title", "t".repeat(201)), ("body", "x".to_owned())];
    let long_body = [("title", "t".to_owned()), ("body", "x".repeat(64_001))];
    let empty = [("title", " ".to_owned()), ("body", "x".to_owned())];
    let escape = [("title", "t".to_owned()), ("body", "\u{1b}[31m".to_owned())];
    for (fields, at_fault) in [(long_title, "title"), (long_body, "body"), (empty, "title"), (escape, "body")]
    {
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = editor.post("/api/notices/publish", &fields).await;
        answer.assert_error(422, "invalid_input");
        assert_eq!(answer.fields(), [at_fault]);
    }
    let huge = "x".repeat(66_000);
    let answer = editor.post("/api/notices/publish", &[("title", "t"), ("body", &huge)]).await;
    answer.assert_error(413, "payload_too_large");
    assert_eq!(titles(&mut editor).await.len(), 1);
}

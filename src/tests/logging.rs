//! What the program's log says of requests.

use std::time::Duration;

use serde_json::Value;

use crate::tests::test_app::{Browser, Log, LogFormat, PASSWORD, TestApp};

#[tokio::test]
async fn each_request_is_logged_with_its_address_and_account() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await.at([198, 51, 100, 9]);
    let id = app.user("ada@example.org").await.id.to_string();
    let log = Log::capture();
    browser.post("/api/account/me", &[]).await.assert_status(200);
    browser.get("/account").await.assert_status(200);
    app.browser().get("/login").await.assert_status(200);
    let log = log.text();
    let answered: Vec<_> = log.lines().filter(|line| line.contains("answered")).collect();
    assert_eq!(answered.len(), 3, "{log}");
    for line in &answered[..2] {
        assert!(line.contains("ip=198.51.100.9") && line.contains(&format!("account={id}")), "{line}");
    }
    assert!(answered[2].contains("ip=203.0.113.7") && !answered[2].contains("account="), "{}", answered[2]);
    assert!(!log.contains("ada@"), "an account is named by its id alone");
}

#[tokio::test]
async fn attempts_to_get_around_the_rules_are_logged_as_warnings() {
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let log = Log::capture();
    let mut foreign = Browser::form("/api/auth/login", "");
    foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    browser.send(foreign).await.assert_error(403, "cross_site");
    let forged = format!("{}A", browser.access_token.clone().unwrap());
    browser.get_with_token("/oauth/userinfo", Some(&forged)).await.assert_error(401, "invalid_token");
    let link = [("token", "a guess"), ("password", PASSWORD)];
    browser.post("/api/auth/reset", &link).await.assert_error(403, "reset_closed");
    for _ in 0..11 {
        app.browser().sign_in("ada@example.org", "a wrong guess").await;
    }
    let log = log.text();
    for event in [
        "a request of another site was refused",
        "a forged access token was refused",
        "a link was refused",
        "a limit was reached",
    ] {
        let line = log.lines().find(|line| line.contains(event)).unwrap_or_else(|| panic!("{event}: {log}"));
        assert!(line.contains("WARN") && line.contains("ip=203.0.113.7"), "{line}");
    }
}

#[tokio::test]
async fn a_flood_of_warnings_is_cut_short_and_counted_and_hides_no_other() {
    const REFUSED: &str = "a request of another site was refused";
    let app = TestApp::start().await;
    let mut browser = app.sign_up("ada@example.org").await;
    let forged = format!("{}A", browser.access_token.clone().unwrap());
    let (log, limit) = Log::limited(&app.clock);
    let foreign = || {
        let mut foreign = Browser::form("/api/auth/login", "");
        foreign.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
        foreign
    };
    for _ in 0..200 {
        browser.send(foreign()).await.assert_error(403, "cross_site");
    }
    browser.get_with_token("/oauth/userinfo", Some(&forged)).await.assert_error(401, "invalid_token");
    app.advance(Duration::from_secs(60));
    limit.report();
    limit.report();
    for _ in 0..200 {
        browser.send(foreign()).await.assert_error(403, "cross_site");
    }
    limit.report();
    let log = log.text();
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("answered"), 401, "the line of a request is not limited");
    assert_eq!(count("a forged access token was refused"), 1);
    // Sixty at once, one every ten seconds, and two lines about the others.
    assert_eq!(count(REFUSED), 60 + 6 + 2, "{log}");
    assert_eq!(count(&format!("{REFUSED} … and 140 more in the last minute")), 1, "{log}");
    assert_eq!(count(&format!("{REFUSED} … and 194 more in the last minute")), 1, "{log}");
}

#[tokio::test]
async fn every_line_of_a_request_names_it_in_json_too_and_no_other_line_does() {
    let app = TestApp::start().await;
    let browser = app.sign_up("ada@example.org").await;
    let id = app.user("ada@example.org").await.id.to_string();
    let log = Log::capture_as(LogFormat::Json);
    let answer = browser.use_token().await;
    let forged = format!("{}A", browser.access_token.clone().unwrap());
    let refused = browser.get_with_token("/oauth/userinfo", Some(&forged)).await;
    tracing::info!(count = 3, "a line of \"no\" request");
    let log = log.text();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let find = |message: &'static str| lines.iter().filter(move |line| line["message"] == message);

    let answered: Vec<_> = find("answered").collect();
    assert_eq!((&answered[0]["status"], &answered[1]["status"]), (&200.into(), &401.into()), "{log}");
    let expected = serde_json::json!({
        "id": answer.header("x-request-id"), "method": "GET", "path": "/oauth/userinfo", "ip": "203.0.113.7", "account": id,
    });
    assert_eq!(answered[0]["request"], expected);
    assert!(answered[0]["millis"].is_u64() && answered[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    let warning = find("a forged access token was refused").next().unwrap();
    assert_eq!(
        (&warning["level"], &warning["request"]["id"]),
        (&"WARN".into(), &refused.header("x-request-id").into())
    );
    assert_eq!(warning["request"]["account"], Value::Null);
    let outside = find("a line of \"no\" request").next().unwrap();
    assert_eq!((&outside["count"], &outside["request"]), (&3.into(), &Value::Null));
}

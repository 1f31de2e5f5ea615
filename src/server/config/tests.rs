use std::path::Path;

use super::*;

fn read(environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    read_in(folder.path(), environment)
}

fn read_in(folder: &Path, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(&Layers::read(folder, None, environment, Vec::new()).unwrap())
}

fn refused(name: &str, value: &str) -> String {
    let problems = read(&[(name, value)]).map(|_| ()).expect_err(value);
    let problem =
        problems.iter().find(|problem| problem.setting == name).unwrap_or_else(|| panic!("{problems:?}"));
    problem.message.clone()
}

#[test]
fn the_defaults_are_localhost_and_sqlite() {
    let config = read(&[]).unwrap();
    assert_eq!(config.public_url.as_str(), "http://localhost:3000/");
    assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
    assert_eq!(config.database_url, DatabaseUrl::Sqlite("data/latchkey.db".into()));
    assert_eq!(config.tokens.access_ttl, Duration::from_secs(900));
    assert_eq!(config.tokens.issuer, "http://localhost:3000");
    assert_eq!(config.tokens.audience, config.tokens.issuer);
}

#[test]
fn a_password_has_eight_characters_or_as_many_more_as_is_set() {
    assert_eq!(read(&[]).unwrap().password_rules.min_length, 8);
    let set = |length| read(&[("LATCHKEY_PASSWORDS_MIN_LENGTH", length)]).unwrap().password_rules.min_length;
    assert_eq!((set("15"), set("64")), (15, 64));
    for length in ["7", "65", "0", "eight"] {
        let problem = refused("LATCHKEY_PASSWORDS_MIN_LENGTH", length);
        assert!(problem.contains("from 8 to 64"), "{problem}");
    }
}

#[test]
fn the_public_url_follows_the_port() {
    assert_eq!(
        read(&[("LATCHKEY_ADDR", "127.0.0.1:4000")]).unwrap().public_url.as_str(),
        "http://localhost:4000/"
    );
}

#[test]
fn the_environment_is_above_dot_env_which_is_above_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("latchkey.toml"),
        "registration = \"closed\"\n[sessions]\nidle_ttl = \"1d\"\nrotate_after = \"1s\"\n",
    )
    .unwrap();
    std::fs::write(
        folder.path().join(".env"),
        "LATCHKEY_SESSIONS_IDLE_TTL=2d\nLATCHKEY_SESSIONS_ROTATE_AFTER=2s\n",
    )
    .unwrap();
    let config = read_in(folder.path(), &[("LATCHKEY_SESSIONS_ROTATE_AFTER", "3s")]).unwrap();
    assert_eq!(config.registration, Registration::Closed);
    assert_eq!(config.sessions.idle_ttl, 2 * DAY);
    assert_eq!(config.sessions.rotate_after, 3 * SECOND);
}

#[test]
fn every_problem_is_named_at_once() {
    let problems = read(&[
        ("LATCHKEY_ADDR", "here"),
        ("LATCHKEY_REGISTRATION", "maybe"),
        ("LATCHKEY_SECRET", "changeme"),
    ])
    .unwrap_err();
    let names: Vec<_> = problems.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(names, ["LATCHKEY_ADDR", "LATCHKEY_SECRET", "LATCHKEY_REGISTRATION"]);
}

#[test]
fn a_weak_or_malformed_setting_is_refused() {
    assert!(refused("LATCHKEY_SECRET", "short").contains("at least 32"));
    assert!(refused("LATCHKEY_SECRET", "").contains("empty"));
    assert!(refused("LATCHKEY_PUBLIC_URL", "http://id.example.org").contains("https://"));
    assert!(refused("LATCHKEY_PUBLIC_URL", "https://id.example.org/sub").contains("alone"));
    assert!(refused("LATCHKEY_DATABASE_URL", "mysql://x").contains("sqlite://"));
    assert!(refused("LATCHKEY_DATABASE_URL", "sqlite::memory:").contains("file"));
    assert!(refused("LATCHKEY_TOKENS_ALGORITHM", "none").contains("ES256"));
    assert!(refused("LATCHKEY_TOKENS_ACCESS_TTL", "15 parsecs").contains("duration"));
    assert!(refused("LATCHKEY_TOKENS_ACCESS_TTL", "4s").contains("must be from 5s"));
    assert!(refused("LATCHKEY_SESSIONS_IDLE_TTL", "90d").contains("ABSOLUTE"));
    assert!(refused("LATCHKEY_PASSWORDS_MEMORY_KIB", "1024").contains("19456"));
    assert!(refused("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/33").contains("10.0.0.0/33"));
    assert!(refused("LATCHKEY_SESIONS_IDLE_TTL", "7d").contains("no such setting"));
}

#[test]
fn kubernetes_service_variables_are_ignored() {
    assert!(read(&[("LATCHKEY_PORT", "tcp://10.0.0.1:3000"), ("LATCHKEY_SERVICE_HOST", "10.0.0.1")]).is_ok());
}

#[test]
fn doctor_never_shows_a_secret() {
    let environment = [
        ("LATCHKEY_SECRET".to_owned(), "3f9ab1c25d7e80641122aabbccddeeff".to_owned()),
        ("LATCHKEY_DATABASE_URL".to_owned(), "postgres://me:hunter2@db/latchkey".to_owned()),
    ];
    let layers = Layers::read(Path::new("/nonexistent"), None, environment, Vec::new()).unwrap();
    let shown: Vec<_> = SETTINGS.iter().map(|setting| layers.shown(setting)).collect();
    assert!(!shown.iter().any(|value| value.contains("3f9a") || value.contains("hunter2")), "{shown:?}");
}

#[test]
fn doctor_shows_no_password_wherever_a_database_url_has_it() {
    for (url, shown) in [
        ("postgres://me:hunter2@db/latchkey", "postgres://me:hidden@db/latchkey"),
        (
            "postgres://db/latchkey?user=me&password=hunter2&sslmode=require",
            "postgres://db/latchkey?user=me&password=hidden&sslmode=require",
        ),
        (
            "postgres://me:hunter2@db/latchkey?PASSWORD=hunter2",
            "postgres://me:hidden@db/latchkey?PASSWORD=hidden",
        ),
        ("postgres://me:hunter2@[db/latchkey", "hidden@[db/latchkey"),
        ("postgres://me@db/latchkey?sslmode=require", "postgres://me@db/latchkey?sslmode=require"),
    ] {
        let environment = [("LATCHKEY_DATABASE_URL".to_owned(), url.to_owned())];
        let layers = Layers::read(Path::new("/nonexistent"), None, environment, Vec::new()).unwrap();
        let setting = SETTINGS.iter().find(|setting| setting.name == "database_url").unwrap();
        assert_eq!(layers.shown(setting), shown);
    }
}

#[test]
fn a_faulty_line_is_named_by_its_number_and_never_shown() {
    let secret = "3f9ab1c25d7e80641122aabbccddeeff";
    for (file, text, place) in [
        (".env", format!("LATCHKEY_ADDR=127.0.0.1:4000\n\nLATCHKEY_SECRET={secret} and more\n"), "line 3"),
        (".env", format!("LATCHKEY_SECRET=\"{secret}\n"), "line 1"),
        (".env", format!("{secret}\n"), "line 1"),
        ("latchkey.toml", format!("addr = \"127.0.0.1:4000\"\nsecret = {secret}\n"), "line 2"),
        ("latchkey.toml", format!("secret = \"{secret}\n"), "line 1"),
        ("latchkey.toml", format!("[a]\n{secret} = 1\n{secret} = 2\n"), "line 3"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), &text).unwrap();
        let error = Layers::read(folder.path(), None, Vec::new(), Vec::new()).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(file), "{text:?}: {error}");
        assert!(!error.contains("3f9a"), "{text:?}: {error}");
    }
}

#[test]
fn doubtful_settings_are_warned_about() {
    let warnings = |settings: &[(&str, &str)]| read(settings).unwrap().warnings().len();
    assert_eq!(warnings(&[]), 0);
    assert_eq!(warnings(&[("LATCHKEY_SESSIONS_ROTATE_AFTER", "10s")]), 1);
    assert_eq!(
        warnings(&[("LATCHKEY_SESSIONS_ROTATE_AFTER", "10s"), ("LATCHKEY_SESSIONS_REUSE_GRACE", "5s")]),
        0
    );
    assert_eq!(warnings(&[("LATCHKEY_TOKENS_JWKS_MAX_AGE", "29s")]), 1);
    assert_eq!(warnings(&[("LATCHKEY_SECRET", "a passphrase that somebody thought of")]), 1);
}

#[test]
fn https_without_trusted_proxies_is_warned_about() {
    let https = ("LATCHKEY_PUBLIC_URL", "https://id.example.org");
    let warnings = read(&[https]).unwrap().warnings();
    assert!(warnings[0].starts_with("LATCHKEY_TRUSTED_PROXIES is empty"), "{warnings:?}");
    let proxies = ("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/8");
    assert!(read(&[https, proxies]).unwrap().warnings().is_empty());
}

#[test]
fn postgresql_on_another_machine_is_reached_over_verified_tls() {
    let config = |url: &str| read(&[("LATCHKEY_DATABASE_URL", url)]).unwrap();
    let used = |url: &str| match config(url).database_url {
        DatabaseUrl::Postgres(url) => url,
        DatabaseUrl::Sqlite(path) => panic!("{path:?}"),
    };
    for (given, sslmode) in [
        ("postgres://me@db.example.org/latchkey", "?sslmode=verify-full"),
        ("postgres://me@10.0.0.1/latchkey", "?sslmode=verify-full"),
        ("postgres:///latchkey?host=db.example.org", "&sslmode=verify-full"),
        ("postgres://me@localhost/latchkey", ""),
        ("postgres://me@127.0.0.1:5433/latchkey", ""),
        ("postgres://me@[::1]/latchkey", ""),
        ("postgres:///latchkey?host=/run/postgresql", ""),
        ("postgres://me@%2Frun%2Fpostgresql/latchkey", ""),
        ("postgres://me@db/latchkey?sslmode=disable", ""),
    ] {
        assert_eq!(used(given), format!("{given}{sslmode}"));
    }
    assert_eq!(config("postgres://me@db/latchkey?sslmode=disable").warnings().len(), 1);
    assert!(config("postgres://me@localhost/latchkey?sslmode=disable").warnings().is_empty());
    assert!(config("postgres://me@db/latchkey").warnings().is_empty());
}

#[test]
fn tls_needs_a_certificate_a_key_and_a_public_url_of_https() {
    let (certificate, key) = (("LATCHKEY_TLS_CERTIFICATE", "cert.pem"), ("LATCHKEY_TLS_KEY", "key.pem"));
    let https = ("LATCHKEY_PUBLIC_URL", "https://id.example.org");
    let redirect = ("LATCHKEY_REDIRECT_ADDR", "0.0.0.0:80");
    let config = read(&[https, certificate, key, redirect]).unwrap();
    assert!(config.tls.is_some() && config.redirect_addr.is_some());
    assert!(config.warnings().is_empty(), "there need be no proxy");
    for (settings, at_fault) in [
        (&[https, certificate][..], "LATCHKEY_TLS_KEY"),
        (&[https, key], "LATCHKEY_TLS_CERTIFICATE"),
        (&[certificate, key], "LATCHKEY_PUBLIC_URL"),
        (&[https, redirect], "LATCHKEY_REDIRECT_ADDR"),
        (&[("LATCHKEY_SECURITY_CONTACT", "security@example.org")], "LATCHKEY_SECURITY_CONTACT"),
    ] {
        let problems = read(settings).unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.setting.as_str()).collect::<Vec<_>>(), [at_fault]);
    }
}

const FROM: (&str, &str) = ("LATCHKEY_MAIL_FROM", "Example <id@example.org>");

fn mail_refused(url: &str) -> String {
    let problems = read(&[("LATCHKEY_MAIL_URL", url), FROM]).map(|_| ()).expect_err(url);
    assert_eq!(problems[0].setting, "LATCHKEY_MAIL_URL", "{problems:?}");
    problems[0].message.clone()
}

fn relay(url: &str) -> Relay {
    let mail = read(&[("LATCHKEY_MAIL_URL", url), FROM]).unwrap().mail.unwrap();
    let MailRoute::Relay(relay) = mail.route else { panic!("{mail:?}") };
    relay
}

#[test]
fn mail_goes_over_tls_or_stays_on_the_machine() {
    use mail::RelaySecurity::{Loopback, StartTls, Tls};
    for (url, host, port, security) in [
        ("smtps://u:p@mail.example.org", "mail.example.org", 465, Tls),
        ("smtps://mail.example.org:1465", "mail.example.org", 1465, Tls),
        ("smtp://mail.example.org?tls=required", "mail.example.org", 587, StartTls),
        ("smtp://localhost:1025", "localhost", 1025, Loopback),
        ("smtp://127.0.0.1", "127.0.0.1", 25, Loopback),
        ("smtp://[::1]:1025", "::1", 1025, Loopback),
        ("smtp://localhost?tls=required", "localhost", 587, StartTls),
    ] {
        let relay = relay(url);
        assert_eq!((relay.host.as_str(), relay.port, relay.security), (host, port, security), "{url}");
    }
    for url in [
        "smtp://mail.example.org",
        "smtp://10.0.0.1",
        "smtp://localhost.example.org",
        "smtp://mail.example.org?tls=opportunistic",
        "smtp://mail.example.org?tls=required&tls=none",
        "https://mail.example.org",
        "smtps://",
        "smtps://user@mail.example.org",
        "smtps://mail.example.org/path",
        "mail.example.org",
    ] {
        mail_refused(url);
    }
}

#[test]
fn the_password_of_the_relay_is_never_shown() {
    let refused = mail_refused("smtps://user:verysecret@mail.example.org/path");
    assert!(!refused.contains("verysecret"), "{refused}");
    let relay = relay("smtps://user:very%20secret@mail.example.org");
    assert!(!format!("{relay:?}").contains("secret"));
    assert!(relay.credentials.is_some());
}

#[test]
fn mails_are_printed_on_ones_own_machine_alone() {
    let local = read(&[("LATCHKEY_MAIL_URL", "stdout:"), FROM]).unwrap();
    assert!(matches!(local.mail.unwrap().route, MailRoute::Stdout));
    let public = ("LATCHKEY_PUBLIC_URL", "https://id.example.org");
    let problems = read(&[("LATCHKEY_MAIL_URL", "stdout:"), FROM, public]).map(|_| ()).unwrap_err();
    assert_eq!(problems[0].setting, "LATCHKEY_MAIL_URL");
}

#[test]
fn settings_of_mail_that_do_not_fit_together_are_refused() {
    assert!(read(&[]).unwrap().mail.is_none());
    refused("LATCHKEY_MAIL_FROM", "id@example.org");
    refused("LATCHKEY_MAIL_CA", "ca.pem");
    refused("LATCHKEY_MAIL_SIGN_IN_LINKS", "on");
    for from in ["", "nobody", "id@example.org, eve@example.org", "id@example.org\r\nBcc: eve@example.org"] {
        let url = ("LATCHKEY_MAIL_URL", "smtp://localhost");
        let problems = read(&[url, ("LATCHKEY_MAIL_FROM", from)]).map(|_| ()).expect_err(from);
        assert_eq!(problems[0].setting, "LATCHKEY_MAIL_FROM");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    for path in [file.to_str().unwrap(), "/nowhere/ca.pem"] {
        let settings = [("LATCHKEY_MAIL_URL", "smtp://localhost"), FROM, ("LATCHKEY_MAIL_CA", path)];
        let problems = read(&settings).map(|_| ()).expect_err(path);
        assert_eq!(problems[0].setting, "LATCHKEY_MAIL_CA");
    }
}

#[test]
fn mail_from_another_domain_than_the_portals_is_warned_of() {
    let warnings = |from: &str| {
        let settings = [
            ("LATCHKEY_PUBLIC_URL", "https://id.example.org"),
            ("LATCHKEY_TRUSTED_PROXIES", "127.0.0.1"),
            ("LATCHKEY_MAIL_URL", "smtp://localhost"),
            ("LATCHKEY_MAIL_FROM", from),
        ];
        read(&settings).unwrap().warnings().len()
    };
    assert_eq!(
        warnings("id@example.org") + warnings("a@id.example.org") + warnings("a@mail.id.example.org"),
        0
    );
    assert_eq!((warnings("id@example.com"), warnings("id@ample.org")), (1, 1));
}

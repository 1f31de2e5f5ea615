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
fn with_nothing_set_it_runs_on_localhost_with_sqlite() {
    let config = read(&[]).unwrap();
    assert_eq!(config.public_url.as_str(), "http://localhost:3000/");
    assert_eq!(config.addr.to_string(), "127.0.0.1:3000");
    assert_eq!(config.database_url, DatabaseUrl::Sqlite("data/latchkey.db".into()));
    assert_eq!(config.tokens.access_ttl, Duration::from_secs(900));
    assert_eq!(config.tokens.issuer, "http://localhost:3000");
    assert_eq!(config.tokens.audience, config.tokens.issuer);
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
    assert!(refused("LATCHKEY_SESSIONS_IDLE_TTL", "90d").contains("ABSOLUTE"));
    assert!(refused("LATCHKEY_PASSWORDS_MEMORY_KIB", "1024").contains("19456"));
    assert!(refused("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/33").contains("10.0.0.0/33"));
    assert!(refused("LATCHKEY_SESIONS_IDLE_TTL", "7d").contains("no such setting"));
}

#[test]
fn what_kubernetes_sets_is_not_taken_for_ours() {
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
fn what_is_hardly_meant_is_warned_of() {
    let warnings = |settings: &[(&str, &str)]| read(settings).unwrap().warnings().len();
    assert_eq!(warnings(&[]), 0);
    assert_eq!(warnings(&[("LATCHKEY_SESSIONS_ROTATE_AFTER", "10s")]), 1);
    assert_eq!(
        warnings(&[("LATCHKEY_SESSIONS_ROTATE_AFTER", "10s"), ("LATCHKEY_SESSIONS_REUSE_GRACE", "5s")]),
        0
    );
    assert_eq!(warnings(&[("LATCHKEY_TOKENS_JWKS_MAX_AGE", "29s")]), 1);
}

//! The program as tests use it.

pub mod authenticator;
mod browser;
mod log;
mod postgres;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::Router;
pub use browser::{Answer, Browser, encode};
pub use log::{Log, LogFormat};
use sqlx::SqliteConnection;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    model::email::EmailAddress,
    server::{
        authentication::{recovery_codes, totp::TotpSecret},
        clock::{Clock, Timestamp},
        config::{Config, DatabaseUrl, Layers, SecretSource},
        crypto::{entropy::Entropy, vault::Vault},
        http::router,
        state::AppState,
        store::{
            Store, totp,
            users::{self, User},
        },
    },
};

pub const SECRET: &str = "dGVzdHMtaGF2ZS1hLXNlY3JldC1vZi0yNTYtYml0cw0";
pub const PASSWORD: &str = "correct horse battery staple";
/// When tests begin: 2026-01-01T00:00:00Z.
pub const BEGINNING: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// Counts the instructions of SQLite's machine that this connection takes from now on.
pub async fn count_instructions(connection: &mut SqliteConnection) -> Arc<AtomicU64> {
    let instructions = Arc::new(AtomicU64::new(0));
    let counter = instructions.clone();
    connection.lock_handle().await.unwrap().set_progress_handler(1, move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    instructions
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A database that nobody else uses.
pub struct TestDatabase {
    pub url: DatabaseUrl,
    folder: TempDir,
}

impl TestDatabase {
    pub async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => DatabaseUrl::Sqlite(folder.path().join("latchkey.db")),
            Backend::Postgres => DatabaseUrl::Postgres(postgres::create_database().await),
        };
        Self { url, folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("latchkey.db")
    }

    /// Where a list of breached passwords would be.
    pub fn breached_passwords(&self) -> PathBuf {
        self.folder.path().join("breached-passwords")
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct TestClock {
    now: Arc<AtomicI64>,
    elapsed: Arc<AtomicU64>,
}

impl TestClock {
    pub fn new() -> Self {
        Self { now: Arc::new(AtomicI64::new(BEGINNING.millis())), elapsed: Arc::default() }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.now.fetch_add(i64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
        self.elapsed.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Sets the time of day; no time passes by it.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.millis(), Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    pub fn clock(&self) -> Clock {
        let Self { now, elapsed } = self.clone();
        Clock::of(
            move || Timestamp::from_millis(now.load(Ordering::SeqCst)),
            move || Duration::from_millis(elapsed.load(Ordering::SeqCst)),
        )
    }
}

/// The program, without a socket.
pub struct TestApp {
    pub state: Arc<AppState>,
    pub clock: TestClock,
    pub database: TestDatabase,
    settings: Vec<(String, String)>,
    router: Router,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(Backend::Sqlite, &[]).await
    }

    /// With settings as the environment has them.
    pub async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::on(TestDatabase::new(backend).await, settings, TestClock::new()).await
    }

    pub async fn on(database: TestDatabase, settings: Vec<(String, String)>, clock: TestClock) -> Self {
        let mut config = config(&settings);
        config.password_rules.breached = database.breached_passwords();
        let SecretSource::Given(secrets) = &config.secret else { unreachable!("tests give their secret") };
        let vault = Vault::new(secrets).unwrap();
        let store = Store::open(&database.url).await.unwrap();
        let state = AppState::start(config, store, vault, clock.clock(), Entropy::system()).await.unwrap();
        let router = router(state.clone());
        Self { state, clock, database, settings, router }
    }

    /// Stops the program.
    pub async fn stop(self) -> (TestDatabase, Vec<(String, String)>) {
        self.state.store.close().await;
        (self.database, self.settings)
    }

    /// Stops the program and starts it again on the same database.
    pub async fn restart(self) -> Self {
        let clock = self.clock.clone();
        let (database, settings) = self.stop().await;
        Self::on(database, settings, clock).await
    }

    /// Restarts with another setting.
    pub async fn restart_with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self.restart().await
    }

    /// Another node on the same database, which must be PostgreSQL.
    pub async fn another_node(&self) -> Self {
        let database = TestDatabase { url: self.database.url.clone(), folder: tempfile::tempdir().unwrap() };
        Self::on(database, self.settings.clone(), self.clock.clone()).await
    }

    /// Another node with another setting.
    pub async fn another_node_with(&self, name: &str, value: &str) -> Self {
        let database = TestDatabase { url: self.database.url.clone(), folder: tempfile::tempdir().unwrap() };
        let mut settings = self.settings.clone();
        settings.push((name.to_owned(), value.to_owned()));
        Self::on(database, settings, self.clock.clone()).await
    }

    /// Another node whose clock stands where it is set.
    pub async fn another_node_at(&self, now: Timestamp) -> Self {
        let database = TestDatabase { url: self.database.url.clone(), folder: tempfile::tempdir().unwrap() };
        let clock = TestClock::new();
        clock.set(now);
        Self::on(database, self.settings.clone(), clock).await
    }

    /// The same browser, talking to this program.
    pub fn same(&self, browser: &Browser) -> Browser {
        let mut same = self.browser();
        same.cookies.clone_from(&browser.cookies);
        same.access_token.clone_from(&browser.access_token);
        same
    }

    /// Answers whoever calls this socket, for as long as the test runs.
    pub fn serve(&self, listener: TcpListener) {
        let router = self.router.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.router.clone())
    }

    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// A browser in which somebody has just signed up. Where mail is sent, that takes a link: they sign in instead.
    pub async fn sign_up(&self, email: &str) -> Browser {
        if self.state.config.mail.is_some() {
            return self.sign_in_as(email, "member").await;
        }
        let mut browser = self.browser();
        browser.sign_up(email).await.assert_status(200);
        browser
    }

    /// A browser in which somebody with these roles has just signed in.
    pub async fn sign_in_as(&self, email: &str, roles: &str) -> Browser {
        use crate::server::{
            accounts::{NewAccount, register},
            client_info::{ActionContext, ClientInfo},
            passwords::hasher::Turn,
        };
        let rules = &self.state.config.password_rules;
        let new = NewAccount::parse(rules, email, "Somebody", PASSWORD.to_owned()).await.unwrap();
        let client = ClientInfo::command_line();
        let turn = Turn::other(&client);
        let hash = self.state.passwords.hash(turn, &new.password, &self.state.entropy).await.unwrap();
        let context = ActionContext { now: self.clock.now(), client: &client };
        let mut tx = self.state.store.begin().await.unwrap();
        let roles = crate::model::role::Roles::parse(roles).unwrap();
        register::create(&mut tx, context, &self.state.entropy, &new, hash, roles, "test").await.unwrap();
        tx.commit().await.unwrap();
        let mut browser = self.browser();
        browser.sign_in(email, PASSWORD).await.assert_status(200);
        browser
    }

    /// Sets up an authenticator app for somebody.
    pub async fn give_totp(&self, email: &str) -> TotpSecret {
        let user = self.user(email).await.id;
        let secret = TotpSecret::generate(&self.state.entropy).unwrap();
        let sealed = secret.seal(&self.state, &user).unwrap();
        let mut tx = self.state.store.begin().await.unwrap();
        assert!(totp::begin(&mut tx, &user, &sealed, self.clock.now()).await.unwrap());
        assert!(totp::confirm(&mut tx, &user, &sealed, (0, self.clock.now())).await.unwrap());
        users::raise_credential_epoch(&mut tx, &user).await.unwrap();
        tx.commit().await.unwrap();
        secret
    }

    /// Gives somebody so many recovery codes.
    pub async fn give_recovery_codes(&self, email: &str, count: usize) -> Vec<String> {
        use crate::server::client_info::{ActionContext, ClientInfo};
        let user = self.user(email).await.id;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: self.clock.now(), client: &client };
        let codes = recovery_codes::generate(&self.state, context, count).await.unwrap();
        let mut tx = self.state.store.begin().await.unwrap();
        recovery_codes::store(&mut tx, &user, &codes).await.unwrap();
        users::raise_credential_epoch(&mut tx, &user).await.unwrap();
        tx.commit().await.unwrap();
        codes.shown
    }

    pub async fn user(&self, email: &str) -> User {
        let mut reader = self.state.store.read().await.unwrap();
        users::by_email(&mut reader, &EmailAddress::parse(email).unwrap()).await.unwrap().unwrap()
    }

    /// Changes somebody's roles, as an administrator's command does.
    pub async fn set_roles(&self, email: &str, roles: &str) {
        use crate::server::{
            accounts::roles::set_roles,
            client_info::{ActionContext, ClientInfo},
        };
        let user = self.user(email).await;
        let client = ClientInfo::command_line();
        let context = ActionContext { now: self.clock.now(), client: &client };
        let roles = crate::model::role::Roles::parse(roles).unwrap();
        set_roles(&self.state, context, None, &user.id, roles).await.unwrap();
    }

    /// The names of all events that requests have caused, oldest first.
    pub async fn events(&self) -> Vec<String> {
        crate::server::store::audit::all_event_names(&self.state.store).await
    }
}

pub fn config(settings: &[(String, String)]) -> Config {
    let folder = tempfile::tempdir().unwrap();
    let fixed = [("LATCHKEY_SECRET", SECRET), ("LATCHKEY_PUBLIC_URL", "http://localhost:3000")];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = fixed.into_iter().chain(settings.iter().cloned());
    Config::read(&Layers::read(folder.path(), None, environment, Vec::new()).unwrap()).unwrap()
}

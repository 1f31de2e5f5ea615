//! Connections to PostgreSQL that fall silent without being closed, as in a failover or behind a firewall. Those who wait
//! are told to try again, and new connections take over: nobody has to restart the program.

use std::time::Duration;

use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    sync::watch,
};

use crate::{
    model::session::SignOutReason,
    server::{config::DatabaseUrl, store::sessions, tasks::sync},
    tests::{
        cluster::until_one_waits,
        test_app::{Backend, Browser, TestApp, TestClock, TestDatabase},
    },
};

const SOCKET: &str = ".s.PGSQL.5432";
/// Longer than the program waits, and shorter than TCP does.
const SOON: Duration = Duration::from_secs(40);

/// A way to PostgreSQL that can fall silent.
struct Way {
    folder: TempDir,
    silent: watch::Sender<()>,
    closed: watch::Sender<()>,
}

impl Way {
    fn to(url: &str) -> (Self, String) {
        let folder = tempfile::tempdir().unwrap();
        let (address, server) = url.split_once("?host=").unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let way = Self { folder, silent: watch::Sender::new(()), closed: watch::Sender::new(()) };
        tokio::spawn(lead(listener, format!("{server}/{SOCKET}"), way.silent.clone(), way.closed.clone()));
        let through = format!("{address}?host={}", way.folder.path().display());
        (way, through)
    }

    /// What is open stays open, and nothing goes through it any more. New connections do not know of it.
    fn fall_silent(&self) {
        self.silent.send_replace(());
    }

    /// Closes what fell silent, as the database does at last.
    fn close_silent(&self) {
        self.closed.send_replace(());
    }
}

async fn lead(listener: UnixListener, server: String, silent: watch::Sender<()>, closed: watch::Sender<()>) {
    while let Ok((mut ours, _)) = listener.accept().await {
        let mut theirs = UnixStream::connect(&server).await.unwrap();
        let (mut silent, mut closed) = (silent.subscribe(), closed.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                _ = copy_bidirectional(&mut ours, &mut theirs) => {}
                _ = silent.changed() => {
                    let _ = closed.changed().await;
                }
            }
        });
    }
}

async fn start() -> (TestApp, Way) {
    let mut database = TestDatabase::new(Backend::Postgres).await;
    let DatabaseUrl::Postgres(url) = &database.url else { unreachable!("this is about PostgreSQL") };
    let (way, through) = Way::to(url);
    database.url = DatabaseUrl::Postgres(through);
    let settings = vec![("LATCHKEY_RATE_LIMIT".to_owned(), "off".to_owned())];
    (TestApp::on(database, settings, TestClock::new()).await, way)
}

/// Refreshes until it works. Until then, nobody is signed out.
async fn until_refreshed(browser: &mut Browser) {
    let refreshed = async {
        loop {
            let answer = browser.refresh().await;
            if answer.status == 200 {
                return;
            }
            answer.assert_error(503, "unavailable");
        }
    };
    tokio::time::timeout(SOON, refreshed).await.expect("the database was given up for ever");
}

#[tokio::test]
async fn refreshing_goes_on_after_a_connection_fell_silent_in_the_middle_of_it() {
    let (app, way) = start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    let mut eve = app.sign_up("eve@example.org").await;
    app.advance(Duration::from_secs(3600));
    // Somebody else holds the account's sessions, so the refresh waits inside its transaction.
    let mut held = app.state.store.begin().await.unwrap();
    let id = app.user("ada@example.org").await.id;
    let reason = SignOutReason::SignedOut;
    sessions::revoke_of_user(&mut held, &id, app.clock.now(), reason, None).await.unwrap();
    let waiting = {
        let mut ada = ada.clone();
        tokio::spawn(async move { ada.refresh().await })
    };
    until_one_waits(&app, || waiting.is_finished()).await;
    way.fall_silent();
    drop(held);
    until_refreshed(&mut eve).await;
    waiting.await.unwrap().assert_error(503, "unavailable");
    // The database still believes in the transactions of the connections that fell silent.
    way.close_silent();
    until_refreshed(&mut ada).await;
}

#[tokio::test]
async fn connections_that_fell_silent_are_replaced() {
    let (app, way) = start().await;
    let mut ada = app.sign_up("ada@example.org").await;
    app.advance(Duration::from_secs(3600));
    // All that there are, given back when none of them answers any more.
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(app.state.store.begin().await.unwrap());
    }
    way.fall_silent();
    drop(held);
    until_refreshed(&mut ada).await;
    sync::catch_up(&app.state).await.unwrap();
}

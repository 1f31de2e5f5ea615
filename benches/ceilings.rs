//! What the hardware allows, for `load.py`: the same work without the program around it.
//!
//! - `axum PORT` serves two routes and nothing else, until it is stopped: `/`, and `/argon2`, which hashes a password.
//! - `commits URL GROUP` prints how many rows are updated in a second, with a durable commit for every GROUP of them.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to say")]
#![expect(clippy::print_stdout, reason = "it prints a figure")]
#![expect(clippy::disallowed_methods, reason = "it measures time, and SQL without the program")]

use std::{
    env,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Params, Version};
use axum::{Router, routing::get};
use sqlx::{
    Connection, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::Semaphore, task::spawn_blocking};

const LASTS: Duration = Duration::from_secs(3);
const ROWS: i64 = 64;

fn main() {
    // Cargo adds flags of its own.
    let words: Vec<_> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let runtime = Runtime::new().unwrap();
    match words[..] {
        ["axum", port] => runtime.block_on(serve(port.parse().unwrap())),
        ["commits", url, group] => println!("{}", runtime.block_on(updates(url, group.parse().unwrap()))),
        // `cargo bench` runs every benchmark; this one has nothing to say by itself.
        _ => {}
    }
}

async fn serve(port: u16) {
    let cores = thread::available_parallelism().unwrap().get();
    let places = Arc::new(Semaphore::new(cores));
    let app = Router::new()
        .route("/", get(|| async { "Hello" }))
        .route("/argon2", get(move || hash(places.clone())));
    axum::serve(TcpListener::bind(("127.0.0.1", port)).await.unwrap(), app).await.unwrap();
}

/// With the parameters that the program has by default, as many at once as there are cores.
async fn hash(places: Arc<Semaphore>) -> &'static str {
    let place = places.acquire_owned().await.unwrap();
    spawn_blocking(move || {
        let _held = place;
        let params = Params::new(19456, 2, 1, None).unwrap();
        let mut hash = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(b"correct horse", b"sixteen bytes!!!", &mut hash)
            .unwrap();
    })
    .await
    .unwrap();
    "Hello"
}

/// The same on either database, whose connections have no type in common.
macro_rules! count_updates {
    ($connection:expr, $group:expr) => {{
        let mut connection = $connection;
        for statement in [
            "DROP TABLE IF EXISTS ceiling",
            "CREATE TABLE ceiling (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)",
        ] {
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
        for id in 0..ROWS {
            sqlx::query("INSERT INTO ceiling VALUES ($1, 0)")
                .bind(id)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let (began, mut count) = (Instant::now(), 0_i32);
        while began.elapsed() < LASTS {
            let mut tx = connection.begin().await.unwrap();
            for id in 0..$group {
                sqlx::query("UPDATE ceiling SET value = value + 1 WHERE id = $1")
                    .bind(id)
                    .execute(&mut *tx)
                    .await
                    .unwrap();
                count += 1;
            }
            tx.commit().await.unwrap();
        }
        sqlx::query("DROP TABLE ceiling").execute(&mut connection).await.unwrap();
        f64::from(count) / began.elapsed().as_secs_f64()
    }};
}

/// The statements are those of a counter: what is measured is the commit.
async fn updates(url: &str, group: i64) -> f64 {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        count_updates!(SqliteConnection::connect_with(&options).await.unwrap(), group)
    } else {
        count_updates!(PgConnection::connect(url).await.unwrap(), group)
    }
}

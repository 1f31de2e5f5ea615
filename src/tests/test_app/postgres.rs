//! A PostgreSQL server for the tests of one process. It lives as long as they do.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    str::FromStr,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgConnectOptions};

const MISSING: &str = "PostgreSQL's server programs are missing: run `make setup`";

/// Makes an empty database and returns its URL.
pub async fn create_database() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let folder = server();
    let name = format!("test_{}", MADE.fetch_add(1, Ordering::SeqCst));
    let mut connection = connect(folder).await;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    format!("postgres://postgres@localhost/{name}?host={}", folder.display())
}

async fn connect(folder: &Path) -> PgConnection {
    let url = format!("postgres://postgres@localhost/postgres?host={}", folder.display());
    let options = PgConnectOptions::from_str(&url).unwrap();
    // It has just been started; that it takes connections is the fact to wait for.
    for _ in 0..300 {
        if let Ok(connection) = PgConnection::connect_with(&options).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL did not start within 30 s; its log is {}/log", folder.display())
}

/// The folder of the running server, with its socket.
fn server() -> &'static Path {
    static SERVER: OnceLock<PathBuf> = OnceLock::new();
    SERVER.get_or_init(start)
}

fn start() -> PathBuf {
    let programs = programs();
    let folder = tempfile::Builder::new().prefix("latchkey-postgres-").tempdir().unwrap().keep();
    let user = unprivileged_user();
    if let Some((uid, gid)) = user {
        chown(&folder, Some(uid), Some(gid)).unwrap();
    }
    let as_user = |command: &mut Command| {
        if let Some((uid, gid)) = user {
            command.uid(uid).gid(gid);
        }
    };
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.args([
        "--no-sync",
        "--no-locale",
        "--encoding=UTF8",
        "--auth=trust",
        "--username=postgres",
        "--pgdata",
    ]);
    initdb.arg(folder.join("data")).current_dir(&folder).stdout(Stdio::null());
    as_user(&mut initdb);
    assert!(initdb.status().expect(MISSING).success(), "initdb failed");

    // The shell waits for the end of its input, which is the end of this process, and takes the server with it.
    let script = r#""$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=300 >"$2/log" 2>&1 &
        read -r _; kill -INT $!; wait $!; rm -rf "$2""#;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(programs.join("postgres"))
        .arg(&folder)
        .current_dir(&folder)
        .stdin(Stdio::piped());
    as_user(&mut shell);
    let child = shell.spawn().unwrap();
    // It ends by itself, once its input does.
    std::mem::forget(child);
    folder
}

/// Debian keeps them out of PATH.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.reverse();
    folders.extend(std::env::split_paths(&path));
    folders
        .into_iter()
        .find(|folder| folder.join("postgres").exists() && folder.join("initdb").exists())
        .expect(MISSING)
}

/// The server refuses to run as root: then it runs as `postgres`, or else as `nobody`.
fn unprivileged_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    root.then(|| find("postgres").or_else(|| find("nobody")).expect("a user to run PostgreSQL as"))
}

//! What clients may take of the server: connections, and time. These tests have a real socket.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::{
    server::{
        cli::serve::{close, raise_open_files},
        http::{
            router,
            serve::{Accept, Limits, Server},
        },
    },
    tests::test_app::{PASSWORD, TestApp},
};

const HALF_A_REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost:3000\r\nX-Slow: ";
pub const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost:3000\r\n\r\n";

/// Nothing is limited but what a test is about.
pub const LIMITS: Limits = Limits {
    connections: 10_000,
    per_network: 10_000,
    head: Duration::from_secs(600),
    idle: Duration::from_secs(600),
    write: Duration::from_secs(600),
    grace: Duration::from_secs(600),
};
pub const SOON: Duration = Duration::from_millis(200);

/// A server that runs.
pub struct Running {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(router: Router, limits: Limits) -> Self {
        Self::run(Server::new(router, Vec::new(), limits)).await
    }

    pub async fn run(server: Server) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(listener, async { stopped.await.unwrap() }));
        Self { address, stop, task }
    }

    async fn of(app: &TestApp, limits: Limits) -> Self {
        Self::start(router(app.state.clone()), limits).await
    }

    pub async fn connect(&self) -> TcpStream {
        self.connect_from(1).await
    }

    /// Connects from 127.0.1.`n`.
    async fn connect_from(&self, n: u8) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::new(127, 0, 1, n), 0).into()).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Waits until it has stopped.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap();
    }
}

/// Sends a request and reads the status of the answer; nothing if the connection is closed.
pub async fn status(connection: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) -> Option<u16> {
    connection.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read_buf(&mut answer).await {
            Ok(read) if read > 0 => {}
            _ => return None,
        }
    }
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

/// Waits until the server has closed it.
pub async fn closed(mut connection: TcpStream) {
    let mut rest = Vec::new();
    // A connection that is reset is closed too.
    let _ = connection.read_to_end(&mut rest).await;
}

fn sign_in(email: &str) -> Vec<u8> {
    let body = format!("email={email}&password={}", PASSWORD.replace(' ', "+"));
    format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost:3000\r\nAccept: application/json\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn two_thousand_half_open_connections_are_closed_and_signing_in_works_meanwhile() {
    raise_open_files();
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let server = Running::of(&app, Limits { head: Duration::from_secs(5), ..LIMITS }).await;
    let mut half_open = Vec::new();
    for n in 0..2000_u16 {
        let mut connection = server.connect_from(u8::try_from(1 + n % 200).unwrap()).await;
        if n % 2 == 0 {
            connection.write_all(HALF_A_REQUEST).await.unwrap();
        }
        half_open.push(connection);
    }
    let mut connection = server.connect_from(250).await;
    assert_eq!(status(&mut connection, &sign_in("ada@example.org")).await, Some(200));
    for connection in half_open {
        closed(connection).await;
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let app = TestApp::start().await;
    let server = Running::of(&app, Limits { idle: SOON, ..LIMITS }).await;
    let mut connection = server.connect().await;
    assert_eq!(status(&mut connection, REQUEST).await, Some(200));
    closed(connection).await;
}

#[tokio::test]
async fn the_headers_of_a_later_request_have_a_deadline_too() {
    let app = TestApp::start().await;
    let server = Running::of(&app, Limits { head: SOON, ..LIMITS }).await;
    let mut connection = server.connect().await;
    assert_eq!(status(&mut connection, REQUEST).await, Some(200));
    connection.write_all(HALF_A_REQUEST).await.unwrap();
    closed(connection).await;
}

#[tokio::test]
async fn idle_connections_make_room_when_all_are_taken() {
    let app = TestApp::start().await;
    let server = Running::of(&app, Limits { connections: 2, ..LIMITS }).await;
    let mut idle = [server.connect_from(1).await, server.connect_from(2).await];
    for connection in &mut idle {
        assert_eq!(status(connection, REQUEST).await, Some(200));
    }
    let mut connection = server.connect_from(3).await;
    assert_eq!(status(&mut connection, REQUEST).await, Some(200));
    for connection in idle {
        closed(connection).await;
    }
}

#[tokio::test]
async fn one_address_has_its_share_of_connections_and_a_trusted_proxy_has_more() {
    let app = TestApp::start().await;
    let limits = Limits { per_network: 2, ..LIMITS };
    let server =
        Running::run(Server::new(router(app.state.clone()), vec!["127.0.1.9/32".parse().unwrap()], limits))
            .await;
    let mut held = Vec::new();
    for (address, answer) in [
        (1, Some(200)),
        (1, Some(200)),
        (1, None),
        (2, Some(200)),
        (9, Some(200)),
        (9, Some(200)),
        (9, Some(200)),
    ] {
        let mut connection = server.connect_from(address).await;
        assert_eq!(status(&mut connection, REQUEST).await, answer, "{address}");
        held.push(connection);
    }
    // A place that is left is free again.
    closed(held.remove(2)).await;
    drop(held.remove(0));
    loop {
        if status(&mut server.connect_from(1).await, REQUEST).await == Some(200) {
            break;
        }
    }
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_refused() {
    let app = TestApp::start().await;
    let server = Running::of(&app, LIMITS).await;
    let with = |headers: &str| format!("GET /healthz HTTP/1.1\r\nHost: localhost:3000\r\n{headers}\r\n");
    for (headers, expected) in [
        ("X-A: b\r\n".repeat(90), 200),
        ("X-A: b\r\n".repeat(10_000), 431),
        (format!("X-A: {}\r\n", "b".repeat(64 * 1024)), 431),
    ] {
        let mut connection = server.connect().await;
        // The server may answer, and close, before it was sent all of it.
        assert_eq!(status(&mut connection, with(&headers).as_bytes()).await, Some(expected));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_left() {
    let (left, was_left) = oneshot::channel::<()>();
    let left = std::sync::Arc::new(std::sync::Mutex::new(Some(left)));
    let endless = move || {
        // Dropped with the answer.
        let left = left.lock().unwrap().take();
        let body = futures::stream::repeat_with(move || {
            let _ = &left;
            Ok::<_, io::Error>(vec![b'a'; 65_536])
        });
        std::future::ready(axum::body::Body::from_stream(body))
    };
    let router = Router::new().route("/healthz", get(endless));
    let server = Running::start(router, Limits { write: SOON, ..LIMITS }).await;
    let mut connection = server.connect().await;
    connection.write_all(REQUEST).await.unwrap();
    assert!(was_left.await.is_err());
}

/// A listener that fails first.
struct Failing(TcpListener, VecDeque<io::Error>);

impl Accept for Failing {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        match self.1.pop_front() {
            Some(error) => Err(error),
            None => Accept::accept(&mut self.0).await,
        }
    }
}

#[tokio::test]
async fn running_out_of_open_files_ends_no_service() {
    let app = TestApp::start().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    // EMFILE, ECONNABORTED, ENFILE.
    let errors = [24, 103, 23].map(io::Error::from_raw_os_error).into();
    let server = Server::new(router(app.state.clone()), Vec::new(), LIMITS);
    tokio::spawn(server.run(Failing(listener, errors), std::future::pending()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    assert_eq!(status(&mut connection, REQUEST).await, Some(200));
}

#[tokio::test]
async fn stopping_waits_for_requests_under_way_and_closes_idle_connections() {
    let (arrived, has_arrived) = oneshot::channel();
    let (answer, answered) = oneshot::channel::<()>();
    let handle = std::sync::Arc::new(std::sync::Mutex::new(Some((arrived, answered))));
    let slow = move || {
        let taken = handle.lock().unwrap().take();
        async move {
            let (arrived, answered) = taken.unwrap();
            arrived.send(()).unwrap();
            answered.await.unwrap();
        }
    };
    let router = Router::new().route("/healthz", get(slow)).route("/", get(async || ()));
    let server = Running::start(router, LIMITS).await;
    let mut idle = server.connect().await;
    assert_eq!(status(&mut idle, b"GET / HTTP/1.1\r\nHost: localhost:3000\r\n\r\n").await, Some(200));
    let mut under_way = server.connect().await;
    let request = tokio::spawn(async move { status(&mut under_way, REQUEST).await });
    has_arrived.await.unwrap();
    let address = server.address;
    let stopped = tokio::spawn(server.stop());
    closed(idle).await;
    assert!(TcpStream::connect(address).await.is_err());
    answer.send(()).unwrap();
    assert_eq!(request.await.unwrap(), Some(200));
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_hung_database_does_not_delay_the_shutdown() {
    let app = TestApp::start().await;
    app.sign_up("ada@example.org").await;
    let server = Running::of(&app, Limits { grace: SOON, ..LIMITS }).await;
    // Somebody holds the one connection that writes, for ever.
    let held = app.state.store.begin().await.unwrap();
    let mut connection = server.connect().await;
    connection.write_all(&sign_in("ada@example.org")).await.unwrap();
    server.stop().await;
    close(&app.state.store, SOON).await;
    drop(held);
}

//! Serving connections, within bounds.
//!
//! `axum::serve` waits for ever: for the rest of a request, for the next one, for a client that does not read, and for a
//! free file descriptor. About a thousand connections that say nothing stopped it. Here every wait ends, connections are
//! counted, and when all places are taken those that are idle make room. `docs/decisions/0015-connections.md` says how
//! the bounds were chosen.

mod socket;
pub mod tls;

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    response::Response,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::server::client_info::network::{Network, NetworkShares, Place};
use socket::TimedSocket;

/// Headers of one request. Browsers send about twenty.
const MAX_HEADERS: usize = 100;
/// All headers of one request and its first line, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// How often idle connections are closed while all places are taken.
const PRESSURE_INTERVAL: Duration = Duration::from_secs(1);
/// How long nothing is accepted after the system had nothing left to accept it with.
const BACK_OFF: Duration = Duration::from_millis(200);

/// What a client may take of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one network, unless it is a trusted proxy's.
    pub per_network: usize,
    /// From the first byte of a request to the end of its headers; for the first request, from the connection on.
    pub head: Duration,
    /// From one answer to the end of the next request's headers.
    pub idle: Duration,
    /// How long a client may take to read more of an answer.
    pub write: Duration,
    /// How long requests under way may take after the program was told to stop.
    pub grace: Duration,
}

impl Limits {
    /// Limits for a program that may open so many files. The rest is for the database and what else it opens.
    pub fn for_open_files(files: usize) -> Self {
        const MOST: usize = 16_384;
        Self {
            connections: (files / 5 * 4).min(MOST),
            per_network: 512,
            head: Duration::from_secs(10),
            // Longer than proxies keep theirs: whoever closes first must not be us, or a request gets lost on its way.
            idle: Duration::from_secs(75),
            write: Duration::from_secs(30),
            grace: Duration::from_secs(8),
        }
    }
}

/// Which connections are told to close; each finishes the answer under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    /// Those that had an answer and ask for nothing more. One that is new is about to ask, or its deadline ends it.
    Idle,
    All,
}

/// A network has all the connections that it may have.
#[derive(Debug)]
struct ShareIsTaken;

/// What a connection is doing.
#[derive(Debug, Default)]
struct Activity {
    /// A request is being answered.
    busy: AtomicBool,
    /// One was.
    answered: AtomicBool,
}

/// Where connections come from.
pub trait Accept {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        // An answer is written whole; nothing is won by waiting for more.
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

/// A router and the bounds within which it is served.
pub struct Server {
    router: Router,
    limits: Limits,
    trusted_proxies: Vec<IpNet>,
    tls: Option<TlsAcceptor>,
    shares: Arc<NetworkShares>,
}

impl Server {
    pub fn new(router: Router, trusted_proxies: Vec<IpNet>, limits: Limits) -> Self {
        Self { router, limits, trusted_proxies, tls: None, shares: NetworkShares::new(limits.per_network) }
    }

    /// Speaks TLS, if it has a certificate.
    #[must_use]
    pub fn with_tls(self, tls: Option<TlsAcceptor>) -> Self {
        Self { tls, ..self }
    }

    /// Serves until `stop`. Then it takes no new requests, and waits for those under way, but not for ever.
    pub async fn run(self, mut listener: impl Accept, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut connections = JoinSet::new();
        let (close, _) = watch::channel(Close::Idle);
        let mut pressure = interval(PRESSURE_INTERVAL);
        pressure.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_full = connections.len() >= self.limits.connections;
            tokio::select! {
                () = &mut stop => break,
                Some(_) = connections.join_next() => {}
                _ = pressure.tick(), if is_full => {
                    tracing::warn!(connections = connections.len(), "all connections are taken; idle ones are closed");
                    close.send_replace(Close::Idle);
                }
                accepted = listener.accept(), if !is_full => match accepted {
                    Ok((stream, peer)) => match self.place(peer.ip()) {
                        Ok(place) => {
                            connections.spawn(self.connection(stream, peer, place, close.subscribe()));
                        }
                        Err(ShareIsTaken) => tracing::debug!(%peer, "too many connections from one network"),
                    },
                    Err(error) => survive(&error).await,
                },
            }
        }
        drop(listener);
        close.send_replace(Close::All);
        let all_closed = async { while connections.join_next().await.is_some() {} };
        if timeout(self.limits.grace, all_closed).await.is_err() {
            tracing::warn!("requests were still under way after {:?}", self.limits.grace);
        }
    }

    /// The place that a connection takes of its network's share. A proxy connects for everybody and takes none.
    fn place(&self, ip: IpAddr) -> Result<Option<Place>, ShareIsTaken> {
        let ip = ip.to_canonical();
        if self.trusted_proxies.iter().any(|network| network.contains(&ip)) {
            return Ok(None);
        }
        self.shares.take(Network::of(ip)).map(Some).ok_or(ShareIsTaken)
    }

    /// One connection, with TLS or without.
    fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        peer: SocketAddr,
        place: Option<Place>,
        mut close: watch::Receiver<Close>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (router, limits, tls) = (self.router.clone(), self.limits, self.tls.clone());
        async move {
            let _held = place;
            let Some(tls) = tls else { return requests(stream, router, peer, limits, close).await };
            let stopped = close.clone();
            let handshake = tokio::select! {
                handshake = timeout(limits.head, tls.accept(stream)) => handshake,
                _ = close.wait_for(|which| *which == Close::All) => return,
            };
            match handshake {
                Ok(Ok(stream)) => requests(stream, router, peer, limits, stopped).await,
                Ok(Err(error)) => tracing::debug!(%error, "a client does not speak TLS as the server does"),
                Err(_) => tracing::debug!("a client did not finish the handshake"),
            }
        }
    }
}

/// The requests of one connection, from the first to the last.
async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    peer: SocketAddr,
    limits: Limits,
    mut close: watch::Receiver<Close>,
) {
    let activity = Arc::new(Activity::default());
    let socket = TimedSocket::new(stream, activity.clone(), &limits);
    let answering = activity.clone();
    let service = service_fn(move |request| answer(router.clone(), request, peer, answering.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                break;
            }
            Ok(()) = close.changed() => {
                if *close.borrow_and_update() == Close::All || activity.answered.load(Ordering::Relaxed) {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Answers one request. While it is under way, the deadlines of [`TimedSocket`] for reading do not count: the request has
/// one of its own.
async fn answer(
    router: Router,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    activity: Arc<Activity>,
) -> Result<Response, Infallible> {
    activity.busy.store(true, Ordering::Relaxed);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request.map(Body::new)).await;
    activity.busy.store(false, Ordering::Relaxed);
    activity.answered.store(true, Ordering::Relaxed);
    response
}

/// Waits a little if the system has nothing left to accept a connection with (`EMFILE` and its like): it would fail again
/// at once. A connection that was gone before it was accepted is nobody's loss.
async fn survive(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "a connection could not be accepted");
    sleep(BACK_OFF).await;
}

//! A socket that does not wait for ever.

use std::{
    io,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{Activity, Limits};

/// Fails with [`io::ErrorKind::TimedOut`] when the client takes too long to send the headers of a request, or to read
/// an answer. How long a connection may be idle is hyper's to watch; how long a request may take, the router's.
pub struct TimedSocket<S> {
    socket: S,
    activity: Arc<Activity>,
    head: Deadline,
    write: Deadline,
}

impl<S> TimedSocket<S> {
    pub fn new(socket: S, activity: Arc<Activity>, limits: &Limits) -> Self {
        let mut head = Deadline::after(limits.head);
        // The first request is waited for from the beginning.
        head.arm();
        Self { socket, activity, head, write: Deadline::after(limits.write) }
    }

    /// Notes how writing went.
    fn written<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.write.disarm();
            // What is written answers the request whose headers were waited for.
            self.head.disarm();
            return result;
        }
        self.write.arm();
        self.write.poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.socket).poll_read(context, buffer);
        if self.activity.busy.load(Ordering::Relaxed) {
            self.head.disarm();
            return result;
        }
        if result.is_pending() {
            return self.head.poll(context);
        }
        if buffer.filled().len() > before {
            self.head.arm();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.written(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.written(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if Pin::new(&mut self.socket).poll_flush(context)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.write.arm();
        self.write.poll(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if Pin::new(&mut self.socket).poll_shutdown(context)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.write.arm();
        self.write.poll(context)
    }
}

/// A deadline that counts while it is armed.
struct Deadline {
    after: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn after(after: Duration) -> Self {
        Self { after, timer: None }
    }

    /// Begins to count, unless it does already.
    fn arm(&mut self) {
        let after = self.after;
        self.timer.get_or_insert_with(|| Box::pin(sleep(after)));
    }

    fn disarm(&mut self) {
        self.timer = None;
    }

    /// Fails once the deadline is over.
    fn poll<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

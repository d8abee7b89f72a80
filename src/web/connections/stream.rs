//! A client's socket, plain or with TLS, which records what happens on its connection.
//!
//! It also limits the memory of a connection: actix parses everything that it has read, and
//! collects responses without a body in memory, without a limit. So nothing is read from a client
//! that does not read responses or whose request is in progress, and only a little is read before
//! responses are written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_rt::net::TcpStream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::connection::{Connection, Phase};
use super::upgrade::Offers;

/// How many bytes are read before responses are written: a few dozen pipelined requests.
const READ_AT_ONCE: usize = 2 * 1024;

/// A socket, with or without encryption.
pub(super) enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) struct Stream {
    socket: Socket,
    pub connection: Arc<Connection>,
    /// How many bytes may be read before responses are written.
    allowance: usize,
    offers: Offers,
    /// Whether the client currently accepts no more data.
    is_blocked: bool,
    /// Whether reading was deferred, so that the task must be woken for it.
    is_deferred: bool,
}

impl Stream {
    pub(super) fn new(socket: Socket, connection: Arc<Connection>) -> Self {
        let (is_blocked, is_deferred) = (false, false);
        let (offers, allowance) = (Offers::new(), READ_AT_ONCE);
        Self { socket, connection, allowance, offers, is_blocked, is_deferred }
    }

    /// How many bytes may be read now, at most `room`.
    fn may_read(&self, room: usize) -> usize {
        match self.connection.phase() {
            _ if self.is_blocked => 0,
            Phase::Working => 0,
            // The body reader sets the pace.
            Phase::Body => room,
            Phase::Head | Phase::Answering | Phase::Draining | Phase::Idle => {
                room.min(self.allowance)
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = self.may_read(buffer.remaining());
        if most == 0 {
            // The client must read or wait first.
            self.connection.await_client();
            self.is_deferred = true;
            if !self.is_blocked && self.connection.phase() != Phase::Working {
                // Only the allowance is used up. The next turn writes responses, then continues to
                // read.
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let mut part = (&mut self.socket).take(most as u64);
        let polled = Pin::new(&mut part).poll_read(context, buffer);
        if polled.is_pending() {
            self.connection.await_client();
        }
        ready!(polled)?;
        let arrived = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        self.allowance = self.allowance.saturating_sub(arrived.len());
        if self.connection.received() {
            self.offers.begin_head();
        }
        self.offers.remove_offers(arrived);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.is_blocked = written.is_pending();
        if written.is_ready() {
            self.connection.progressed();
        }
        written
    }

    /// actix calls this in each turn after it has written all pending responses, so deferred
    /// reading continues from here.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        self.is_blocked = flushed.is_pending();
        ready!(flushed)?;
        self.allowance = READ_AT_ONCE;
        let is_released = self.connection.drained();
        let may_read = self.is_deferred && self.may_read(1) > 0;
        if may_read {
            self.is_deferred = false;
        }
        if is_released || may_read {
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(socket) => Pin::new(socket).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(socket) => Pin::new(socket).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}

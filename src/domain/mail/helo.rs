//! Mail servers that do not know EHLO get HELO instead (RFC 5321, 3.2).
//!
//! lettre always sends EHLO. So this module sends HELO before lettre takes over the connection.
//! lettre then reads the replies that were already received as if they answered its own EHLO, and
//! that EHLO is not sent. A reply to HELO does not list extensions, so none are used.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::connector::Connector;
use super::{Security, Server};

/// How much a server may send before HELO is answered, in bytes.
const MAX_REPLIES_LENGTH: usize = 16 * 1024;

/// A connection on which HELO was answered.
#[derive(Debug)]
struct HeloStream<S> {
    peer: SocketAddr,
    stream: S,
    /// The data that the server has sent so far, and how much of it was read.
    replies: Vec<u8>,
    read: usize,
    /// How many bytes of lettre's EHLO are still to be dropped.
    ehlo: usize,
}

/// Connects to `server` and sends HELO.
pub(super) async fn connect(
    connector: &Connector,
    server: &Server,
    at: SocketAddr,
) -> io::Result<Box<dyn AsyncTokioStream>> {
    let (name, stream) = (connector.client_id().to_string(), TcpStream::connect(at).await?);
    if server.security != Security::Tls {
        return Ok(Box::new(HeloStream::greet(stream, at, &name).await?));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(connector.roots.store())
        .with_no_client_auth();
    let host = ServerName::try_from(server.name().to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(host, stream).await?;
    Ok(Box::new(HeloStream::greet(stream, at, &name).await?))
}

impl<S: AsyncRead + AsyncWrite + Unpin> HeloStream<S> {
    async fn greet(stream: S, peer: SocketAddr, name: &str) -> io::Result<Self> {
        let ehlo = format!("EHLO {name}\r\n").len();
        let mut greeted = Self { peer, stream, replies: Vec::new(), read: 0, ehlo };
        greeted.receive(1).await?;
        greeted.stream.write_all(format!("HELO {name}\r\n").as_bytes()).await?;
        greeted.stream.flush().await?;
        greeted.receive(2).await?;
        Ok(greeted)
    }

    /// Reads until the server has sent `count` replies.
    async fn receive(&mut self, count: usize) -> io::Result<()> {
        while replies(&self.replies) < count {
            let has_ended = self.stream.read_buf(&mut self.replies).await? == 0;
            if has_ended || self.replies.len() > MAX_REPLIES_LENGTH {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(())
    }
}

/// The number of complete replies in `bytes`. Each line of a reply except the last has a hyphen
/// after the code.
fn replies(bytes: &[u8]) -> usize {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| line.ends_with(b"\n") && line.get(3) != Some(&b'-')).count()
}

impl<S: AsyncRead + Unpin> AsyncRead for HeloStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, replies, read, .. } = &mut *self;
        let rest = replies.get(*read..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(stream).poll_read(context, buffer);
        }
        let length = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        *read += length;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeloStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.ehlo == 0 {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        let dropped = self.ehlo.min(bytes.len());
        self.ehlo -= dropped;
        Poll::Ready(Ok(dropped))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for HeloStream<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use redis::io::tcp::socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio_rustls::client::TlsStream;

use super::settings::Address;
use super::tls::Tls;

/// An idle connection that a firewall or a balancer has forgotten is found out, and kept from being forgotten.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What a connection reads from and writes to, with a count of the bytes that left.
pub(super) struct Socket {
  stream: Stream,
  written: Arc<AtomicU64>,
}

enum Stream {
  Plain(TcpStream),
  Encrypted(Box<TlsStream<TcpStream>>),
  #[cfg(unix)]
  Unix(UnixStream),
}

impl Socket {
  pub(super) async fn open(address: &Address, tls: Option<&Tls>) -> io::Result<Self> {
    let stream = match address {
      Address::Tcp { host, port } => {
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
        match tls {
          None => Stream::Plain(stream),
          Some(tls) => Stream::Encrypted(Box::new(tls.encrypt(stream, host).await?)),
        }
      }
      #[cfg(unix)]
      Address::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
      #[cfg(not(unix))]
      Address::Unix(_) => return Err(io::Error::other("this system has no Unix sockets")),
    };
    Ok(Self {
      stream,
      written: Arc::default(),
    })
  }

  /// How many bytes have left by now.
  pub(super) fn written(&self) -> Arc<AtomicU64> {
    self.written.clone()
  }
}

impl AsyncRead for Socket {
  fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
    match &mut self.stream {
      Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
      Stream::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
      #[cfg(unix)]
      Stream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
    }
  }
}

impl AsyncWrite for Socket {
  fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
    let poll = match &mut self.stream {
      Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
      Stream::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
      #[cfg(unix)]
      Stream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
    };
    // An encrypted stream may keep what it took for a while; to count it too early is to err on the safe side.
    if let Poll::Ready(Ok(count)) = poll {
      self.written.fetch_add(count as u64, Ordering::Release);
    }
    poll
  }

  fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    match &mut self.stream {
      Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
      Stream::Encrypted(stream) => Pin::new(stream).poll_flush(context),
      #[cfg(unix)]
      Stream::Unix(stream) => Pin::new(stream).poll_flush(context),
    }
  }

  fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    match &mut self.stream {
      Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
      Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
      #[cfg(unix)]
      Stream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
    }
  }
}

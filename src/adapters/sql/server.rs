use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::{Error, Result};

/// Where a server is, who asks, and how long it may take. What is left out is taken from the URL, and then is the
/// driver's default.
#[derive(Clone, Default)]
pub struct Server {
  pub url: Option<String>,
  pub host: Option<String>,
  pub port: Option<u16>,
  /// A Unix socket: for PostgreSQL the directory it is in, for MySQL the socket itself.
  pub socket: Option<PathBuf>,
  pub user: Option<String>,
  pub password: Option<Password>,
  pub database: Option<String>,
  pub tls: Tls,
  /// How many connections at most; 4 unless set. One carries what is asked one after another; more are opened only for
  /// what is asked at the same time.
  pub max_connections: Option<u32>,
  /// For opening a connection, and for waiting for one of those that are open; 5 seconds unless set.
  pub connect_timeout: Option<Duration>,
  /// For a statement; 10 seconds unless set.
  pub statement_timeout: Option<Duration>,
  /// How often rows whose lease is over are deleted in the background, with a random deviation of up to a half; a minute
  /// unless set. Zero: never.
  pub sweep_interval: Option<Duration>,
}

/// A password, or who knows it.
#[derive(Clone)]
pub enum Password {
  Text(String),
  /// Asked for each connection, so that it may change.
  Asked(Arc<dyn AskPassword>),
}

#[async_trait]
pub trait AskPassword: Send + Sync + 'static {
  /// # Errors
  ///
  /// If it is not known now.
  async fn password(&self) -> Result<String>;
}

impl Password {
  pub(in crate::adapters) async fn text(&self) -> Result<String> {
    match self {
      Self::Text(text) => Ok(text.clone()),
      Self::Asked(asked) => asked.password().await,
    }
  }
}

/// How the connection is encrypted.
#[derive(Clone, Debug, Default)]
pub struct Tls {
  /// Unless set: what the URL says, or else TLS where the server offers it, without checking who it is.
  pub mode: Option<TlsMode>,
  /// Who may vouch for the server, beside the system's authorities.
  pub authority: Option<Pem>,
  /// What this client shows of itself.
  pub certificate: Option<Pem>,
  pub key: Option<Pem>,
}

impl Tls {
  /// What to say of a file that cannot be read. They are read for each connection, so that they may change.
  pub(super) fn unreadable(&self) -> Option<Error> {
    let files = [("ca", &self.authority), ("cert", &self.certificate), ("key", &self.key)];
    files.into_iter().find_map(|(name, pem)| {
      let Some(Pem::File(path)) = pem else { return None };
      let error = File::open(path).err()?;
      let message = format!("the file of ssl.{name}, {}, cannot be read", path.display());
      Some(Error::configuration(message).caused_by(error))
    })
  }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsMode {
  Disable,
  Prefer,
  /// Encrypted, without checking who the server is.
  Require,
  /// The server's certificate must be vouched for.
  VerifyAuthority,
  /// It must also name the host.
  VerifyFull,
}

impl TlsMode {
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if there is no such mode.
  pub fn named(name: &str) -> Result<Self> {
    match name {
      "disable" => Ok(Self::Disable),
      "prefer" => Ok(Self::Prefer),
      "require" => Ok(Self::Require),
      "verify-ca" => Ok(Self::VerifyAuthority),
      "verify-full" => Ok(Self::VerifyFull),
      _ => Err(Error::configuration(
        "there is no such mode of ssl: use \"disable\", \"prefer\", \"require\", \"verify-ca\" or \"verify-full\"",
      )),
    }
  }
}

/// A certificate or key in PEM.
#[derive(Clone, Debug)]
pub enum Pem {
  Text(String),
  File(PathBuf),
}

impl From<String> for Pem {
  fn from(text: String) -> Self {
    if text.trim_start().starts_with("-----BEGIN") {
      Self::Text(text)
    } else {
      Self::File(text.into())
    }
  }
}

/// The largest pool that makes sense for locks, and far below what a server has connections for.
const MAX_CONNECTIONS: u32 = 100;
const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(3600));

impl Server {
  /// The one that a URL names, with everything else by default.
  #[must_use]
  pub fn at(url: &str) -> Self {
    Self {
      url: Some(url.to_owned()),
      ..Self::default()
    }
  }

  /// One that may stand still for a while, on a busy machine.
  #[cfg(test)]
  pub(in crate::adapters) fn patient(url: &str) -> Self {
    let patience = Some(Duration::from_secs(60));
    Self {
      connect_timeout: patience,
      statement_timeout: patience,
      ..Self::at(url)
    }
  }

  pub(in crate::adapters) fn check(&self) -> Result<()> {
    if !(1..=MAX_CONNECTIONS).contains(&self.max_connections()) {
      return Err(Error::configuration(format!(
        "maxConnections is {}: use 1 to {MAX_CONNECTIONS}",
        self.max_connections()
      )));
    }
    for (name, timeout) in [
      ("connectTimeout", self.connect_timeout()),
      ("statementTimeout", self.statement_timeout()),
    ] {
      if timeout < TIMEOUTS.0 || timeout > TIMEOUTS.1 {
        return Err(Error::configuration(format!(
          "the {name} is {timeout:?}: use a millisecond to an hour"
        )));
      }
    }
    if self.tls.certificate.is_some() != self.tls.key.is_some() {
      return Err(Error::configuration(
        "of a client certificate and its key only one is set: set both, or neither",
      ));
    }
    Ok(())
  }

  pub(in crate::adapters) fn max_connections(&self) -> u32 {
    self.max_connections.unwrap_or(4)
  }

  pub(in crate::adapters) fn connect_timeout(&self) -> Duration {
    self.connect_timeout.unwrap_or(Duration::from_secs(5))
  }

  pub(in crate::adapters) fn statement_timeout(&self) -> Duration {
    self.statement_timeout.unwrap_or(Duration::from_secs(10))
  }

  pub(in crate::adapters) fn sweep_interval(&self) -> Option<Duration> {
    let interval = self.sweep_interval.unwrap_or(Duration::from_secs(60));
    (!interval.is_zero()).then_some(interval)
  }
}

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::tls::TlsSettings;
use crate::error::{Error, Result};

/// Where an adapter connects to, as whom, and how long it is patient.
pub struct Settings {
  pub place: Place,
  pub credentials: Credentials,
  /// The number of the database; a cluster has only database 0.
  pub database: i64,
  /// `None`: the connections are not encrypted.
  pub tls: Option<TlsSettings>,
  /// Stands in front of every key.
  pub key_prefix: String,
  /// The longest that any request takes, connecting included.
  pub command_timeout: Duration,
  /// The longest that connecting takes.
  pub connect_timeout: Duration,
  /// `None`: a grant counts when the master has it.
  pub replicas: Option<Replicas>,
}

/// Where the servers are.
pub enum Place {
  Server(Address),
  Sentinels {
    sentinels: Vec<Address>,
    /// The name under which they watch the master.
    name: String,
    credentials: Credentials,
    tls: Option<TlsSettings>,
    translation: Translation,
  },
  Cluster {
    /// Nodes to ask for the others.
    nodes: Vec<Address>,
    translation: Translation,
  },
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Address {
  Tcp { host: String, port: u16 },
  Unix(PathBuf),
}

/// The addresses as they are reached from here, by those the servers know of each other, behind a NAT.
pub type Translation = HashMap<Address, Address>;

#[derive(Clone, Default)]
pub struct Credentials {
  /// `None`: the server's default user.
  pub username: Option<String>,
  pub password: Option<String>,
}

/// How many replicas have to have heard of a grant before it counts, and how long they may take.
#[derive(Clone, Copy)]
pub struct Replicas {
  pub count: u32,
  pub timeout: Duration,
}

impl Settings {
  pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);
  pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
  pub const REPLICAS_TIMEOUT: Duration = Duration::from_secs(1);

  #[must_use]
  pub fn new(place: Place) -> Self {
    Self {
      place,
      credentials: Credentials::default(),
      database: 0,
      tls: None,
      key_prefix: String::new(),
      command_timeout: Self::COMMAND_TIMEOUT,
      connect_timeout: Self::CONNECT_TIMEOUT,
      replicas: None,
    }
  }

  pub(super) fn check(&self) -> Result<()> {
    let is_anywhere = match &self.place {
      Place::Server(_) => true,
      Place::Sentinels { sentinels: nodes, .. } | Place::Cluster { nodes, .. } => !nodes.is_empty(),
    };
    if !is_anywhere {
      return Err(Error::configuration(
        "no Redis server is named: name one sentinel or one node of the cluster at least",
      ));
    }
    if self.database != 0 && matches!(self.place, Place::Cluster { .. }) {
      return Err(Error::configuration(
        "a Redis cluster has only database 0: leave the database out",
      ));
    }
    if let Some(Replicas { count, timeout }) = self.replicas {
      if count == 0 {
        return Err(Error::configuration(
          "replicas is 0: ask for 1 at least, or leave it out",
        ));
      }
      // What they have not heard of is taken back, which needs time as well.
      if timeout * 2 > self.command_timeout {
        return Err(Error::configuration(
          "the timeout of the replicas is more than half the commandTimeout: shorten the one or lengthen the other",
        ));
      }
    }
    Ok(())
  }
}

/// A timeout in milliseconds, from 1 to an hour.
///
/// # Errors
///
/// [`Configuration`](crate::ErrorKind::Configuration), naming the setting, if it is out of that range.
pub fn timeout(name: &str, milliseconds: f64) -> Result<Duration> {
  if (1.0..=3_600_000.0).contains(&milliseconds) {
    return Ok(Duration::from_secs_f64(milliseconds / 1000.0));
  }
  Err(Error::configuration(format!(
    "the {name} is {milliseconds} ms: use 1 ms to an hour"
  )))
}

impl Address {
  pub const PORT: u16 = 6379;

  #[must_use]
  pub fn tcp(host: impl Into<String>, port: u16) -> Self {
    Self::Tcp {
      host: host.into(),
      port,
    }
  }

  /// Of `HOST:PORT`, where the host may be an IPv6 address, with or without brackets.
  #[must_use]
  pub fn parse(text: &str) -> Option<Self> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some(Self::tcp(host, port.parse().ok()?))
  }
}

impl fmt::Display for Address {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match self {
      Self::Tcp { host, port } if host.contains(':') => write!(formatter, "[{host}]:{port}"),
      Self::Tcp { host, port } => write!(formatter, "{host}:{port}"),
      Self::Unix(path) => write!(formatter, "{}", path.display()),
    }
  }
}

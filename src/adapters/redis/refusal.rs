//! What a server refuses, in words that say what to do.

use std::io;

use redis::{RedisError, ServerErrorKind};

use super::settings::Address;
use crate::error::{Error, ErrorKind};

/// Whatever is refused was not done.
const REFUSALS: [(&str, ErrorKind, &str); 17] = [
  (
    "LOADING",
    ErrorKind::Connection,
    "the Redis server is still loading its data: try again in a moment",
  ),
  (
    "READONLY",
    ErrorKind::Connection,
    "the Redis server is a replica, which grants no locks: connect to the master, or through sentinels that follow it",
  ),
  (
    "MASTERDOWN",
    ErrorKind::Connection,
    "the Redis server is a replica that has lost its master: try again when a master is there",
  ),
  (
    "CLUSTERDOWN",
    ErrorKind::Connection,
    "the Redis cluster is down: some of its slots are served by no node",
  ),
  (
    "MOVED",
    ErrorKind::Configuration,
    "the Redis server is a node of a cluster: pass the client of the cluster, or a \"redis+cluster://\" URL",
  ),
  (
    "ASK",
    ErrorKind::Configuration,
    "the Redis server is a node of a cluster: pass the client of the cluster, or a \"redis+cluster://\" URL",
  ),
  (
    "TRYAGAIN",
    ErrorKind::Connection,
    "the Redis cluster is moving the slot of this key: try again in a moment",
  ),
  (
    "NOREPLICAS",
    ErrorKind::Connection,
    "the Redis server has fewer replicas than its min-replicas-to-write asks for, so it writes nothing",
  ),
  (
    "BUSY",
    ErrorKind::Connection,
    "the Redis server is busy with a script that does not end",
  ),
  (
    "OOM",
    ErrorKind::Database,
    "the Redis server has reached its maxmemory: give it more, or let it evict other keys than locks",
  ),
  (
    "MISCONF",
    ErrorKind::Database,
    "the Redis server cannot save to its disk, so it writes nothing",
  ),
  (
    "WRONGTYPE",
    ErrorKind::Database,
    "the key holds something that is no lock: use another key or another keyPrefix",
  ),
  (
    "NOPERM",
    ErrorKind::Configuration,
    "the Redis user is not allowed to do this: it needs +eval +evalsha and the commands of the scripts on the keys of \
     the locks",
  ),
  (
    "ACL failure",
    ErrorKind::Configuration,
    "the Redis user is not allowed to do this: it needs the commands of the scripts on the keys of the locks",
  ),
  (
    "The user executing the script",
    ErrorKind::Configuration,
    "the Redis user is not allowed to do this: it needs the commands of the scripts on the keys of the locks",
  ),
  (
    "NOAUTH",
    ErrorKind::Configuration,
    "the Redis server wants a password: pass one",
  ),
  (
    "WRONGPASS",
    ErrorKind::Configuration,
    "the Redis server refuses the user or the password: check the credentials",
  ),
];

/// Of a command that was answered by an error.
pub(super) fn of(error: &RedisError) -> Error {
  let (kind, message) = match refusal(error.code(), error.detail().unwrap_or_default()) {
    Some((_, kind, message)) => (*kind, *message),
    None => (ErrorKind::Database, "the Redis server refused a command"),
  };
  Error::new(kind, message).caused_by(error.clone())
}

/// Scripts of servers before version 7 fail with a general error that has the particular one in its text.
fn refusal(code: Option<&str>, detail: &str) -> Option<&'static (&'static str, ErrorKind, &'static str)> {
  REFUSALS.iter().find(|(known, ..)| code == Some(known)).or_else(|| {
    REFUSALS
      .iter()
      .find(|(known, ..)| code == Some("ERR") && detail.contains(known))
  })
}

/// Whether a server says that it is a replica, possibly from inside a script.
pub(super) fn is_of_a_replica(error: &redis::ServerError) -> bool {
  error.kind() == Some(ServerErrorKind::ReadOnly)
    || error.kind() == Some(ServerErrorKind::MasterDown)
    || error.details().is_some_and(|detail| detail.contains("READONLY"))
}

pub(super) fn of_socket(address: &Address, error: io::Error) -> Error {
  let certificate = error
    .get_ref()
    .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    .filter(|error| matches!(error, rustls::Error::InvalidCertificate(_)));
  if certificate.is_some() {
    return Error::configuration(format!(
      "the TLS certificate of the Redis server at {address} is not trusted: pass its authority as tls.ca"
    ))
    .caused_by(error);
  }
  Error::new(
    ErrorKind::Connection,
    format!("the Redis server at {address} could not be reached: check that it runs and listens there"),
  )
  .caused_by(error)
}

pub(super) fn of_handshake(address: &Address, error: &RedisError) -> Error {
  match error.kind() {
    redis::ErrorKind::AuthenticationFailed => {
      Error::configuration("the Redis server refuses the user or the password: check the credentials")
        .caused_by(error.clone())
    }
    redis::ErrorKind::InvalidClientConfig => {
      Error::configuration("the Redis settings are not usable").caused_by(error.clone())
    }
    redis::ErrorKind::RESP3NotSupported => {
      Error::configuration("the Redis server does not speak RESP3: use version 6.2 or newer").caused_by(error.clone())
    }
    redis::ErrorKind::Server(_) | redis::ErrorKind::Extension => of(error),
    _ => Error::new(
      ErrorKind::Connection,
      format!("the Redis server at {address} ended the connection before it began"),
    )
    .caused_by(error.clone()),
  }
}

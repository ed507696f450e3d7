use std::sync::{Arc, Mutex, PoisonError};

use redis::aio::AsyncPushSender;
use tokio::time::{Duration, Instant, timeout_at};

use super::connection::{Connection, Dialer};
use super::sentinel::Sentinels;
use super::settings::Address;
use crate::error::{Error, ErrorKind, Result};

/// One server, and the connection to it, which is made anew when it is needed and has ended.
pub(super) struct Node {
  dialer: Arc<Dialer>,
  pub(super) whereabouts: Whereabouts,
  connect_timeout: Duration,
  current: Mutex<Option<Connection>>,
  /// Held by the one who connects, for all who want to; with it, what the last one failed with, and when.
  dialing: tokio::sync::Mutex<Option<(Instant, Error)>>,
}

pub(super) enum Whereabouts {
  At(Address),
  /// Wherever the master is at the moment.
  Told(Sentinels),
}

impl Node {
  pub(super) fn new(dialer: Arc<Dialer>, whereabouts: Whereabouts, connect_timeout: Duration) -> Self {
    Self {
      dialer,
      whereabouts,
      connect_timeout,
      current: Mutex::default(),
      dialing: tokio::sync::Mutex::default(),
    }
  }

  pub(super) fn address(&self) -> Option<&Address> {
    match &self.whereabouts {
      Whereabouts::At(address) => Some(address),
      Whereabouts::Told(_) => None,
    }
  }

  /// A connection that has not ended, as far as is known here.
  pub(super) async fn connection(&self, deadline: Instant) -> Result<Connection> {
    if let Some(connection) = self.living() {
      return Ok(connection);
    }
    let asked = Instant::now();
    let limit = deadline.min(asked + self.connect_timeout);
    let Ok(mut failure) = timeout_at(limit, self.dialing.lock()).await else {
      return Err(self.silence());
    };
    if let Some(connection) = self.living() {
      return Ok(connection);
    }
    // Who has waited for somebody else's attempt does not need one of their own to know.
    if let Some((at, error)) = &*failure
      && *at >= asked
    {
      return Err(error.clone());
    }
    let outcome = match timeout_at(limit, self.dial()).await {
      Ok(outcome) => outcome,
      Err(_) => Err(self.silence()),
    };
    match &outcome {
      Ok(connection) => *self.lock() = Some(connection.clone()),
      Err(error) => *failure = Some((Instant::now(), error.clone())),
    }
    outcome
  }

  async fn dial(&self) -> Result<Connection> {
    match &self.whereabouts {
      Whereabouts::At(address) => self.dialer.dial(address).await,
      Whereabouts::Told(sentinels) => Ok(sentinels.find(&self.dialer).await?.1),
    }
  }

  /// A connection of its own to hear what is published.
  pub(super) async fn dial_to_hear(&self, ears: impl AsyncPushSender) -> Result<Connection> {
    let dialing = async {
      match &self.whereabouts {
        Whereabouts::At(address) => self.dialer.dial_to_hear(address, ears).await,
        Whereabouts::Told(sentinels) => {
          let (address, _) = sentinels.find(&self.dialer).await?;
          self.dialer.dial_to_hear(&address, ears).await
        }
      }
    };
    match tokio::time::timeout(self.connect_timeout, dialing).await {
      Ok(outcome) => outcome,
      Err(_) => Err(self.silence()),
    }
  }

  /// Lets go of a connection that does not do any more, so that the next request gets another.
  pub(super) fn forget(&self, connection: &Connection) {
    let mut current = self.lock();
    if current.as_ref().is_some_and(|current| current.is(connection)) {
      *current = None;
    }
  }

  pub(super) fn close(&self) {
    *self.lock() = None;
  }

  fn living(&self) -> Option<Connection> {
    self.lock().as_ref().filter(|connection| !connection.is_over()).cloned()
  }

  fn lock(&self) -> std::sync::MutexGuard<'_, Option<Connection>> {
    self.current.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn silence(&self) -> Error {
    let whom = match &self.whereabouts {
      Whereabouts::At(address) => format!("the Redis server at {address}"),
      Whereabouts::Told(_) => "the Redis master or its sentinels".to_owned(),
    };
    Error::new(
      ErrorKind::Connection,
      format!("{whom} did not take the connection in time: check that it runs and can be reached"),
    )
  }
}

//! Locks between all processes that reach one Redis, version 6.2 or newer, or Valkey: a server, the master that sentinels
//! watch over, or a cluster.
//!
//! The record, under the caller's prefix:
//!
//! ```text
//! KEY           the owner; expires by the server's clock with the lease
//! {KEY}:fence   the last fence granted for KEY; expires a day after its grant and the ttl of it
//! ```
//!
//! 1. A batch is one pipeline over one connection, in a cluster one for each node. It calls a script, which answers some
//!    requests at once; in a cluster one, whose keys are in one slot.
//! 2. The script is called by its hash. A server that does not know it (it was restarted, told to forget, or has just
//!    become the master) has done nothing; it is asked again with the text of the script.
//! 3. The fence outlives the lock, so it grows through release and expiry. When it has been forgotten, the server's time
//!    in microseconds, which every fence is at least, is far above it.
//! 4. A release is published on the channel `{KEY}:released`, in a cluster to the nodes of the slot alone.

mod cluster;
mod connection;
mod exchange;
mod node;
mod refusal;
mod replicas;
mod script;
mod sentinel;
mod servers;
pub mod settings;
mod slot;
mod socket;
mod subscriber;
pub mod tls;
mod url;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::time::{Duration, Instant};

use self::exchange::Exchange;
use self::script::{MOST_IN_A_CALL, Style};
use self::servers::Servers;
use self::settings::{Replicas, Settings};
use self::subscriber::Subscriber;
use super::{LockAdapter, Pace, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};

pub struct RedisAdapter {
  servers: Arc<Servers>,
  style: Style,
  replicas: Option<Replicas>,
  command_timeout: Duration,
  life: Mutex<Life>,
}

enum Life {
  /// With who listens, from the first watch on.
  Open(Option<Subscriber>),
  Closed,
}

impl RedisAdapter {
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if the settings contradict each other or TLS cannot be used.
  /// Nothing is connected to yet.
  pub fn new(settings: Settings) -> Result<Self> {
    settings.check()?;
    Ok(Self {
      style: Style {
        key_prefix: settings.key_prefix.clone(),
        is_cluster: matches!(settings.place, settings::Place::Cluster { .. }),
      },
      replicas: settings.replicas,
      command_timeout: settings.command_timeout,
      servers: Arc::new(Servers::new(settings)?),
      life: Mutex::new(Life::Open(None)),
    })
  }

  /// Over the servers at a URL: see [`Settings::of_url`]. The prefix stands in front of every key.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is not understood.
  pub fn open(url: &str, key_prefix: Option<&str>) -> Result<Self> {
    let mut settings = Settings::of_url(url)?;
    key_prefix.unwrap_or_default().clone_into(&mut settings.key_prefix);
    Self::new(settings)
  }

  fn check_open(&self) -> Result<()> {
    match *self.life() {
      Life::Open(_) => Ok(()),
      Life::Closed => Err(Error::closed()),
    }
  }

  fn life(&self) -> std::sync::MutexGuard<'_, Life> {
    self.life.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn deadline(&self) -> Instant {
    Instant::now() + self.command_timeout
  }
}

#[async_trait]
impl LockAdapter for RedisAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    if let Err(error) = self.check_open() {
      return vec![Err(error); requests.len()];
    }
    let exchange = Exchange {
      servers: &self.servers,
      style: &self.style,
      replicas: self.replicas,
      requests: &requests,
      deadline: self.deadline(),
    };
    exchange.answers().await
  }

  /// A call each: the server answers one while another is written, and one is read while it answers the next.
  fn pace(&self) -> Pace {
    Pace {
      batch_size: MOST_IN_A_CALL,
      most_under_way: 16,
      keeps_order: true,
    }
  }

  async fn confirm(&self, key: &Key, owner: &Owner, fence: Fence) -> Result<bool> {
    self.check_open()?;
    let Some(replicas) = self.replicas else {
      return Ok(true);
    };
    let deadline = self.deadline();
    let node = self.servers.node_for(&self.style.name(key), deadline).await;
    let node = node.map_err(|error| Error::new(ErrorKind::Ambiguous, error.to_string()))?;
    let confirmed = replicas::confirm_found(replicas, &self.style, &node, (key, owner, fence), deadline).await;
    if confirmed.is_err() {
      // Another node may serve the key now.
      self.servers.doubt();
    }
    confirmed
  }

  async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    let subscriber = match &mut *self.life() {
      Life::Closed => return Err(Error::closed()),
      Life::Open(subscriber) => subscriber
        .get_or_insert_with(|| Subscriber::start(self.servers.clone()))
        .clone(),
    };
    subscriber.watch(self.style.name(key)).await.map(Some)
  }

  async fn init(&self) -> Result<()> {
    self.check_open()?;
    let deadline = self.deadline();
    let node = self.servers.node_for(&self.style.key_prefix, deadline).await?;
    let connection = node.connection(deadline).await?;
    connection.ask(redis::cmd("PING"), deadline).await.map(drop)
  }

  async fn deinit(&self) -> Result<()> {
    self.check_open()
  }

  /// The server removes what has expired by itself.
  async fn remove_all_expired(&self) -> Result<u64> {
    self.check_open().map(|()| 0)
  }

  async fn close(&self) {
    let life = std::mem::replace(&mut *self.life(), Life::Closed);
    if let Life::Open(Some(subscriber)) = life {
      subscriber.close();
    }
    self.servers.close();
  }
}

#[cfg(test)]
mod tests;

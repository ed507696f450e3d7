//! Locks between all processes that reach one PostgreSQL server, version 12 or newer.
//!
//! The record, in a table of the caller's choice:
//!
//! ```text
//! lock   key text primary key | owner text | expiration bigint, epoch ms, null = never, long over = free
//!        fence bigint | waited bigint, until when somebody listens for a release
//! ```
//!
//! 1. The verbs of a batch that are alike are one statement, in a transaction of its own, whatever their number. The
//!    statements are those of `sql/postgres.rs`; this module carries them.
//! 2. No statement relies on its session: what it sets ends with its transaction, so that a pooler may stand between.
//! 3. Releases are told of over NOTIFY, but only while somebody waits for that key: it makes commits wait for each
//!    other. Whoever waits says so in the row.

mod driver;
mod listener;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;

use self::driver::PostgresDriver;
use self::listener::Listener;
pub use self::settings::PostgresSettings;
use super::sql::{Connections, Dialect, Place, SqlAdapter};
use super::{LockAdapter, Pace, Watch};
use crate::error::Result;
use crate::name::Key;
use crate::request::{Answer, Request};

pub struct PostgresAdapter {
  adapter: SqlAdapter,
  listener: Option<Arc<Listener>>,
  pace: Pace,
}

impl PostgresAdapter {
  /// Connects to nothing yet.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if a setting is not usable.
  pub fn new(settings: &PostgresSettings) -> Result<Self> {
    let table = settings.table()?;
    let driver = PostgresDriver::new(settings)?;
    let connections = Arc::new(Connections::new(driver.clone(), settings.server.clone()));
    let listener = settings
      .listens
      .then(|| Arc::new(Listener::new(driver, Arc::clone(&connections), &table)));
    let sweep_interval = settings.server.sweep_interval();
    // While the server is at one, the other is read, and what comes after it is written.
    let pace = Pace {
      most_under_way: settings.server.max_connections().min(2),
      keeps_order: false,
      ..Pace::default()
    };
    Ok(Self {
      adapter: SqlAdapter::sweeping(
        connections,
        Dialect::Postgres,
        &table,
        Place::OurConnections,
        sweep_interval,
      ),
      listener,
      pace,
    })
  }
}

#[async_trait]
impl LockAdapter for PostgresAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.adapter.answer(requests).await
  }

  fn pace(&self) -> Pace {
    self.pace
  }

  async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    match &self.listener {
      Some(listener) => {
        self.adapter.init().await?;
        Listener::watch(listener, key).await
      }
      None => Ok(None),
    }
  }

  async fn init(&self) -> Result<()> {
    self.adapter.init().await
  }

  async fn deinit(&self) -> Result<()> {
    self.adapter.deinit().await
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    self.adapter.remove_all_expired().await
  }

  async fn close(&self) {
    if let Some(listener) = &self.listener {
      listener.close();
    }
    self.adapter.close().await;
  }
}

#[cfg(test)]
mod tests;

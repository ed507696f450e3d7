//! Locks between all processes that reach one MySQL server, version 8 or newer, or MariaDB, 10.6 or newer.
//!
//! The record, in a table of the caller's choice:
//!
//! ```text
//! lock   key varbinary primary key | owner varchar | expiration bigint, epoch ms, null = never, long over = free
//!        fence bigint | batch bigint, who changed the row last
//! ```
//!
//! The statements are those of `sql/mysql.rs`; this module carries them.

mod driver;
mod settings;

use std::sync::Arc;

use async_trait::async_trait;

use self::driver::MysqlDriver;
pub use self::settings::MysqlSettings;
use super::LockAdapter;
use super::sql::{Connections, Dialect, Place, SqlAdapter, Table};
use crate::error::Result;
use crate::request::{Answer, Request};

pub struct MysqlAdapter(SqlAdapter);

impl MysqlAdapter {
  /// Connects to nothing yet.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if a setting is not usable.
  pub fn new(settings: &MysqlSettings) -> Result<Self> {
    let table = Table::new(settings.table_name.as_deref(), None)?;
    let connections = Connections::new(MysqlDriver::new(settings)?, settings.server.clone());
    Ok(Self(SqlAdapter::sweeping(
      Arc::new(connections),
      Dialect::Mysql,
      &table,
      Place::OurConnections,
      settings.server.sweep_interval(),
    )))
  }
}

#[async_trait]
impl LockAdapter for MysqlAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.0.answer(requests).await
  }

  async fn init(&self) -> Result<()> {
    self.0.init().await
  }

  async fn deinit(&self) -> Result<()> {
    self.0.deinit().await
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    self.0.remove_all_expired().await
  }

  async fn close(&self) {
    self.0.close().await;
  }
}

#[cfg(test)]
mod tests;

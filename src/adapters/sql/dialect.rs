use std::time::Duration;

use async_trait::async_trait;

use super::client::SqlClient;
use super::failure::Failure;
use super::waves::Verb;
use super::{Table, mysql, postgres, sqlite};
use crate::request::{Answer, Request};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
  Postgres,
  /// MariaDB too.
  Mysql,
  Sqlite,
}

impl Dialect {
  /// The statements that create the lock table, for those who run their own migrations.
  #[must_use]
  pub fn definition(self, table: &Table) -> Vec<String> {
    self.statements(table, false).definition()
  }

  /// `is_ours`: the connections are this crate's own, so that their transactions may be tuned.
  pub(super) fn statements(self, table: &Table, is_ours: bool) -> Box<dyn Statements> {
    match self {
      Self::Postgres => Box::new(postgres::Statements::new(table, is_ours)),
      Self::Mysql => Box::new(mysql::Statements::new(table, is_ours)),
      Self::Sqlite => Box::new(sqlite::Statements::new(table)),
    }
  }
}

/// The statements for one table in one dialect, composed once.
#[async_trait]
pub(super) trait Statements: Send + Sync + 'static {
  /// How many requests fit a statement.
  fn max_group(&self) -> usize {
    512
  }

  /// Answers requests of one verb on different keys, sorted by key: one answer a request, in their order.
  async fn answer(&self, client: &dyn SqlClient, verb: Verb, requests: &[&Request]) -> Result<Vec<Answer>, Failure>;

  /// See [`Dialect::definition`].
  fn definition(&self) -> Vec<String>;

  /// Creates the table, or checks and completes what is there. Changes nothing, and nothing of the schema is asked
  /// twice, where it is complete.
  async fn ensure(&self, client: &dyn SqlClient, is_in_transaction: bool) -> Result<(), Failure>;

  /// Drops the table unless a live lease is in it. Whether there is none now.
  async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure>;

  /// Deletes a bounded number of rows whose lease is over and was granted longer ago than this, and tells how many.
  async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure>;
}

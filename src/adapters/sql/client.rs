use std::sync::Arc;

use async_trait::async_trait;

use super::failure::Failure;

/// A parameter of a statement, or a value of its answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
  Null,
  Integer(i64),
  Text(String),
}

/// What a database answered to a statement.
#[derive(Clone, Debug, Default)]
pub struct Reply {
  /// Values in the order in which the statement names its columns.
  pub rows: Vec<Vec<Value>>,
  /// Zero where a client does not tell.
  pub affected_rows: u64,
  /// What MySQL calls the last insert id; zero where a client does not tell.
  pub insert_id: u64,
}

/// Carries statements to a database, each in a transaction of its own, or all in the one the client stands for.
///
/// Two statements need not travel over the same connection, and no statement relies on what another left in a session.
#[async_trait]
pub trait SqlClient: Send + Sync + 'static {
  /// Parameters stand in the statement as `$1` for PostgreSQL and as `?` for the others.
  async fn query(&self, statement: &Arc<str>, parameters: Vec<Value>) -> Result<Reply, Failure>;

  /// Lets go of the connections, if they are this client's own.
  async fn close(&self);
}

impl Reply {
  /// The value in a row and column.
  pub(super) fn value(&self, row: usize, column: usize) -> &Value {
    self
      .rows
      .get(row)
      .and_then(|row| row.get(column))
      .unwrap_or(&Value::Null)
  }
}

impl Value {
  pub(super) fn text(text: impl Into<String>) -> Self {
    Self::Text(text.into())
  }

  /// Some clients answer large integers as text.
  pub(super) fn integer(&self) -> Option<i64> {
    match self {
      Self::Integer(integer) => Some(*integer),
      Self::Text(text) => text.parse().ok(),
      Self::Null => None,
    }
  }

  pub(super) fn as_str(&self) -> Option<&str> {
    match self {
      Self::Text(text) => Some(text),
      _ => None,
    }
  }
}

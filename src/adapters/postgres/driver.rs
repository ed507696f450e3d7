use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{
  AssertSqlSafe, Column, ConnectOptions, Connection, Either, Executor, PgConnection, Row, TypeInfo, ValueRef,
};

use super::PostgresSettings;
use crate::adapters::sql::{Dialect, Driver, Failure, Password, Reply, Value, failure_of};
use crate::error::Result as Opened;

/// Talks to PostgreSQL over sqlx.
#[derive(Clone)]
pub(super) struct PostgresDriver {
  options: PgConnectOptions,
  password: Option<Password>,
  prepares: bool,
}

impl PostgresDriver {
  pub(super) fn new(settings: &PostgresSettings) -> Opened<Self> {
    Ok(Self {
      options: settings.connect_options()?,
      password: settings.server.password.clone(),
      prepares: settings.prepares,
    })
  }

  pub(super) async fn options(&self) -> Result<PgConnectOptions, Failure> {
    match &self.password {
      Some(password) => {
        let text = password.text().await.map_err(Failure::Error)?;
        Ok(self.options.clone().password(&text))
      }
      None => Ok(self.options.clone()),
    }
  }
}

#[async_trait]
impl Driver for PostgresDriver {
  type Connection = PgConnection;

  async fn connect(&self) -> Result<PgConnection, Failure> {
    let options = self.options().await?;
    options
      .connect()
      .await
      .map_err(|error| failure_of(Dialect::Postgres, &error, false))
  }

  async fn query(
    &self,
    connection: &mut PgConnection,
    statement: &Arc<str>,
    parameters: Vec<Value>,
  ) -> Result<Reply, Failure> {
    let statement = AssertSqlSafe(Arc::clone(statement));
    let failed = |error: sqlx::Error| failure_of(Dialect::Postgres, &error, true);
    if parameters.is_empty() {
      return collect(connection, sqlx::raw_sql(statement)).await.map_err(failed);
    }
    let mut query = sqlx::query(statement).persistent(self.prepares);
    for parameter in parameters {
      query = match parameter {
        Value::Null => query.bind(None::<String>),
        Value::Text(text) => query.bind(text),
        Value::Integer(integer) => query.bind(integer),
      };
    }
    if self.prepares {
      return collect(connection, query).await.map_err(failed);
    }
    // The driver prepares and executes in two trips. Only inside a transaction does a pooler keep them together.
    connection.execute("BEGIN").await.map_err(failed)?;
    let reply = collect(connection, query).await;
    let end = if reply.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute(end).await;
    let reply = reply.map_err(failed)?;
    ended.map_err(failed)?;
    Ok(reply)
  }

  async fn is_alive(&self, connection: &mut PgConnection) -> bool {
    connection.ping().await.is_ok()
  }

  async fn close(&self, connection: PgConnection) {
    drop(connection.close().await);
  }
}

async fn collect<'query>(
  connection: &mut PgConnection,
  query: impl sqlx::Execute<'query, sqlx::Postgres> + 'query,
) -> Result<Reply, sqlx::Error> {
  let mut reply = Reply::default();
  let mut results = connection.fetch_many(query);
  while let Some(result) = std::future::poll_fn(|context| results.as_mut().poll_next(context)).await {
    match result? {
      Either::Left(done) => reply.affected_rows += done.rows_affected(),
      Either::Right(row) => reply.rows.push(values(&row)?),
    }
  }
  Ok(reply)
}

fn values(row: &PgRow) -> Result<Vec<Value>, sqlx::Error> {
  row
    .columns()
    .iter()
    .map(|column| {
      let index = column.ordinal();
      if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
      }
      match column.type_info().name() {
        "INT8" => row.try_get(index).map(Value::Integer),
        "TEXT" => row.try_get(index).map(Value::Text),
        other => Err(sqlx::Error::Protocol(format!(
          "the column {} is of the type {other}",
          column.name()
        ))),
      }
    })
    .collect()
}

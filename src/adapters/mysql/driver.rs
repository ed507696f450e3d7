use std::sync::Arc;

use async_trait::async_trait;
use sqlx::mysql::{MySqlConnectOptions, MySqlRow};
use sqlx::{
  AssertSqlSafe, Column, ConnectOptions, Connection, Either, Executor, MySqlConnection, Row, TypeInfo, ValueRef,
};

use super::MysqlSettings;
use crate::adapters::sql::{Dialect, Driver, Failure, Password, Reply, Value, failure_of};
use crate::error::Result as Opened;

/// A statement that waits longer than a second for a row gives up, and what travels with it is asked one by one.
const SESSION: &str = "SET SESSION innodb_lock_wait_timeout = 1";

/// Talks to MySQL and MariaDB over sqlx.
pub(super) struct MysqlDriver {
  options: MySqlConnectOptions,
  password: Option<Password>,
}

impl MysqlDriver {
  pub(super) fn new(settings: &MysqlSettings) -> Opened<Self> {
    Ok(Self {
      options: settings.connect_options()?,
      password: settings.server.password.clone(),
    })
  }
}

#[async_trait]
impl Driver for MysqlDriver {
  type Connection = MySqlConnection;

  async fn connect(&self) -> Result<MySqlConnection, Failure> {
    let options = match &self.password {
      Some(password) => {
        let text = password.text().await.map_err(Failure::Error)?;
        // An empty one is none: MySQL tells them apart.
        if text.is_empty() {
          self.options.clone()
        } else {
          self.options.clone().password(&text)
        }
      }
      None => self.options.clone(),
    };
    let failed = |error: sqlx::Error| failure_of(Dialect::Mysql, &error, false);
    let mut connection = options.connect().await.map_err(failed)?;
    connection.execute(SESSION).await.map_err(failed)?;
    Ok(connection)
  }

  async fn query(
    &self,
    connection: &mut MySqlConnection,
    statement: &Arc<str>,
    parameters: Vec<Value>,
  ) -> Result<Reply, Failure> {
    let statement = AssertSqlSafe(Arc::clone(statement));
    let failed = |error: sqlx::Error| failure_of(Dialect::Mysql, &error, true);
    if parameters.is_empty() {
      return collect(connection, sqlx::raw_sql(statement)).await.map_err(failed);
    }
    let mut query = sqlx::query(statement);
    for parameter in parameters {
      query = match parameter {
        Value::Null => query.bind(None::<String>),
        Value::Text(text) => query.bind(text),
        Value::Integer(integer) => query.bind(integer),
      };
    }
    collect(connection, query).await.map_err(failed)
  }

  async fn is_alive(&self, connection: &mut MySqlConnection) -> bool {
    connection.ping().await.is_ok()
  }

  async fn close(&self, connection: MySqlConnection) {
    drop(connection.close().await);
  }
}

async fn collect<'query>(
  connection: &mut MySqlConnection,
  query: impl sqlx::Execute<'query, sqlx::MySql> + 'query,
) -> Result<Reply, sqlx::Error> {
  let mut reply = Reply::default();
  let mut results = connection.fetch_many(query);
  while let Some(result) = std::future::poll_fn(|context| results.as_mut().poll_next(context)).await {
    match result? {
      Either::Left(done) => {
        reply.affected_rows += done.rows_affected();
        reply.insert_id = done.last_insert_id();
      }
      Either::Right(row) => reply.rows.push(values(&row)?),
    }
  }
  Ok(reply)
}

fn values(row: &MySqlRow) -> Result<Vec<Value>, sqlx::Error> {
  row
    .columns()
    .iter()
    .map(|column| {
      let index = column.ordinal();
      if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
      }
      match column.type_info().name() {
        "BIGINT" | "INT" => row.try_get(index).map(Value::Integer),
        _ => row.try_get_unchecked(index).map(Value::Text),
      }
    })
    .collect()
}

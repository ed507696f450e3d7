//! A database client that the application already has, as a [`SqlClient`] like any other.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use napi::bindgen_prelude::{Either, Either3, FnArgs, Function, Null, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::outcome::NativeFailure;
use super::provider::NativeLockProvider;
use crate::adapters::sql::{Dialect, Failure, Place, Reply, Said, SqlAdapter, SqlClient, Table, Value};
use crate::error::{Error, ErrorKind};
use crate::provider::LockProvider;

/// Longer than any client of the application waits; it only keeps a client that never answers from being waited for for
/// ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// A value of a row, or a parameter.
pub type NativeSqlValue = Either3<String, f64, Null>;

/// What a client answered to a statement.
#[napi(object, object_to_js = false)]
pub struct NativeSqlReply {
  /// One array a row, with the values in the order in which the statement names its columns: strings, numbers or null.
  /// Integers that a driver answers as bigint or text go as text. Empty for a statement that answers no rows.
  pub rows: Vec<Vec<NativeSqlValue>>,
  /// How many rows were inserted, updated or deleted; zero if the client does not tell.
  pub affected_rows: f64,
  /// MySQL's `insertId`; zero if the client does not tell, and for the other dialects.
  pub insert_id: f64,
  /// Set if the client failed; then nothing else counts.
  pub failure: Option<NativeSqlFailure>,
}

/// What a client threw, as far as it is of use here: of the driver's error, not of one that wraps it.
#[napi(object, object_to_js = false)]
pub struct NativeSqlFailure {
  pub message: String,
  /// The `code` of the error: `SQLSTATE` for PostgreSQL, `"SQLITE_BUSY"`, `"ECONNREFUSED"`, and so on.
  pub code: Option<String>,
  /// The `errno` of MySQL's drivers, the `errcode` of `node:sqlite`.
  pub number: Option<f64>,
}

type Querying = ThreadsafeFunction<
  FnArgs<(String, Vec<NativeSqlValue>)>,
  Promise<NativeSqlReply>,
  FnArgs<(String, Vec<NativeSqlValue>)>,
  napi::Status,
  false,
  true,
>;

/// What JavaScript hands over for it.
pub type QueryingFunction<'env> = Function<'env, FnArgs<(String, Vec<NativeSqlValue>)>, Promise<NativeSqlReply>>;

#[napi(object, object_to_js = false)]
pub struct NativeSqlOptions {
  /// Default "lock".
  pub table_name: Option<String>,
  /// For PostgreSQL only.
  pub schema: Option<String>,
  /// Whether the client is a transaction of the application: then nothing is retried, nothing is waited for but rows,
  /// and a table that is missing is created in it, except by MySQL, which would commit what was done before.
  pub is_transaction: Option<bool>,
}

/// A provider over a client of the application, which carries out statements by `query`:
///
/// - `dialect` is "postgres", "mysql" or "sqlite". MariaDB is "mysql".
/// - `query` must never reject or throw: what went wrong is the `failure` of its reply, so that the engine can tell a
///   deadlock from a missing table. Parameters stand as `$1` in PostgreSQL and as `?` in the others; they are text,
///   finite numbers or null. PostgreSQL's statements name each placeholder once and have no question mark; MySQL's have
///   no question mark but the placeholders, and their texts are free of quotes and backslashes.
/// - Each call is one statement, to be run by itself (not in a transaction of its own, unless that is the only way) and
///   not prepared under a name that a pooler might lose. Two are under way at a time only if two batches are; the
///   engine never holds a connection from one to the next, so a pool of size one is enough.
/// - For SQLite, a statement that begins with "SELECT" or contains "RETURNING" answers rows.
/// - Releasing leaves a row whose lease is over in PostgreSQL and MySQL: call `removeAllExpired` now and then.
#[napi(catch_unwind)]
pub fn adopt_sql_client(
  dialect: String,
  #[napi(ts_arg_type = "(statement: string, parameters: Array<string | number | null>) => Promise<NativeSqlReply>")]
  query: QueryingFunction<'_>,
  options: NativeSqlOptions,
) -> napi::Result<Either<NativeLockProvider, NativeFailure>> {
  let checked = dialect_named(&dialect).and_then(|dialect| {
    let table = Table::new(options.table_name.as_deref(), options.schema.as_deref())?;
    Ok((dialect, table))
  });
  let (dialect, table) = match checked {
    Ok(checked) => checked,
    Err(error) => return Ok(Either::B(error.into())),
  };
  let querying = query
    .build_threadsafe_function()
    .weak::<true>()
    .callee_handled::<false>()
    .build()?;
  let place = match options.is_transaction {
    Some(true) => Place::TheirTransaction,
    _ => Place::TheirConnections,
  };
  let client = Arc::new(JsSqlClient { dialect, querying });
  let adapter = SqlAdapter::new(client, dialect, &table, place);
  Ok(Either::A(NativeLockProvider::over(LockProvider::new(Arc::new(
    adapter,
  )))))
}

/// The statements that create the lock table, for those who run their own migrations. `dialect` as for
/// `adoptSqlClient`.
#[napi(catch_unwind)]
pub fn lock_table_definition(
  dialect: String,
  table_name: Option<String>,
  schema: Option<String>,
) -> Either<Vec<String>, NativeFailure> {
  let definition = dialect_named(&dialect)
    .and_then(|dialect| Ok(dialect.definition(&Table::new(table_name.as_deref(), schema.as_deref())?)));
  match definition {
    Ok(statements) => Either::A(statements),
    Err(error) => Either::B(error.into()),
  }
}

fn dialect_named(name: &str) -> crate::error::Result<Dialect> {
  match name {
    "postgres" => Ok(Dialect::Postgres),
    "mysql" => Ok(Dialect::Mysql),
    "sqlite" => Ok(Dialect::Sqlite),
    _ => Err(Error::configuration(
      "there is no such SQL dialect: use \"postgres\", \"mysql\" or \"sqlite\"",
    )),
  }
}

struct JsSqlClient {
  dialect: Dialect,
  querying: Querying,
}

#[async_trait]
impl SqlClient for JsSqlClient {
  async fn query(&self, statement: &Arc<str>, parameters: Vec<Value>) -> Result<Reply, Failure> {
    let parameters = parameters.into_iter().map(to_js).collect();
    let asking = async {
      let reply = self
        .querying
        .call_async_catch((statement.to_string(), parameters).into())
        .await?;
      reply.await
    };
    let reply = match tokio::time::timeout(PATIENCE, asking).await {
      Ok(Ok(reply)) => reply,
      // Only a JavaScript context that is going away gets here, or a reply of another shape.
      Ok(Err(error)) => {
        let error = Error::new(
          ErrorKind::Adapter,
          format!("the client could not be called: {}", error.reason),
        );
        return Err(Failure::Error(error));
      }
      Err(_) => {
        return Err(Failure::lost(Said {
          message: format!("the client did not answer within {} seconds", PATIENCE.as_secs()),
          ..Said::default()
        }));
      }
    };
    if let Some(NativeSqlFailure { message, code, number }) = reply.failure {
      let said = Said {
        message,
        code: code.unwrap_or_default(),
        number: number.map_or(0, integer),
      };
      return Err(Failure::of(self.dialect, said));
    }
    Ok(Reply {
      rows: reply
        .rows
        .into_iter()
        .map(|row| row.into_iter().map(from_js).collect())
        .collect(),
      affected_rows: u64::try_from(integer(reply.affected_rows)).unwrap_or_default(),
      insert_id: u64::try_from(integer(reply.insert_id)).unwrap_or_default(),
    })
  }

  /// The client stays the application's.
  async fn close(&self) {}
}

fn to_js(value: Value) -> NativeSqlValue {
  match value {
    Value::Null => Either3::C(Null),
    Value::Text(text) => Either3::A(text),
    #[expect(clippy::cast_precision_loss, reason = "times and fences stay below 2^53")]
    Value::Integer(integer) => Either3::B(integer as f64),
  }
}

fn from_js(value: NativeSqlValue) -> Value {
  match value {
    Either3::A(text) => Value::Text(text),
    Either3::B(number) => Value::Integer(integer(number)),
    Either3::C(Null) => Value::Null,
  }
}

/// JavaScript numbers are exact up to 2^53, and nothing here is above.
#[expect(clippy::cast_possible_truncation, reason = "a float as an integer saturates")]
fn integer(number: f64) -> i64 {
  number as i64
}

//! The settings of the adapters that connect to an SQL server by themselves.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use napi::bindgen_prelude::{Either, Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::outcome::NativeFailure;
use super::provider::NativeLockProvider;
use crate::adapters::mysql::{MysqlAdapter, MysqlSettings};
use crate::adapters::postgres::{PostgresAdapter, PostgresSettings};
use crate::adapters::sql::{AskPassword, Password, Pem, Server, Tls, TlsMode};
use crate::error::{Error, Result};
use crate::provider::LockProvider;

/// Where an SQL server is and how to talk to it. What is left out is the URL's or the default.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct NativeSqlServer {
  pub url: Option<String>,
  pub host: Option<String>,
  pub port: Option<u16>,
  pub socket: Option<String>,
  pub user: Option<String>,
  pub password: Option<String>,
  pub database: Option<String>,
  /// "disable", "prefer", "require", "verify-ca" or "verify-full".
  pub ssl_mode: Option<String>,
  /// Each a path, or PEM itself.
  pub ssl_authority: Option<String>,
  pub ssl_certificate: Option<String>,
  pub ssl_key: Option<String>,
  pub max_connections: Option<u32>,
  /// Milliseconds.
  pub connect_timeout: Option<f64>,
  pub statement_timeout: Option<f64>,
  /// Zero: never.
  pub sweep_interval: Option<f64>,
  pub table_name: Option<String>,
  /// The rest is PostgreSQL's.
  pub schema: Option<String>,
  pub prepares: Option<bool>,
  pub listens: Option<bool>,
}

/// A password, or why it is not known.
#[napi(object, object_to_js = false)]
pub struct NativePassword {
  pub text: Option<String>,
  /// What was thrown in its place.
  pub failure: Option<String>,
}

/// `() => Promise<NativePassword>`, which must never reject.
type Asking = ThreadsafeFunction<(), Promise<NativePassword>, (), napi::Status, false, true>;
pub type AskingFunction<'env> = Function<'env, (), Promise<NativePassword>>;

/// A provider over a PostgreSQL server. Nothing is connected to yet. The password is asked for each connection if there is
/// a function for it.
#[napi(catch_unwind)]
pub fn open_postgres(
  server: NativeSqlServer,
  #[napi(ts_arg_type = "() => Promise<NativePassword>")] ask_password: Option<AskingFunction<'_>>,
) -> napi::Result<Either<NativeLockProvider, NativeFailure>> {
  let asking = asking(ask_password)?;
  let open = || {
    let prepares = server.prepares.unwrap_or(true);
    let settings = PostgresSettings {
      server: server_of(&server, asking)?,
      table_name: server.table_name.clone(),
      schema: server.schema.clone(),
      prepares,
      // Behind a pooler that knows no prepared statements nothing is heard either.
      listens: server.listens.unwrap_or(prepares),
    };
    Ok(LockProvider::new(Arc::new(PostgresAdapter::new(&settings)?)))
  };
  Ok(opened(open()))
}

/// A provider over a MySQL or MariaDB server, as `openPostgres`.
#[napi(catch_unwind)]
pub fn open_mysql(
  server: NativeSqlServer,
  #[napi(ts_arg_type = "() => Promise<NativePassword>")] ask_password: Option<AskingFunction<'_>>,
) -> napi::Result<Either<NativeLockProvider, NativeFailure>> {
  let asking = asking(ask_password)?;
  let open = || {
    let settings = MysqlSettings {
      server: server_of(&server, asking)?,
      table_name: server.table_name.clone(),
    };
    Ok(LockProvider::new(Arc::new(MysqlAdapter::new(&settings)?)))
  };
  Ok(opened(open()))
}

fn opened(provider: Result<LockProvider>) -> Either<NativeLockProvider, NativeFailure> {
  match provider {
    Ok(provider) => Either::A(NativeLockProvider::over(provider)),
    Err(error) => Either::B(error.into()),
  }
}

/// Weak: a connection that nobody waits for does not keep the process alive.
fn asking(ask_password: Option<AskingFunction<'_>>) -> napi::Result<Option<Asking>> {
  ask_password
    .map(|ask| {
      ask
        .build_threadsafe_function()
        .weak::<true>()
        .callee_handled::<false>()
        .build()
    })
    .transpose()
}

fn server_of(server: &NativeSqlServer, asking: Option<Asking>) -> Result<Server> {
  let pem = |text: &Option<String>| text.clone().map(Pem::from);
  let duration = |name: &str, milliseconds: Option<f64>| {
    milliseconds
      .map(|milliseconds| {
        Duration::try_from_secs_f64(milliseconds / 1000.0)
          .map_err(|_| Error::configuration(format!("the {name} is {milliseconds} ms: use zero or more")))
      })
      .transpose()
  };
  Ok(Server {
    url: server.url.clone(),
    host: server.host.clone(),
    port: server.port,
    socket: server.socket.clone().map(Into::into),
    user: server.user.clone(),
    password: asking
      .map(|asking| Password::Asked(Arc::new(JsPassword(asking))))
      .or_else(|| server.password.clone().map(Password::Text)),
    database: server.database.clone(),
    tls: Tls {
      mode: server.ssl_mode.as_deref().map(TlsMode::named).transpose()?,
      authority: pem(&server.ssl_authority),
      certificate: pem(&server.ssl_certificate),
      key: pem(&server.ssl_key),
    },
    max_connections: server.max_connections,
    connect_timeout: duration("connectTimeout", server.connect_timeout)?,
    statement_timeout: duration("statementTimeout", server.statement_timeout)?,
    sweep_interval: duration("interval between sweeps", server.sweep_interval)?,
  })
}

struct JsPassword(Asking);

#[async_trait]
impl AskPassword for JsPassword {
  async fn password(&self) -> Result<String> {
    let unknown = |said: String| Error::configuration(format!("the function for the password failed: {said}"));
    let asked = match self.0.call_async_catch(()).await {
      Ok(promise) => promise.await,
      Err(error) => Err(error),
    };
    match asked {
      Ok(NativePassword { text: Some(text), .. }) => Ok(text),
      Ok(NativePassword { failure, .. }) => Err(unknown(failure.unwrap_or_default())),
      Err(error) => Err(unknown(error.reason.clone())),
    }
  }
}

//! Locks between all processes that reach one Redis server, version 6.2 or newer, or Valkey.
//!
//! The record, under the caller's prefix:
//!
//! ```text
//! KEY           the owner; expires by the server's clock with the lease
//! {KEY}:fence   the last fence granted for KEY; expires a day after the last grant or the end of the lease
//! ```
//!
//! 1. A batch is one pipeline on one connection; each verb is one script, so it is atomic by itself.
//! 2. The scripts are called by their hash. A server that does not know one (it was restarted, or told to forget) has
//!    done nothing; it is taught the scripts, and asked again for those verbs.
//! 3. The fence outlives the lock, so it grows through release and expiry. When it has been forgotten, the server's time
//!    in microseconds, which every fence is at least, is far above it.

mod script;

use std::time::Duration;

use async_trait::async_trait;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Pipeline, RedisError, Value};
use tokio::sync::Mutex;

use self::script::{SCRIPTS, read};
use super::LockAdapter;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Answer, Request};

/// No command waits longer than this for its answer, nor for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct RedisAdapter {
  client: Client,
  key_prefix: String,
  connection: Mutex<Connection>,
}

enum Connection {
  /// Not used yet.
  Unopened,
  /// It connects again by itself when it is lost.
  Open(ConnectionManager),
  Closed,
}

impl RedisAdapter {
  /// Over the server at a URL as the redis crate reads it: `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]` or
  /// `redis+unix:///PATH`. The prefix stands in front of every key.
  ///
  /// # Errors
  ///
  /// [`Configuration`](ErrorKind::Configuration) if the URL is not understood.
  pub fn new(url: &str, key_prefix: Option<&str>) -> Result<Self> {
    let client = Client::open(url).map_err(|error| {
      // Not the URL itself: it may have a password in it.
      Error::configuration("the Redis URL is not usable: pass \"redis://HOST:PORT/DATABASE\"").caused_by(error)
    })?;
    Ok(Self {
      client,
      key_prefix: key_prefix.unwrap_or_default().to_owned(),
      connection: Mutex::new(Connection::Unopened),
    })
  }

  async fn connection(&self) -> Result<ConnectionManager> {
    let mut connection = self.connection.lock().await;
    match &*connection {
      Connection::Closed => Err(Error::closed()),
      Connection::Open(manager) => Ok(manager.clone()),
      Connection::Unopened => {
        let config = ConnectionManagerConfig::new()
          .set_connection_timeout(Some(PATIENCE))
          .set_response_timeout(Some(PATIENCE))
          .set_number_of_retries(1);
        let manager =
          ConnectionManager::new_lazy_with_config(self.client.clone(), config).map_err(|error| error_of(&error))?;
        *connection = Connection::Open(manager.clone());
        Ok(manager)
      }
    }
  }

  async fn ask(&self, requests: &[Request]) -> Result<Vec<Result<Answer>>> {
    let mut connection = self.connection().await?;
    let mut values = self.send(&mut connection, requests.iter()).await?;
    let forgotten: Vec<usize> = (0..values.len())
      .filter(|index| is_unknown_script(&values[*index]))
      .collect();
    if !forgotten.is_empty() {
      let mut teach = Pipeline::new();
      for script in SCRIPTS {
        teach.cmd("SCRIPT").arg("LOAD").arg(script.code);
      }
      send(&mut connection, &teach, SCRIPTS.len()).await?;
      let again = self
        .send(&mut connection, forgotten.iter().map(|index| &requests[*index]))
        .await?;
      for (index, value) in forgotten.into_iter().zip(again) {
        values[index] = value;
      }
    }
    Ok(
      requests
        .iter()
        .zip(values)
        .map(|(request, value)| read(request, value))
        .collect(),
    )
  }

  async fn send(
    &self,
    connection: &mut ConnectionManager,
    requests: impl Iterator<Item = &Request>,
  ) -> Result<Vec<Value>> {
    let mut pipeline = Pipeline::new();
    let mut length = 0;
    for request in requests {
      script::write(request, &self.key_prefix, &mut pipeline);
      length += 1;
    }
    send(connection, &pipeline, length).await
  }
}

async fn send(connection: &mut ConnectionManager, pipeline: &Pipeline, length: usize) -> Result<Vec<Value>> {
  let values = connection.send_packed_commands(pipeline, 0, length).await;
  values.map_err(|error| error_of(&error))
}

#[async_trait]
impl LockAdapter for RedisAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    match self.ask(&requests).await {
      Ok(answers) => answers,
      Err(error) => vec![Err(error); requests.len()],
    }
  }

  async fn init(&self) -> Result<()> {
    let mut connection = self.connection().await?;
    let mut ping = Pipeline::new();
    ping.cmd("PING");
    send(&mut connection, &ping, 1).await.map(drop)
  }

  async fn deinit(&self) -> Result<()> {
    Ok(())
  }

  /// The server removes what has expired by itself.
  async fn remove_all_expired(&self) -> Result<u64> {
    Ok(0)
  }

  async fn close(&self) {
    *self.connection.lock().await = Connection::Closed;
  }
}

fn is_unknown_script(value: &Value) -> bool {
  matches!(value, Value::ServerError(error) if error.code() == "NOSCRIPT")
}

fn error_of(error: &RedisError) -> Error {
  let (kind, message) = match error.kind() {
    redis::ErrorKind::AuthenticationFailed => (
      ErrorKind::Configuration,
      "the Redis server refuses the user or the password: check the credentials",
    ),
    redis::ErrorKind::InvalidClientConfig => (ErrorKind::Configuration, "the Redis settings are not usable"),
    redis::ErrorKind::Server(_) | redis::ErrorKind::Extension => {
      (ErrorKind::Database, "the Redis server refused a command")
    }
    _ => (
      ErrorKind::Connection,
      "the Redis server could not be asked: check that it runs and can be reached",
    ),
  };
  Error::new(kind, message).caused_by(error.clone())
}

#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Pipeline, ProtocolVersion, RedisConnectionInfo, Value};
use tokio::time::{Instant, timeout_at};

use super::refusal;
use super::settings::{Address, Credentials};
use super::socket::Socket;
use super::tls::Tls;
use crate::error::{Error, ErrorKind, Result};
use crate::task::Task;

/// How a connection to any server of a kind is made.
pub(super) struct Dialer {
  pub(super) tls: Option<Tls>,
  pub(super) credentials: Credentials,
  pub(super) database: i64,
}

/// One connection, from its handshake to its end. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connection {
  multiplexed: MultiplexedConnection,
  wire: Arc<Wire>,
}

/// What moves the bytes of a connection; it ends with the last clone, whatever it is still waiting for.
struct Wire {
  driver: Arc<Task>,
  written: Arc<AtomicU64>,
}

impl Drop for Wire {
  fn drop(&mut self) {
    self.driver.end();
  }
}

/// Why a pipeline has no answers.
pub(super) enum Failure {
  /// Not a byte of it left.
  NotSent(Error),
  /// It may have been read by the server, or not.
  Unanswered(Error),
}

impl Dialer {
  /// A connection over which requests are sent.
  pub(super) async fn dial(&self, address: &Address) -> Result<Connection> {
    // The elder protocol, because the server has nothing to say of its own accord here, and proxies understand it.
    self
      .shake_hands(address, ProtocolVersion::RESP2, AsyncConnectionConfig::new())
      .await
  }

  /// A connection over which `ears` hears what is published.
  pub(super) async fn dial_to_hear(&self, address: &Address, ears: impl AsyncPushSender) -> Result<Connection> {
    let config = AsyncConnectionConfig::new().set_push_sender(ears);
    self.shake_hands(address, ProtocolVersion::RESP3, config).await
  }

  async fn shake_hands(
    &self,
    address: &Address,
    protocol: ProtocolVersion,
    config: AsyncConnectionConfig,
  ) -> Result<Connection> {
    let socket = Socket::open(address, self.tls.as_ref())
      .await
      .map_err(|error| refusal::of_socket(address, error))?;
    let written = socket.written();
    let mut session = RedisConnectionInfo::default()
      .set_protocol(protocol)
      .set_db(self.database)
      .set_lib_name("holdfast", env!("CARGO_PKG_VERSION"));
    if let Some(username) = &self.credentials.username {
      session = session.set_username(username);
    }
    if let Some(password) = &self.credentials.password {
      session = session.set_password(password);
    }
    // Every wait has the limit of the request it is for.
    let config = config.set_response_timeout(None).set_connection_timeout(None);
    let (multiplexed, driver) = MultiplexedConnection::new_with_config(&session, socket, config)
      .await
      .map_err(|error| refusal::of_handshake(address, &error))?;
    Ok(Connection {
      multiplexed,
      wire: Arc::new(Wire {
        driver: Task::begin(driver),
        written,
      }),
    })
  }
}

impl Connection {
  /// Whether it has ended.
  pub(super) fn is_over(&self) -> bool {
    self.wire.driver.is_over()
  }

  pub(super) fn is(&self, other: &Self) -> bool {
    Arc::ptr_eq(&self.wire, &other.wire)
  }

  /// The answers to commands. One that the server refuses has its refusal among them.
  pub(super) async fn send(&self, pipeline: &Pipeline, deadline: Instant) -> std::result::Result<Vec<Value>, Failure> {
    let before = self.wire.written.load(Ordering::Acquire);
    let mut multiplexed = self.multiplexed.clone();
    let mut answers = pin!(multiplexed.send_packed_commands(pipeline, 0, pipeline.len()));
    // It leaves from this thread.
    let answered = poll_fn(|context| self.wire.driver.attend(|| answers.as_mut().poll(context)));
    match timeout_at(deadline, answered).await {
      Ok(Ok(values)) => Ok(values),
      Ok(Err(error)) if self.is_over() && self.wire.written.load(Ordering::Acquire) == before => Err(Failure::NotSent(
        Error::new(ErrorKind::Connection, "the connection to the Redis server was lost").caused_by(error),
      )),
      Ok(Err(error)) => Err(Failure::Unanswered(
        Error::new(
          ErrorKind::Ambiguous,
          "the connection to the Redis server was lost before it had answered",
        )
        .caused_by(error),
      )),
      Err(_) => Err(Failure::Unanswered(Error::new(
        ErrorKind::Ambiguous,
        "the Redis server did not answer within the commandTimeout: check that it runs and is not overloaded",
      ))),
    }
  }

  /// The answer to a single command.
  pub(super) async fn ask(&self, command: redis::Cmd, deadline: Instant) -> Result<Value> {
    let mut pipeline = Pipeline::with_capacity(1);
    pipeline.add_command(command);
    let values = self.send(&pipeline, deadline).await.map_err(|failure| match failure {
      Failure::NotSent(error) | Failure::Unanswered(error) => error,
    })?;
    let value = values.into_iter().next().unwrap_or_default();
    value.extract_error().map_err(|error| refusal::of(&error))
  }
}

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::client::{Reply, SqlClient, Value};
use super::dialect::Dialect;
use super::failure::{Failure, Said};
use super::server::Server;
use crate::error::{Error, ErrorKind};

/// A connection that has not been used for this long is asked whether it still works: the server may have been
/// restarted in between. Longer than the usual interval, so that whoever waits asks one question a time, not two.
const TRUSTED: Duration = Duration::from_secs(2);

/// After a connection could not be opened, the next is tried after the first of these pauses, then after twice as much,
/// up to the second. Whoever asks in the meantime waits for that.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Opens connections of one kind, and talks over them.
#[async_trait]
pub trait Driver: Send + Sync + 'static {
  type Connection: Send + 'static;

  async fn connect(&self) -> Result<Self::Connection, Failure>;

  async fn query(
    &self,
    connection: &mut Self::Connection,
    statement: &Arc<str>,
    parameters: Vec<Value>,
  ) -> Result<Reply, Failure>;

  async fn is_alive(&self, connection: &mut Self::Connection) -> bool;

  async fn close(&self, connection: Self::Connection);
}

/// A few connections of our own. Nothing waits longer than the timeouts.
///
/// A connection is with whoever uses it and comes back only if all went well, so that one whose user was cut off, or got
/// no answer, is closed and never used again.
pub struct Connections<D: Driver> {
  driver: D,
  permits: Semaphore,
  idle: Mutex<Idle<D::Connection>>,
  server: Server,
}

struct Idle<C> {
  connections: Vec<(C, Instant)>,
  /// When a connection last turned out to be dead. Those that were idle then are under suspicion.
  last_loss: Option<Instant>,
  /// When the next may be opened, and the pause after it if that fails too.
  next_try: Option<(Instant, Duration)>,
}

impl<D: Driver> Connections<D> {
  pub fn new(driver: D, server: Server) -> Self {
    Self {
      driver,
      permits: Semaphore::new(server.max_connections() as usize),
      idle: Mutex::new(Idle {
        connections: Vec::new(),
        last_loss: None,
        next_try: None,
      }),
      server,
    }
  }

  fn idle(&self) -> MutexGuard<'_, Idle<D::Connection>> {
    self.idle.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// A connection that works, and whether it was used before.
  async fn connection(&self) -> Result<(D::Connection, bool), Failure> {
    loop {
      let (idle, last_loss) = {
        let mut idle = self.idle();
        (idle.connections.pop(), idle.last_loss)
      };
      let Some((mut connection, since)) = idle else {
        return Ok((self.open().await?, false));
      };
      let is_trusted = since.elapsed() < TRUSTED && last_loss.is_none_or(|loss| loss < since);
      if is_trusted {
        return Ok((connection, true));
      }
      let alive = timeout(self.server.connect_timeout(), self.driver.is_alive(&mut connection));
      if alive.await == Ok(true) {
        return Ok((connection, true));
      }
      self.idle().last_loss = Some(Instant::now());
    }
  }

  async fn open(&self) -> Result<D::Connection, Failure> {
    let next_try = self.idle().next_try;
    if let Some((instant, _)) = next_try {
      tokio::time::sleep_until(instant.into()).await;
    }
    let limit = self.server.connect_timeout();
    let opened = timeout(limit, self.driver.connect()).await.unwrap_or_else(|_| {
      Err(Failure::unreachable(Said {
        message: format!("no connection within {limit:?}"),
        ..Said::default()
      }))
    });
    let opened = opened.map_err(|failure| match self.server.tls.unreadable() {
      Some(error) => Failure::Error(error),
      None => failure,
    });
    let mut idle = self.idle();
    idle.next_try = opened.is_err().then(|| {
      let pause = idle.next_try.map_or(PAUSES.0, |(_, pause)| pause);
      (Instant::now() + pause, (2 * pause).min(PAUSES.1))
    });
    opened
  }

  async fn ask(&self, statement: &Arc<str>, parameters: Vec<Value>) -> Result<Reply, Failure> {
    let (mut connection, was_used) = self.connection().await?;
    let limit = self.server.statement_timeout();
    let again = was_used.then(|| parameters.clone());
    let asked = timeout(limit, self.driver.query(&mut connection, statement, parameters)).await;
    let answered = asked.unwrap_or_else(|_| {
      Err(Failure::lost(Said {
        message: format!("no answer within {limit:?}"),
        ..Said::default()
      }))
    });
    match answered {
      Err(Failure::Error(error)) if error.kind() != ErrorKind::Configuration => {
        drop(connection);
        self.idle().last_loss = Some(Instant::now());
        match again {
          // The server said that it had ended this session before it did anything.
          Some(parameters) if error.kind() == ErrorKind::Connection => Box::pin(self.ask(statement, parameters)).await,
          _ => Err(Failure::Error(error)),
        }
      }
      answered => {
        if self.permits.is_closed() {
          self.driver.close(connection).await;
        } else {
          self.idle().connections.push((connection, Instant::now()));
        }
        answered
      }
    }
  }
}

#[async_trait]
impl<D: Driver> SqlClient for Connections<D> {
  async fn query(&self, statement: &Arc<str>, parameters: Vec<Value>) -> Result<Reply, Failure> {
    let limit = self.server.connect_timeout();
    let _permit = match timeout(limit, self.permits.acquire()).await {
      Ok(Ok(permit)) => permit,
      Ok(Err(_)) => return Err(Failure::Error(Error::closed())),
      Err(_) => {
        return Err(Failure::Error(Error::new(
          ErrorKind::Connection,
          format!(
            "all {} connections were busy for {limit:?}: raise maxConnections",
            self.server.max_connections()
          ),
        )));
      }
    };
    self.ask(statement, parameters).await
  }

  async fn close(&self) {
    self.permits.close();
    let connections = std::mem::take(&mut self.idle().connections);
    for (connection, _) in connections {
      // A server that does not hear the goodbye will notice.
      drop(timeout(Duration::from_secs(1), self.driver.close(connection)).await);
    }
  }
}

/// What an error of sqlx means; `is_sent`: it came after a statement had been sent.
pub fn failure_of(dialect: Dialect, error: &sqlx::Error, is_sent: bool) -> Failure {
  let said = |message: String| Said {
    message,
    ..Said::default()
  };
  match error {
    sqlx::Error::Database(database) => {
      let number = database
        .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
        .map_or(0, |error| i64::from(error.number()));
      let said = Said {
        message: database.message().to_owned(),
        code: database.code().unwrap_or_default().into_owned(),
        number,
      };
      Failure::of(dialect, said)
    }
    sqlx::Error::Tls(_) => not_encrypted(said(error.to_string())),
    sqlx::Error::Io(io) if !is_sent && is_of_tls(io) => not_encrypted(said(error.to_string())),
    sqlx::Error::Configuration(_) => Failure::Error(
      Error::configuration("the connection's settings are not usable").caused_by(said(error.to_string())),
    ),
    _ if is_sent => Failure::lost(said(error.to_string())),
    _ => Failure::unreachable(said(error.to_string())),
  }
}

fn is_of_tls(error: &std::io::Error) -> bool {
  matches!(error.get_ref(), Some(cause) if cause.is::<rustls::Error>())
}

fn not_encrypted(cause: Said) -> Failure {
  Failure::Error(
    Error::configuration(
      "no encrypted connection could be made: check the ssl settings, who vouches for the server's certificate, and that it \
       names this host",
    )
    .caused_by(cause),
  )
}

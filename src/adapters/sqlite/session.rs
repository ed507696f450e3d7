use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params, params};
use tokio::runtime::Handle;

use super::checkpoint::Checkpointer;
use super::location::Location;
use super::schema::{self, Statements};
use crate::adapters::sql::TableName;
use crate::error::Result as Answered;
use crate::error::{Error, ErrorKind};
use crate::fence::{self, Fence};
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// An open connection with what it needs to answer.
pub(super) struct Session {
  connection: Connection,
  statements: Statements,
  checkpointer: Option<Checkpointer>,
}

/// Why a piece of work did not come to an end. In no case was anything changed.
#[derive(Debug)]
pub(super) enum Failure {
  /// Another connection is writing. The error to report if that goes on for too long.
  Busy(Error),
  /// The tables were there when the session was opened, and are not any more.
  TablesGone,
  /// The file is not what it was. A connection keeps to a file that is moved away, so it is of no use any more.
  Damaged(Error),
  /// A row holds what no lock adapter writes. Only requests on that row fail.
  Unreadable(Error),
  Error(Error),
}

impl Session {
  /// Opens the file, sets it up, and creates or checks the tables.
  pub(super) fn open(location: &Location, table: &TableName, runtime: Handle) -> Result<Self, Failure> {
    let connection = location.connect()?;
    let mut session = Self {
      connection,
      statements: Statements::new(table),
      checkpointer: None,
    };
    session.set_up(location)?;
    session.transaction(|session| schema::ensure(&session.connection, table))?;
    if let Location::File(_) = location {
      let behind = location.connect()?;
      session.checkpointer = Some(Checkpointer::new(&mut session.connection, behind, runtime)?);
    }
    Ok(session)
  }

  fn set_up(&self, location: &Location) -> Result<(), Failure> {
    let set = |pragma: &str| -> rusqlite::Result<()> {
      // The wait for a busy file is the adapter's: SQLite's own would block the thread of the event loop.
      self.connection.busy_timeout(Duration::ZERO)?;
      self.connection.execute_batch(pragma)
    };
    set("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304")
      .map_err(|error| Failure::from_sqlite(error, "set up the connection"))?;
    let journal: String = self
      .connection
      .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
      .map_err(|error| Failure::from_sqlite(error, "switch the file to WAL"))?;
    match (location, journal.as_str()) {
      (Location::Memory, _) | (_, "wal") => Ok(()),
      (Location::File(path), journal) => Err(Failure::Error(Error::configuration(format!(
        "{} cannot use a write-ahead log (its journal mode stayed {journal}): put it on a local disk",
        path.display()
      )))),
    }
  }

  pub(super) fn answer(&mut self, requests: &[Request]) -> Result<Vec<Answered<Answer>>, Failure> {
    let only_looks = requests.iter().all(|request| matches!(request, Request::State { .. }));
    let answers = if only_looks {
      self.answer_all(requests)
    } else {
      self.transaction(|session| session.answer_all(requests))
    };
    if let Some(checkpointer) = &self.checkpointer {
      checkpointer.run_if_due();
    }
    answers
  }

  fn answer_all(&mut self, requests: &[Request]) -> Result<Vec<Answered<Answer>>, Failure> {
    // Read after the wait for the write lock: a lease must not be judged, or begin, by the time the wait began.
    let now = Now::read();
    let mut granted = None;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
      match self.perform(request, now, &mut granted) {
        Ok(answer) => answers.push(Ok(answer)),
        Err(Failure::Unreadable(error)) => answers.push(Err(error)),
        Err(failure) => return Err(failure),
      }
    }
    if let Some(fence) = granted {
      self.run(&self.statements.keep_fence, |statement| {
        statement.execute([as_integer(fence)])
      })?;
    }
    Ok(answers)
  }

  /// `granted` is the last fence granted in this transaction.
  fn perform(&self, request: &Request, now: Now, granted: &mut Option<Fence>) -> Result<Answer, Failure> {
    match request {
      Request::Acquire { key, owner, ttl } => {
        let answer = self.acquire(key, owner, *ttl, now, *granted)?;
        if let Answer::Acquired { fence } = answer {
          *granted = Some(fence);
        }
        Ok(answer)
      }
      Request::Release { key, owner, fence } => {
        let values = params![key.as_str(), owner.as_str(), now.0, fence.map(as_integer)];
        Ok(Answer::Released(self.execute(&self.statements.release, values)?))
      }
      Request::ForceRelease { key } => {
        let values = params![key.as_str(), now.0];
        Ok(Answer::Released(self.execute(&self.statements.force_release, values)?))
      }
      Request::Refresh { key, owner, ttl, fence } => self.refresh(key, owner, *ttl, *fence, now),
      Request::State { key } => Ok(Answer::State(self.find(key, now)?)),
    }
  }

  fn acquire(
    &self,
    key: &Key,
    owner: &Owner,
    ttl: Option<Ttl>,
    now: Now,
    granted: Option<Fence>,
  ) -> Result<Answer, Failure> {
    let fence = fence::after(match granted {
      Some(fence) => fence,
      None => self.last_fence()?,
    });
    let expiration = ttl.map(|ttl| now.plus(ttl));
    let values = params![key.as_str(), owner.as_str(), expiration, as_integer(fence), now.0];
    if self.execute(&self.statements.acquire, values)? {
      return Ok(Answer::Acquired { fence });
    }
    let until = match self.find(key, now)? {
      Some(Holder { remaining, .. }) => remaining.map_or(Until::Release, Until::Expiry),
      None => Until::Unknown,
    };
    Ok(Answer::Held { until })
  }

  fn refresh(&self, key: &Key, owner: &Owner, ttl: Ttl, fence: Option<Fence>, now: Now) -> Result<Answer, Failure> {
    let values = params![
      key.as_str(),
      owner.as_str(),
      now.plus(ttl),
      now.0,
      fence.map(as_integer)
    ];
    if self.execute(&self.statements.refresh, values)? {
      return Ok(Answer::Refreshed);
    }
    Ok(match self.find(key, now)? {
      Some(holder) if holder.owner == *owner && fence.is_none_or(|fence| fence == holder.fence) => Answer::Unexpirable,
      _ => Answer::Unowned,
    })
  }

  fn find(&self, key: &Key, now: Now) -> Result<Option<Holder>, Failure> {
    self.run(&self.statements.find, |statement| {
      statement
        .query_row(params![key.as_str(), now.0], |row| {
          let expiration: Option<i64> = row.get(1)?;
          Ok(Holder {
            owner: Owner::stored(row.get(0)?),
            remaining: expiration.map(|expiration| now.until(expiration)),
            fence: Fence::try_from(row.get::<_, i64>(2)?).unwrap_or_default(),
          })
        })
        .optional()
    })
  }

  fn last_fence(&self) -> Result<Fence, Failure> {
    let last: Option<i64> = self.run(&self.statements.last_fence, |statement| {
      statement.query_row([], |row| row.get(0)).optional()
    })?;
    Ok(last.and_then(|last| Fence::try_from(last).ok()).unwrap_or_default())
  }

  /// Deletes a bounded number of expired leases, so that nobody waits long for the file, and tells how many.
  pub(super) fn remove_some_expired(&mut self) -> Result<u64, Failure> {
    let removed = self.run(&self.statements.remove_some_expired, |statement| {
      statement.execute([Now::read().0])
    })?;
    Ok(removed as u64)
  }

  /// Drops the tables unless a live lease is in them. Whether it did.
  pub(super) fn drop_tables(&mut self) -> Result<bool, Failure> {
    self.transaction(|session| {
      let any_live: bool = session.run(&session.statements.any_live, |statement| {
        statement.query_row([Now::read().0], |row| row.get(0))
      })?;
      if !any_live {
        session
          .connection
          .execute_batch(&session.statements.drop)
          .map_err(|error| Failure::from_sqlite(error, "drop the lock tables"))?;
      }
      Ok(!any_live)
    })
  }

  fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
    self.execute("BEGIN IMMEDIATE", [])?;
    let outcome = work(self).and_then(|value| self.execute("COMMIT", []).map(|_| value));
    if outcome.is_err() {
      // It fails where SQLite has rolled back by itself, as it does when the disk is full.
      drop(self.connection.execute_batch("ROLLBACK"));
    }
    outcome
  }

  /// Whether a row was changed.
  fn execute(&self, statement: &str, values: impl Params) -> Result<bool, Failure> {
    self
      .run(statement, |statement| statement.execute(values))
      .map(|rows| rows > 0)
  }

  fn run<T>(
    &self,
    statement: &str,
    work: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T>,
  ) -> Result<T, Failure> {
    self
      .connection
      .prepare_cached(statement)
      .and_then(|mut statement| work(&mut statement))
      .map_err(|error| Failure::from_sqlite(error, "answer"))
  }
}

/// Milliseconds since the epoch by the clock of the host, which for a file is the database's.
#[derive(Clone, Copy)]
struct Now(i64);

impl Now {
  fn read() -> Self {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Self(i64::try_from(clock.as_millis()).unwrap_or(i64::MAX))
  }

  /// Rounded up, so that no lease is shorter than asked for.
  fn plus(self, ttl: Ttl) -> i64 {
    let milliseconds = ttl.duration().as_micros().div_ceil(1000);
    self.0.saturating_add(i64::try_from(milliseconds).unwrap_or(i64::MAX))
  }

  fn until(self, expiration: i64) -> Duration {
    Duration::from_millis(u64::try_from(expiration.saturating_sub(self.0)).unwrap_or_default())
  }
}

/// Fences stay below 2^53, so nothing is lost.
fn as_integer(fence: Fence) -> i64 {
  i64::try_from(fence).unwrap_or(i64::MAX)
}

impl Failure {
  /// `doing` completes "SQLite could not …".
  pub(super) fn from_sqlite(error: rusqlite::Error, doing: &str) -> Self {
    let (kind, advice) = match error.sqlite_error_code() {
      Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
        return Self::Busy(
          Error::new(
            ErrorKind::Connection,
            "the SQLite file stays busy: another program keeps it locked, so give the locks a file of their own",
          )
          .caused_by(error),
        );
      }
      Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => (
        ErrorKind::Configuration,
        ": let this process write to the file and to its directory",
      ),
      Some(ErrorCode::NotADatabase) => (
        ErrorKind::Configuration,
        ": the file is not a SQLite database, so name another one",
      ),
      Some(ErrorCode::DatabaseCorrupt) => (
        ErrorKind::Database,
        ": the file is damaged; move it away, and a new one is made",
      ),
      Some(ErrorCode::DiskFull) => (ErrorKind::Database, ": the disk is full; make room on it"),
      Some(ErrorCode::SystemIoFailure) => (
        ErrorKind::Database,
        ": the file could not be read or written; see whether its disk is full, over a quota or failing",
      ),
      _ => match &error {
        rusqlite::Error::SqlInputError { msg, .. } | rusqlite::Error::SqliteFailure(_, Some(msg))
          if msg.starts_with("no such table") =>
        {
          return Self::TablesGone;
        }
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => {
          let message = "a row of the lock table holds what no lock adapter writes: delete it";
          return Self::Unreadable(Error::new(ErrorKind::Database, message).caused_by(error));
        }
        _ => (ErrorKind::Database, ""),
      },
    };
    let code = error.sqlite_error_code();
    let error = Error::new(kind, format!("SQLite could not {doing}{advice}")).caused_by(error);
    match code {
      Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged(error),
      _ => Self::Error(error),
    }
  }

  pub(super) fn into_error(self) -> Error {
    match self {
      Self::Busy(error) | Self::Damaged(error) | Self::Unreadable(error) | Self::Error(error) => error,
      Self::TablesGone => Error::new(
        ErrorKind::Database,
        "the lock tables were dropped while they were in use",
      ),
    }
  }
}

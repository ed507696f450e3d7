//! Locks between all the processes that open one SQLite file.
//!
//! The record, in a table of the caller's choice and a small one beside it:
//!
//! ```text
//! lock       key TEXT primary key | owner TEXT | expiration INTEGER, epoch ms, null = never | fence INTEGER
//! lock_meta  name TEXT primary key | value INTEGER         the rows "version" and "fence", the last one handed out
//! ```
//!
//! 1. A batch tries on the calling thread, in one transaction begun with `BEGIN IMMEDIATE` and without waiting: alone
//!    on the file it is through in some twenty microseconds, less than a hop to another thread costs.
//! 2. If another connection is writing, nothing was done; the batch moves to a thread that may wait, and tries there
//!    with growing pauses for as long as [`PATIENCE`].
//! 3. Commits are written to the WAL without fsync (`synchronous = NORMAL`): a lease survives the end of any process, and
//!    not a power cut, which its holder does not survive either. Moving the WAL into the file, which does fsync, is left
//!    to a second connection on a thread of its own.
//! 4. While somebody waits for a key, another connection watches the file for commits of other processes.

mod checkpoint;
mod location;
mod observer;
mod schema;
mod session;

use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use self::location::Location;
use self::observer::Observer;
use self::session::{Failure, Session};
use super::sql::TableName;
use super::{LockAdapter, Options, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;
use crate::request::{Answer, Request, Until};

/// How long a batch waits for other writers. A lock's transaction takes well under a millisecond, so whoever keeps the
/// file for longer than this is a program doing something else with it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pauses between tries double from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_micros(100), Duration::from_millis(5));

pub struct SqliteAdapter(Arc<Shared>);

struct Shared {
  location: Location,
  table: TableName,
  slot: Mutex<Slot>,
  patience: Duration,
  observer: Observer,
}

enum Slot {
  /// Not used yet, or not since [`LockAdapter::deinit`].
  Unopened,
  Open(Box<Session>),
  Closed,
}

impl SqliteAdapter {
  /// `location` is what follows `sqlite:` in the URL.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if the location or the table's name is not usable.
  pub fn new(location: &str, options: &Options) -> Result<Self> {
    let table = TableName::new(options.table_name.as_deref().unwrap_or("lock"))?;
    if table.as_str().to_ascii_lowercase().starts_with("sqlite_") {
      return Err(Error::configuration(
        "table names beginning with \"sqlite_\" are SQLite's own: choose another tableName",
      ));
    }
    Ok(Self(Arc::new(Shared {
      location: Location::parse(location)?,
      table,
      slot: Mutex::new(Slot::Unopened),
      patience: PATIENCE,
      observer: Observer::default(),
    })))
  }

  /// Runs `work` where it may wait, until the file is not busy or [`PATIENCE`] is over.
  async fn run<T: Send + 'static>(
    &self,
    work: impl Fn(&mut Session) -> std::result::Result<T, Failure> + Send + 'static,
  ) -> std::result::Result<T, Failure> {
    let shared = Arc::clone(&self.0);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || shared.run(&runtime, work))
      .await
      .unwrap_or_else(|cancelled| {
        Err(Failure::Error(
          Error::new(ErrorKind::Database, "the SQLite thread was stopped before it answered").caused_by(cancelled),
        ))
      })
  }
}

impl Shared {
  fn run<T>(
    &self,
    runtime: &tokio::runtime::Handle,
    work: impl Fn(&mut Session) -> std::result::Result<T, Failure>,
  ) -> std::result::Result<T, Failure> {
    let begun = Instant::now();
    let mut pause = PAUSES.0;
    loop {
      match self.attempt(runtime, &work) {
        Err(Failure::Busy(_)) if begun.elapsed() < self.patience => {
          std::thread::sleep(pause);
          pause = (2 * pause).min(PAUSES.1);
        }
        result => return result,
      }
    }
  }

  /// One try. The slot is free again during the pauses, so that nobody waits for a thread that waits.
  fn attempt<T>(
    &self,
    runtime: &tokio::runtime::Handle,
    work: impl Fn(&mut Session) -> std::result::Result<T, Failure>,
  ) -> std::result::Result<T, Failure> {
    let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
      let session = match &mut *slot {
        Slot::Closed => return Err(Failure::Error(Error::closed())),
        Slot::Open(session) => session,
        Slot::Unopened => {
          let session = Session::open(&self.location, &self.table, runtime.clone())?;
          *slot = Slot::Open(Box::new(session));
          continue;
        }
      };
      match work(session) {
        // Another process took the tables away; the leases that were in them are gone, and new ones need new tables.
        Err(Failure::TablesGone) => *slot = Slot::Unopened,
        result => {
          if let Err(Failure::Damaged(_)) = result {
            *slot = Slot::Unopened;
          }
          return result;
        }
      }
    }
  }
}

#[async_trait]
impl LockAdapter for SqliteAdapter {
  fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>> {
    let mut slot = match self.0.slot.try_lock() {
      Ok(slot) => slot,
      Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
      Err(TryLockError::WouldBlock) => return None,
    };
    let Slot::Open(session) = &mut *slot else {
      return None;
    };
    match session.answer(requests) {
      Ok(answers) => Some(answers),
      Err(Failure::Busy(_) | Failure::TablesGone | Failure::Damaged(_)) => None,
      Err(failure) => Some(vec![Err(failure.into_error()); requests.len()]),
    }
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    let asked = requests.clone();
    match self.run(move |session| session.answer(&requests)).await {
      Ok(answers) => answers,
      Err(Failure::Busy(busy)) => asked.iter().map(|request| unasked(request, &busy)).collect(),
      Err(failure) => vec![Err(failure.into_error()); asked.len()],
    }
  }

  async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    match &self.0.location {
      // Nobody else has it, and what this adapter does itself needs no watch.
      Location::Memory => Ok(None),
      location @ Location::File(_) => self.0.observer.watch(key, location).map(Some),
    }
  }

  fn is_shared(&self) -> bool {
    matches!(self.0.location, Location::File(_))
  }

  async fn init(&self) -> Result<()> {
    self.run(|_| Ok(())).await.map_err(Failure::into_error)
  }

  async fn deinit(&self) -> Result<()> {
    let dropped = self.run(Session::drop_tables).await.map_err(Failure::into_error)?;
    if dropped {
      self
        .replace_slot(|slot| matches!(slot, Slot::Open(_)), Slot::Unopened)
        .await;
    }
    Ok(())
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    let mut removed = 0;
    loop {
      match self
        .run(Session::remove_some_expired)
        .await
        .map_err(Failure::into_error)?
      {
        0 => return Ok(removed),
        some => removed += some,
      }
    }
  }

  async fn close(&self) {
    self.replace_slot(|_| true, Slot::Closed).await;
  }
}

impl SqliteAdapter {
  /// Drops a session on a thread of its own: the last connection to a file moves the WAL into it, which takes its time.
  async fn replace_slot(&self, applies: fn(&Slot) -> bool, with: Slot) {
    let shared = Arc::clone(&self.0);
    let replaced = tokio::task::spawn_blocking(move || {
      let mut slot = shared.slot.lock().unwrap_or_else(PoisonError::into_inner);
      if applies(&slot) {
        *slot = with;
      }
    });
    // It fails only if the runtime is going down, and the connection with it.
    drop(replaced.await);
  }
}

/// The answer to a request that met a busy file for as long as [`PATIENCE`].
fn unasked(request: &Request, busy: &Error) -> Result<Answer> {
  match request {
    Request::Acquire { .. } => Ok(Answer::Held { until: Until::Unknown }),
    _ => Err(busy.clone()),
  }
}

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::Handle;

use super::session::Failure;

/// Pages in the WAL from which it is moved into the database file. SQLite's own default.
const DUE_AT: i32 = 1000;

/// Moves the write-ahead log into the database file, behind the back of the connection that writes it.
///
/// SQLite would do it on the committing thread, which may be the one of the event loop, and it fsyncs.
pub(super) struct Checkpointer {
  /// Pages in the WAL after the last commit.
  pages: Arc<AtomicI32>,
  running: Arc<AtomicBool>,
  behind: Arc<Mutex<Connection>>,
  runtime: Handle,
}

impl Checkpointer {
  pub(super) fn new(writer: &mut Connection, behind: Connection, runtime: Handle) -> Result<Self, Failure> {
    // It keeps writers out while it waits for readers, and a reader may be a backup that takes minutes: no waiting.
    behind
      .busy_timeout(Duration::ZERO)
      .map_err(|error| Failure::from_sqlite(error, "set up the connection for checkpoints"))?;
    let pages = Arc::new(AtomicI32::new(0));
    let seen = Arc::clone(&pages);
    // It takes the place of SQLite's automatic checkpoint, which is such a hook itself.
    writer
      .wal_hook(Some(move |_: &mut _, pages| {
        seen.store(pages, Ordering::Relaxed);
        Ok(())
      }))
      .map_err(|error| Failure::from_sqlite(error, "watch the write-ahead log"))?;
    Ok(Self {
      pages,
      running: Arc::default(),
      behind: Arc::new(Mutex::new(behind)),
      runtime,
    })
  }

  pub(super) fn run_if_due(&self) {
    if self.pages.load(Ordering::Relaxed) < DUE_AT || self.running.swap(true, Ordering::Acquire) {
      return;
    }
    self.pages.store(0, Ordering::Relaxed);
    let behind = Arc::clone(&self.behind);
    let running = Arc::clone(&self.running);
    self.runtime.spawn_blocking(move || {
      let behind = behind.lock().unwrap_or_else(PoisonError::into_inner);
      // The first does nearly all of the work and keeps nobody waiting, but under steady writing never reaches the end.
      // The second keeps writers out for the little that is left, so that the log begins anew and stays small.
      for mode in ["PASSIVE", "RESTART"] {
        // One that fails, because somebody is reading or writing, leaves the log to the next.
        drop(behind.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())));
      }
      running.store(false, Ordering::Release);
    });
  }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, sleep};

use super::location::Location;
use super::session::Failure;
use crate::adapters::{Watch, Watches};
use crate::error::Result;
use crate::name::Key;

/// How often to look, and how often where nothing was committed for a while. A look reads a counter in memory that all
/// processes share, and takes a few microseconds; to wake for it takes ten times as much.
const PERIOD: Duration = Duration::from_millis(2);
const QUIET_PERIOD: Duration = Duration::from_millis(5);
const QUIET_AFTER: Duration = Duration::from_secs(1);

/// For how long to go on when nobody listens any more: whoever waited once soon waits again.
const LINGERING: Duration = Duration::from_millis(500);

/// Notices that the file was changed, by any process, for as long as somebody wants to know.
///
/// `PRAGMA data_version` changes with every commit of another connection:
/// <https://www.sqlite.org/pragma.html#pragma_data_version>. Watching the files themselves would depend on the platform.
#[derive(Default)]
pub(super) struct Observer {
  watches: Arc<Watches>,
  is_looking: Arc<AtomicBool>,
}

impl Observer {
  /// Has to be called on a Tokio runtime.
  pub(super) fn watch(&self, key: &Key, location: &Location) -> Result<Watch> {
    let watch = self.watches.open(key);
    if !self.is_looking.swap(true, Ordering::SeqCst) {
      match Self::connect(location) {
        Ok(connection) => {
          tokio::spawn(look(
            connection,
            Arc::clone(&self.watches),
            Arc::clone(&self.is_looking),
          ));
        }
        Err(failure) => {
          self.is_looking.store(false, Ordering::SeqCst);
          return Err(failure.into_error());
        }
      }
    }
    Ok(watch)
  }

  fn connect(location: &Location) -> std::result::Result<Connection, Failure> {
    let connection = location.connect()?;
    connection
      .busy_timeout(Duration::ZERO)
      .map_err(|error| Failure::from_sqlite(error, "set up the connection that watches the file"))?;
    Ok(connection)
  }
}

async fn look(connection: Connection, watches: Arc<Watches>, is_looking: Arc<AtomicBool>) {
  let mut seen = None;
  let mut last_listener = Instant::now();
  let mut last_change = Instant::now();
  loop {
    if !watches.is_empty() {
      last_listener = Instant::now();
    } else if last_listener.elapsed() > LINGERING {
      is_looking.store(false, Ordering::SeqCst);
      // Somebody may have come between the two lines.
      if watches.is_empty() || is_looking.swap(true, Ordering::SeqCst) {
        return;
      }
    }
    // A busy file is being changed.
    let version: Option<i64> = connection
      .prepare_cached("PRAGMA data_version")
      .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)))
      .ok();
    if version.is_none() || version != seen {
      watches.wake_all();
      seen = version;
      last_change = Instant::now();
    }
    let is_quiet = last_change.elapsed() > QUIET_AFTER;
    sleep(if is_quiet { QUIET_PERIOD } else { PERIOD }).await;
  }
}

use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::Owner;
use crate::adapters::contract;

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
  fn new() -> Self {
    let path = std::env::temp_dir().join(format!("holdfast-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&path).unwrap();
    Self(path)
  }

  fn file(&self) -> PathBuf {
    self.0.join("locks.db")
  }

  fn adapter(&self) -> SqliteAdapter {
    adapter(&self.file(), None).unwrap()
  }
}

impl Drop for Folder {
  fn drop(&mut self) {
    std::fs::remove_dir_all(&self.0).unwrap();
  }
}

fn adapter(file: &std::path::Path, table: Option<&str>) -> Result<SqliteAdapter> {
  let options = Options {
    table_name: table.map(str::to_owned),
    ..Options::default()
  };
  SqliteAdapter::new(file.to_str().unwrap(), &options)
}

async fn failure_of(adapter: &SqliteAdapter) -> Error {
  let request = contract::acquire("k", &Owner::unique(), None);
  adapter.answer(vec![request]).await.remove(0).unwrap_err()
}

#[tokio::test]
async fn keeps_the_contract_in_a_file() {
  let folder = Folder::new();
  contract::check(&folder.adapter()).await;
}

#[tokio::test]
async fn keeps_the_contract_in_memory() {
  contract::check(&SqliteAdapter::new(":memory:", &Options::default()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_to_one_file_agree_on_one_winner() {
  let folder = Folder::new();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(folder.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

#[tokio::test]
async fn fences_grow_across_adapters_tables_dropped_and_files_deleted() {
  let folder = Folder::new();
  let mut last = 0;
  for round in 0..3 {
    let adapter = folder.adapter();
    let owner = Owner::unique();
    let Answer::Acquired { fence } = contract::one(&adapter, contract::acquire("k", &owner, None)).await else {
      panic!("round {round} did not acquire");
    };
    assert!(fence > last, "round {round}: {fence} after {last}");
    last = fence;
    let force = Request::ForceRelease {
      key: crate::Key::new("k").unwrap(),
    };
    assert_eq!(contract::one(&adapter, force).await, Answer::Released(true));
    if round == 0 {
      adapter.deinit().await.unwrap();
    }
    adapter.close().await;
    if round == 1 {
      std::fs::remove_file(folder.file()).unwrap();
    }
  }
}

#[tokio::test]
async fn a_file_busy_for_too_long_is_answered_held_or_an_error_and_never_waits_for_ever() {
  let folder = Folder::new();
  let mut adapter = folder.adapter();
  Arc::get_mut(&mut adapter.0).unwrap().patience = Duration::from_millis(50);
  adapter.init().await.unwrap();
  let stranger = Connection::open(folder.file()).unwrap();
  stranger.execute_batch("BEGIN IMMEDIATE").unwrap();

  let acquire = contract::acquire("k", &Owner::unique(), None);
  assert!(
    adapter.try_answer(std::slice::from_ref(&acquire)).is_none(),
    "it does not wait on this thread"
  );
  let release = Request::Release {
    key: crate::Key::new("k").unwrap(),
    owner: Owner::unique(),
    fence: None,
  };
  let answers = adapter.answer(vec![acquire.clone(), release]).await;
  assert_eq!(answers[0].as_ref().unwrap(), &Answer::Held { until: Until::Unknown });
  assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::Connection);

  stranger.execute_batch("ROLLBACK").unwrap();
  assert!(matches!(
    contract::one(&adapter, acquire).await,
    Answer::Acquired { .. }
  ));
}

#[tokio::test]
async fn a_short_wait_for_the_file_shows_nowhere() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  let stranger = Connection::open(folder.file()).unwrap();
  stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
  let release = tokio::task::spawn_blocking(move || {
    std::thread::sleep(Duration::from_millis(100));
    stranger.execute_batch("COMMIT").unwrap();
  });
  let answer = contract::one(&adapter, contract::acquire("k", &Owner::unique(), None)).await;
  assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
  release.await.unwrap();
}

#[tokio::test]
async fn a_lock_table_of_kyselys_is_completed_and_its_locks_are_seen() {
  let folder = Folder::new();
  let kysely = Connection::open(folder.file()).unwrap();
  kysely
    .execute_batch(
      "CREATE TABLE lock (key varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration bigint);
       CREATE INDEX lock_expiration ON lock (expiration);
       INSERT INTO lock VALUES ('held', 'theirs', NULL)",
    )
    .unwrap();
  let adapter = folder.adapter();
  let me = Owner::new("mine").unwrap();
  let answer = contract::one(&adapter, contract::acquire("held", &me, None)).await;
  assert_eq!(answer, Answer::Held { until: Until::Release });
  contract::one(&adapter, contract::acquire("free", &me, None)).await;
  let refused = kysely.execute(
    "INSERT INTO lock (key, owner, expiration) VALUES ('free', 'theirs', NULL)",
    [],
  );
  assert!(refused.is_err(), "a program that knows no fences is excluded");
  kysely
    .execute(
      "INSERT INTO lock (key, owner, expiration) VALUES ('other', 'theirs', NULL)",
      [],
    )
    .unwrap();
  contract::check(&adapter).await;
}

#[tokio::test]
async fn tables_that_are_dropped_under_it_are_made_anew() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  let stranger = Connection::open(folder.file()).unwrap();
  stranger.execute_batch("DROP TABLE lock; DROP TABLE lock_meta").unwrap();
  let answer = contract::one(&adapter, contract::acquire("k", &Owner::unique(), None)).await;
  assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
}

#[tokio::test]
async fn deinit_spares_live_leases_and_otherwise_leaves_nothing() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.deinit().await.unwrap();
  let owner = Owner::unique();
  contract::one(&adapter, contract::acquire("k", &owner, None)).await;
  adapter.deinit().await.unwrap();
  let again = contract::one(&adapter, contract::acquire("k", &Owner::unique(), None)).await;
  assert_eq!(again, Answer::Held { until: Until::Release });

  let key = crate::Key::new("k").unwrap();
  contract::one(
    &adapter,
    Request::Release {
      key,
      owner,
      fence: None,
    },
  )
  .await;
  adapter.deinit().await.unwrap();
  let tables: i64 = Connection::open(folder.file())
    .unwrap()
    .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
    .unwrap();
  assert_eq!(tables, 0);
}

#[tokio::test]
async fn tables_of_different_names_know_nothing_of_each_other() {
  let folder = Folder::new();
  for table in ["first", "second"] {
    let adapter = adapter(&folder.file(), Some(table)).unwrap();
    let answer = contract::one(&adapter, contract::acquire("k", &Owner::unique(), None)).await;
    assert!(matches!(answer, Answer::Acquired { .. }), "{table}: {answer:?}");
  }
}

#[tokio::test]
async fn tables_of_another_shape_are_refused_and_left_alone() {
  for (shape, hint) in [
    ("CREATE TABLE lock (id INTEGER)", "has the columns (id)"),
    (
      "CREATE TABLE lock (key TEXT PRIMARY KEY, owner TEXT, expiresAt INTEGER)",
      "expiresAt",
    ),
    (
      "CREATE TABLE lock (key TEXT, owner TEXT, expiration INTEGER)",
      "not unique",
    ),
    (
      "CREATE TABLE lock (key TEXT, owner TEXT, expiration INTEGER, UNIQUE (key, owner))",
      "not unique",
    ),
    (
      "CREATE VIEW lock AS SELECT 1 AS key, 2 AS owner, 3 AS expiration",
      "not unique",
    ),
    (
      "CREATE TABLE lock_meta (key TEXT PRIMARY KEY, owner TEXT)",
      "(key, owner)",
    ),
    (
      "CREATE TABLE lock_meta (name TEXT PRIMARY KEY, value); INSERT INTO lock_meta VALUES ('version', 99)",
      "upgrade",
    ),
  ] {
    let folder = Folder::new();
    Connection::open(folder.file()).unwrap().execute_batch(shape).unwrap();
    let error = failure_of(&folder.adapter()).await;
    assert_eq!(error.kind(), ErrorKind::Configuration, "{shape}: {error}");
    assert!(error.to_string().contains(hint), "{shape}: {error}");
    let made: i64 = Connection::open(folder.file())
      .unwrap()
      .query_row("SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL", [], |row| {
        row.get(0)
      })
      .unwrap();
    assert_eq!(made, 1, "{shape}: nothing was added");
  }
}

#[tokio::test]
async fn what_is_no_usable_file_is_refused_with_advice() {
  let folder = Folder::new();
  let directory = failure_of(&adapter(&folder.0, None).unwrap()).await;
  assert!(directory.to_string().contains("is a directory"), "{directory}");

  let nowhere = failure_of(&adapter(&folder.0.join("missing/locks.db"), None).unwrap()).await;
  assert!(nowhere.to_string().contains("create it"), "{nowhere}");

  let text = folder.0.join("text.db");
  std::fs::write(&text, "this is not a database, however long it goes on".repeat(100)).unwrap();
  let text = failure_of(&adapter(&text, None).unwrap()).await;
  assert!(text.to_string().contains("not a SQLite database"), "{text}");
  assert_eq!(text.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_stays_as_it_is() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  for number in 0..200 {
    contract::one(
      &adapter,
      contract::acquire(&format!("key {number}"), &Owner::unique(), None),
    )
    .await;
  }
  adapter.close().await;
  let mut bytes = std::fs::read(folder.file()).unwrap();
  let length = bytes.len();
  bytes[4096..length].fill(0xA5);
  std::fs::write(folder.file(), &bytes).unwrap();
  let error = failure_of(&folder.adapter()).await;
  assert_eq!(error.kind(), ErrorKind::Database, "{error}");
  assert!(error.to_string().contains("damaged"), "{error}");
  assert_eq!(std::fs::read(folder.file()).unwrap(), bytes);
}

#[tokio::test]
async fn one_unreadable_row_fails_alone() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  Connection::open(folder.file())
    .unwrap()
    .execute(
      "INSERT INTO lock (key, owner, expiration) VALUES ('odd', x'00ff', 'soon')",
      [],
    )
    .unwrap();
  let me = Owner::unique();
  let answers = adapter
    .answer(vec![
      contract::acquire("before", &me, None),
      contract::acquire("odd", &me, None),
      contract::acquire("after", &me, None),
    ])
    .await;
  assert!(matches!(answers[0], Ok(Answer::Acquired { .. })), "{answers:?}");
  assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::Database);
  assert!(matches!(answers[2], Ok(Answer::Acquired { .. })), "{answers:?}");
}

#[tokio::test]
async fn a_closed_adapter_says_so_and_stays_closed() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  adapter.close().await;
  adapter.close().await;
  assert_eq!(failure_of(&adapter).await.kind(), ErrorKind::Closed);
  assert_eq!(adapter.init().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[tokio::test]
async fn the_write_ahead_log_begins_anew_under_steady_writing() {
  const LIMIT: u64 = 4_194_304;
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  let owner = Owner::unique();
  let begun = Instant::now();
  let mut number = 0;
  let mut has_grown = false;
  loop {
    number += 1;
    contract::one(&adapter, contract::acquire(&format!("key {number}"), &owner, None)).await;
    // SQLite cuts the log to its size limit where it begins anew.
    let log = std::fs::metadata(folder.0.join("locks.db-wal")).unwrap().len();
    has_grown |= log > LIMIT;
    if has_grown && log <= LIMIT {
      return;
    }
    assert!(
      begun.elapsed() < Duration::from_secs(60),
      "{log} bytes after {number} commits"
    );
  }
}

#[tokio::test]
async fn a_reader_that_stays_in_the_file_holds_up_nobody() {
  let folder = Folder::new();
  let adapter = folder.adapter();
  adapter.init().await.unwrap();
  let reader = Connection::open(folder.file()).unwrap();
  reader.execute_batch("BEGIN; SELECT count(*) FROM lock").unwrap();
  let owner = Owner::unique();
  let mut late = Vec::new();
  // Enough for the log to be due several times over, each of which would hold up somebody.
  for number in 0..4000 {
    let begun = Instant::now();
    contract::one(&adapter, contract::acquire(&format!("key {number}"), &owner, None)).await;
    let waited = begun.elapsed();
    if waited >= Duration::from_secs(4) {
      late.push(waited);
    }
  }
  // One may be the doing of a busy machine.
  assert!(late.len() <= 1, "they waited {late:?}");
}

#[test]
fn urls_that_name_no_file_are_refused() {
  for location in ["", "//", "locks.db?mode=ro", "a\0b"] {
    let error = SqliteAdapter::new(location, &Options::default()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{location:?}");
  }
  for table in ["", "a b", "sqlite_lock"] {
    let options = Options {
      table_name: Some(table.to_owned()),
      ..Options::default()
    };
    assert!(SqliteAdapter::new("locks.db", &options).is_err(), "{table:?}");
  }
}

//! The dialect of SQLite, over a client as an application would bring one. Those of the servers are tested with their
//! adapters.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use super::{Dialect, Failure, Place, Reply, Said, SqlAdapter, SqlClient, Table, Value};
use crate::adapters::sqlite::SqliteAdapter;
use crate::adapters::{LockAdapter, Options, contract};
use crate::request::{Answer, Request, Until};
use crate::{Key, Owner};

struct Client(Mutex<Connection>);

#[async_trait::async_trait]
impl SqlClient for Client {
  async fn query(&self, statement: &Arc<str>, parameters: Vec<Value>) -> Result<Reply, Failure> {
    self.run(statement, parameters).map_err(|error| {
      let number = error.sqlite_error().map_or(0, |error| i64::from(error.extended_code));
      let said = Said {
        message: error.to_string(),
        code: String::new(),
        number,
      };
      Failure::of(Dialect::Sqlite, said)
    })
  }

  async fn close(&self) {}
}

impl Client {
  fn run(&self, statement: &str, parameters: Vec<Value>) -> rusqlite::Result<Reply> {
    let connection = self.0.lock().unwrap();
    let mut prepared = connection.prepare(statement)?;
    let columns = prepared.column_count();
    let parameters = parameters.into_iter().map(|value| match value {
      Value::Null => rusqlite::types::Value::Null,
      Value::Integer(integer) => rusqlite::types::Value::Integer(integer),
      Value::Text(text) => rusqlite::types::Value::Text(text),
    });
    let rows = prepared
      .query_map(params_from_iter(parameters), |row| {
        (0..columns)
          .map(|column| {
            Ok(match row.get_ref(column)? {
              ValueRef::Integer(integer) => Value::Integer(integer),
              ValueRef::Text(text) => Value::text(String::from_utf8_lossy(text)),
              _ => Value::Null,
            })
          })
          .collect()
      })?
      .collect::<rusqlite::Result<_>>()?;
    Ok(Reply {
      rows,
      ..Reply::default()
    })
  }
}

/// A file of a test's own, gone with it.
struct File(PathBuf);

impl File {
  fn new() -> Self {
    Self(std::env::temp_dir().join(format!("holdfast-{}.db", uuid::Uuid::new_v4())))
  }

  fn client(&self) -> Arc<Client> {
    let connection = Connection::open(&self.0).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    Arc::new(Client(Mutex::new(connection)))
  }

  fn adapter(&self) -> SqlAdapter {
    let table = Table::new(None, None).unwrap();
    SqlAdapter::new(self.client(), Dialect::Sqlite, &table, Place::TheirConnections)
  }

  fn native(&self) -> SqliteAdapter {
    SqliteAdapter::new(self.0.to_str().unwrap(), &Options::default()).unwrap()
  }
}

impl Drop for File {
  fn drop(&mut self) {
    for suffix in ["", "-wal", "-shm"] {
      drop(std::fs::remove_file(format!("{}{suffix}", self.0.display())));
    }
  }
}

fn force_release(name: &str) -> Request {
  Request::ForceRelease {
    key: Key::new(name).unwrap(),
  }
}

async fn fence(adapter: &dyn LockAdapter) -> u64 {
  match contract::one(adapter, contract::acquire("k", &Owner::unique(), None)).await {
    Answer::Acquired { fence } => fence,
    answer => panic!("{answer:?}"),
  }
}

#[tokio::test]
async fn a_client_of_sqlite_keeps_the_contract() {
  contract::check(&File::new().adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_one_file_agree_on_one_winner() {
  let file = File::new();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(file.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

#[tokio::test]
async fn a_client_and_the_adapter_of_this_crate_share_a_file_and_its_fences() {
  let file = File::new();
  let (native, theirs) = (file.native(), file.adapter());
  native.init().await.unwrap();
  let mut last = 0;
  for _ in 0..3 {
    for adapter in [&native as &dyn LockAdapter, &theirs] {
      let granted = fence(adapter).await;
      assert!(granted > last, "{granted} after {last}");
      last = granted;
      for other in [&native as &dyn LockAdapter, &theirs] {
        let refused = contract::one(other, contract::acquire("k", &Owner::unique(), None)).await;
        assert_eq!(refused, Answer::Held { until: Until::Release });
      }
      assert_eq!(contract::one(adapter, force_release("k")).await, Answer::Released(true));
    }
  }
}

#[tokio::test]
async fn a_table_of_kyselys_is_completed_through_a_client() {
  let file = File::new();
  let client = file.client();
  client
    .0
    .lock()
    .unwrap()
    .execute_batch(
      "CREATE TABLE lock (key varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration bigint);
       INSERT INTO lock VALUES ('held', 'theirs', NULL)",
    )
    .unwrap();
  let adapter = file.adapter();
  let refused = contract::one(&adapter, contract::acquire("held", &Owner::unique(), None)).await;
  assert_eq!(refused, Answer::Held { until: Until::Release });
  contract::check(&adapter).await;
}

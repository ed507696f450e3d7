use std::sync::Mutex;

use super::*;
use crate::adapters::contract::{self, key};
use crate::adapters::sql::{Failure, Reply, Server, SqlClient, Value};
use crate::fence::Fence;
use crate::request::Until;
use crate::{Owner, Ttl};

fn url() -> String {
  std::env::var("MYSQL_URL").expect("MYSQL_URL names the server to test with; npm test provides one")
}

/// A table of a test's own.
struct Scene(String);

impl Scene {
  fn new() -> Self {
    Self(format!("t{}", uuid::Uuid::new_v4().simple()))
  }

  fn adapter(&self) -> MysqlAdapter {
    MysqlAdapter::new(&MysqlSettings {
      server: Server::patient(&url()),
      table_name: Some(self.0.clone()),
    })
    .unwrap()
  }
}

#[tokio::test]
async fn keeps_the_contract() {
  contract::check(&Scene::new().adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  let scene = Scene::new();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(scene.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

/// Our connections, with the first word of every statement they were asked.
struct Listener {
  connections: Connections<MysqlDriver>,
  heard: Mutex<Vec<String>>,
}

#[async_trait]
impl SqlClient for Listener {
  async fn query(&self, statement: &Arc<str>, parameters: Vec<Value>) -> std::result::Result<Reply, Failure> {
    let first_word = statement.split(' ').next().unwrap_or_default();
    self.heard.lock().unwrap().push(first_word.into());
    self.connections.query(statement, parameters).await
  }

  async fn close(&self) {
    self.connections.close().await;
  }
}

impl Listener {
  fn heard(&self) -> Vec<String> {
    std::mem::take(&mut self.heard.lock().unwrap())
  }
}

/// An adapter whose statements are heard.
struct Heard {
  adapter: SqlAdapter,
  listener: Arc<Listener>,
}

impl Heard {
  async fn new() -> Self {
    let settings = MysqlSettings {
      server: Server::patient(&url()),
      table_name: None,
    };
    let listener = Arc::new(Listener {
      connections: Connections::new(MysqlDriver::new(&settings).unwrap(), settings.server),
      heard: Mutex::default(),
    });
    let table = Table::new(Some(&Scene::new().0), None).unwrap();
    let client = Arc::clone(&listener) as Arc<dyn SqlClient>;
    let adapter = SqlAdapter::new(client, Dialect::Mysql, &table, Place::OurConnections);
    adapter.init().await.unwrap();
    listener.heard();
    Self { adapter, listener }
  }

  /// Acquires each key for an owner of its own, all in one batch, for so many seconds.
  async fn acquire(&self, keys: &[(&str, Option<f64>)]) -> (Vec<Answer>, Vec<String>) {
    let acquires = keys.iter().map(|(name, seconds)| Request::Acquire {
      key: key(name),
      owner: owner_of(name),
      ttl: seconds.map(|seconds| Ttl::from_milliseconds(1000.0 * seconds).unwrap()),
    });
    let answers = contract::all(&self.adapter, acquires.collect()).await;
    let heard = self.listener.heard();
    for ((name, _), answer) in keys.iter().zip(&answers) {
      let state = contract::one(&self.adapter, Request::State { key: key(name) }).await;
      let Answer::State(Some(holder)) = state else {
        panic!("{name} is held by nobody");
      };
      if let Answer::Acquired { fence } = answer {
        assert_eq!((holder.owner, holder.fence), (owner_of(name), *fence), "{name}");
      }
    }
    self.listener.heard();
    (answers, heard)
  }

  /// Gives back what was granted, in one statement.
  async fn release(&self, keys: &[(&str, Option<f64>)], answers: &[Answer]) {
    let granted = keys.iter().zip(answers).filter_map(|((name, _), answer)| match answer {
      Answer::Acquired { fence } => Some((name, *fence)),
      _ => None,
    });
    let releases = granted.map(|(name, fence)| Request::Release {
      key: key(name),
      owner: owner_of(name),
      fence: Some(fence),
    });
    let answers = contract::all(&self.adapter, releases.collect()).await;
    assert!(
      answers.iter().all(|answer| *answer == Answer::Released(true)),
      "{answers:?}"
    );
    assert_eq!(self.listener.heard(), ["UPDATE"]);
  }
}

fn owner_of(name: &str) -> Owner {
  Owner::new(format!("owner of {name}")).unwrap()
}

fn fence_of(answers: &[Answer]) -> Fence {
  match answers.first() {
    Some(Answer::Acquired { fence }) => *fence,
    answer => panic!("{answer:?}"),
  }
}

#[tokio::test]
async fn keys_that_are_used_again_are_taken_by_one_statement() {
  let heard = Heard::new().await;
  for ttl in [Some(60.0), None] {
    let keys = ["Schlüssel", "a", "b", "c", "d"].map(|name| (name, ttl));
    let mut fence = 0;
    for round in 0..4 {
      let (answers, statements) = heard.acquire(&keys).await;
      if round > 1 {
        assert_eq!(statements, ["UPDATE"]);
      }
      let before = std::mem::replace(&mut fence, fence_of(&answers));
      assert!(before < fence, "{fence} after {before}");
      heard.release(&keys, &answers).await;
    }
  }
  heard.adapter.close().await;
}

#[tokio::test]
async fn keys_that_are_used_again_are_taken_beside_one_that_is_held_and_one_that_is_new() {
  let heard = Heard::new().await;
  let known = ["a", "b", "c"].map(|name| (name, Some(60.0)));
  for _ in 0..3 {
    let (answers, _) = heard.acquire(&known).await;
    heard.release(&known, &answers).await;
  }
  heard.acquire(&known[1..2]).await;
  let keys = ["a", "b", "c", "new"].map(|name| (name, Some(60.0)));
  let (answers, statements) = heard.acquire(&keys).await;
  let granted: Vec<_> = answers
    .iter()
    .map(|answer| matches!(answer, Answer::Acquired { .. }))
    .collect();
  assert_eq!(granted, [true, false, true, true]);
  assert!(
    matches!(
      answers[1],
      Answer::Held {
        until: Until::Expiry(_)
      }
    ),
    "{answers:?}"
  );
  assert_eq!(statements, ["UPDATE", "INSERT", "SELECT"]);
  heard.adapter.close().await;
}

#[tokio::test]
async fn keys_of_one_checksum_and_leases_of_several_lengths_are_taken_together() {
  let heard = Heard::new().await;
  for keys in [
    [("buckeroo", Some(60.0)), ("plumless", Some(60.0))],
    [("a", Some(60.0)), ("b", Some(90.0))],
  ] {
    for round in 0..4 {
      let (answers, statements) = heard.acquire(&keys).await;
      if round > 0 {
        assert_eq!(statements, ["INSERT"]);
      }
      heard.release(&keys, &answers).await;
    }
  }
  heard.adapter.close().await;
}

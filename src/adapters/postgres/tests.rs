use std::time::{Duration, Instant};

use super::*;
use crate::Owner;
use crate::adapters::contract;
use crate::adapters::sql::{Server, SqlClient};

fn url() -> String {
  std::env::var("POSTGRES_URL").expect("POSTGRES_URL names the server to test with; npm test provides one")
}

/// A table of a test's own, gone with it.
struct Scene(String);

impl Scene {
  fn new() -> Self {
    Self(format!("t{}", uuid::Uuid::new_v4().simple()))
  }

  fn settings(&self) -> PostgresSettings {
    PostgresSettings {
      server: Server::patient(&url()),
      table_name: Some(self.0.clone()),
      ..PostgresSettings::default()
    }
  }

  fn adapter(&self) -> PostgresAdapter {
    PostgresAdapter::new(&self.settings()).unwrap()
  }
}

#[tokio::test]
async fn keeps_the_contract() {
  contract::check(&Scene::new().adapter()).await;
}

#[tokio::test]
async fn keeps_the_contract_without_prepared_statements() {
  let settings = PostgresSettings {
    prepares: false,
    ..Scene::new().settings()
  };
  contract::check(&PostgresAdapter::new(&settings).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  let scene = Scene::new();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(scene.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

const PATIENCE: Duration = Duration::from_secs(30);

fn release(owner: &Owner) -> Request {
  Request::Release {
    key: Key::new("k").unwrap(),
    owner: owner.clone(),
    fence: None,
  }
}

/// A server that is busy may be too late for a subscription; the next is made half a minute later.
async fn watch(adapter: &PostgresAdapter) -> Watch {
  let key = Key::new("k").unwrap();
  let begun = Instant::now();
  loop {
    match adapter.watch(&key).await.unwrap() {
      Some(watch) => return watch,
      None => assert!(begun.elapsed() < 4 * PATIENCE, "nothing is heard"),
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
  }
}

#[tokio::test]
async fn a_release_by_another_connection_is_heard() {
  let scene = Scene::new();
  let (holder, waiter) = (scene.adapter(), scene.adapter());
  let owner = Owner::unique();
  for _ in 0..2 {
    contract::one(&holder, contract::acquire("k", &owner, None)).await;
    let watch = watch(&waiter).await;
    contract::one(&holder, release(&owner)).await;
    tokio::time::timeout(PATIENCE, watch.heard()).await.unwrap();
  }
}

#[tokio::test]
async fn a_subscription_that_is_cut_off_is_made_anew_and_wakes_who_waits() {
  let scene = Scene::new();
  let (holder, waiter) = (scene.adapter(), scene.adapter());
  let owner = Owner::unique();
  contract::one(&holder, contract::acquire("k", &owner, None)).await;
  let watch = watch(&waiter).await;
  let client = Connections::new(PostgresDriver::new(&scene.settings()).unwrap(), Server::patient(&url()));
  let cut_off: Arc<str> = format!(
    "SELECT pg_terminate_backend(pid)::int::bigint AS cut_off FROM pg_stat_activity WHERE query LIKE 'LISTEN%{}%'",
    scene.0
  )
  .into();
  // Once for the loss, which may be told of before the statement is over, and once since something may have been missed.
  let (reply, lost) = tokio::join!(
    client.query(&cut_off, Vec::new()),
    tokio::time::timeout(PATIENCE, watch.heard())
  );
  assert_eq!(reply.unwrap().rows.len(), 1);
  lost.unwrap();
  tokio::time::timeout(PATIENCE, watch.heard()).await.unwrap();
  contract::one(&holder, release(&owner)).await;
  tokio::time::timeout(PATIENCE, watch.heard()).await.unwrap();
}

#[tokio::test]
async fn without_listening_nothing_is_watched() {
  let settings = PostgresSettings {
    listens: false,
    ..Scene::new().settings()
  };
  let adapter = PostgresAdapter::new(&settings).unwrap();
  assert!(adapter.watch(&Key::new("k").unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn twenty_that_start_at_once_agree_on_the_table() {
  let scene = Scene::new();
  let starters: Vec<_> = (0..20)
    .map(|_| {
      let adapter = scene.adapter();
      tokio::spawn(async move { adapter.init().await })
    })
    .collect();
  for starter in starters {
    starter.await.unwrap().unwrap();
  }
}

#[tokio::test]
async fn a_session_that_was_ended_while_idle_shows_nowhere() {
  let scene = Scene::new();
  let adapter = scene.adapter();
  adapter.init().await.unwrap();
  let client = Connections::new(PostgresDriver::new(&scene.settings()).unwrap(), Server::patient(&url()));
  for round in 0..3 {
    let owner = Owner::unique();
    let answer = contract::one(&adapter, contract::acquire(&format!("k{round}"), &owner, None)).await;
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    let end: Arc<str> = format!(
      "SELECT pg_terminate_backend(pid)::int::bigint AS ended FROM pg_stat_activity WHERE query LIKE '%{}%' AND pid <> \
       pg_backend_pid()",
      scene.0
    )
    .into();
    assert!(!client.query(&end, Vec::new()).await.unwrap().rows.is_empty());
  }
}

#[tokio::test]
async fn a_table_of_kyselys_is_completed_and_its_locks_are_seen() {
  let scene = Scene::new();
  let client = Connections::new(PostgresDriver::new(&scene.settings()).unwrap(), Server::patient(&url()));
  let table = &scene.0;
  let kysely = |statement: String| {
    let client = &client;
    async move { client.query(&statement.into(), Vec::new()).await }
  };
  kysely(format!(
    "CREATE TABLE {table} (key varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration bigint)"
  ))
  .await
  .unwrap();
  kysely(format!("CREATE INDEX ON {table} (expiration)")).await.unwrap();
  kysely(format!("INSERT INTO {table} VALUES ('held', 'theirs', NULL)"))
    .await
    .unwrap();
  let adapter = scene.adapter();
  let me = Owner::unique();
  let refused = contract::one(&adapter, contract::acquire("held", &me, None)).await;
  assert_eq!(
    refused,
    Answer::Held {
      until: crate::request::Until::Release
    }
  );
  contract::one(&adapter, contract::acquire("free", &me, None)).await;
  let taken = kysely(format!(
    "INSERT INTO {table} (key, owner, expiration) VALUES ('free', 'theirs', NULL)"
  ))
  .await;
  assert!(taken.is_err(), "a program that knows no fences is excluded");
  kysely(format!(
    "INSERT INTO {table} (key, owner, expiration) VALUES ('other', 'theirs', NULL)"
  ))
  .await
  .unwrap();
  contract::check(&adapter).await;
}

#[tokio::test]
async fn tables_of_another_shape_are_refused() {
  let scene = Scene::new();
  let client = Connections::new(PostgresDriver::new(&scene.settings()).unwrap(), Server::patient(&url()));
  let table = &scene.0;
  for (shape, hint) in [
    ("(id bigint)", "has the columns (id bigint)"),
    (
      "(key integer PRIMARY KEY, owner text, expiration bigint)",
      "key integer",
    ),
    (
      "(key text PRIMARY KEY, owner text, expiration timestamptz)",
      "expiration timestamp",
    ),
    ("(key text, owner text, expiration bigint)", "not unique"),
    (
      "(key text, owner text, expiration bigint, UNIQUE (key, owner))",
      "not unique",
    ),
  ] {
    client
      .query(&format!("CREATE TABLE {table} {shape}").into(), Vec::new())
      .await
      .unwrap();
    let error = scene.adapter().init().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Configuration, "{shape}: {error}");
    assert!(error.to_string().contains(hint), "{shape}: {error}");
    client
      .query(&format!("DROP TABLE {table}").into(), Vec::new())
      .await
      .unwrap();
  }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_and_never_held() {
  let port = std::net::TcpListener::bind("127.0.0.1:0")
    .unwrap()
    .local_addr()
    .unwrap()
    .port();
  let mut settings = Scene::new().settings();
  settings.server = Server::at(&format!("postgres://postgres:secret@127.0.0.1:{port}/postgres"));
  let adapter = PostgresAdapter::new(&settings).unwrap();
  let error = adapter
    .answer(vec![contract::acquire("k", &Owner::unique(), None)])
    .await
    .remove(0)
    .unwrap_err();
  assert_eq!(error.kind(), crate::ErrorKind::Connection, "{error}");
  assert!(!format!("{error} {error:?}").contains("secret"));
}

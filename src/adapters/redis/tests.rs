use std::sync::Arc;

use super::*;
use crate::Owner;
use crate::adapters::contract;

/// The server the tests are given; each test has a prefix of its own there.
fn adapter() -> RedisAdapter {
  let url = std::env::var("REDIS_URL").expect("REDIS_URL names the server to test with; npm test provides one");
  RedisAdapter::new(&url, Some(&format!("holdfast-{}:", uuid::Uuid::new_v4()))).unwrap()
}

#[tokio::test]
async fn keeps_the_contract() {
  contract::check(&adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  let first = adapter();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| {
      let adapter = RedisAdapter {
        client: first.client.clone(),
        key_prefix: first.key_prefix.clone(),
        connection: Mutex::new(Connection::Unopened),
      };
      Arc::new(adapter) as Arc<dyn LockAdapter>
    })
    .collect();
  contract::check_race(&adapters).await;
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_taught_them_again() {
  let adapter = adapter();
  for _ in 0..2 {
    let mut connection = adapter.connection().await.unwrap();
    let mut forget = Pipeline::new();
    forget.cmd("SCRIPT").arg("FLUSH");
    send(&mut connection, &forget, 1).await.unwrap();
    let owner = Owner::unique();
    let answer = contract::one(&adapter, contract::acquire("k", &owner, None)).await;
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    let key = crate::Key::new("k").unwrap();
    assert_eq!(
      contract::one(
        &adapter,
        Request::Release {
          key,
          owner,
          fence: None
        }
      )
      .await,
      Answer::Released(true)
    );
  }
}

#[tokio::test]
async fn a_lease_of_no_time_is_granted_and_over() {
  let adapter = adapter();
  for _ in 0..2 {
    let request = contract::acquire("k", &Owner::unique(), Some(Duration::ZERO));
    assert!(matches!(
      contract::one(&adapter, request).await,
      Answer::Acquired { .. }
    ));
  }
}

#[tokio::test]
async fn a_key_that_is_something_else_fails_alone() {
  let adapter = adapter();
  let mut connection = adapter.connection().await.unwrap();
  let mut push = Pipeline::new();
  push
    .cmd("RPUSH")
    .arg(format!("{}list", adapter.key_prefix))
    .arg("entry");
  send(&mut connection, &push, 1).await.unwrap();
  let owner = Owner::unique();
  let list = Request::Release {
    key: crate::Key::new("list").unwrap(),
    owner: owner.clone(),
    fence: None,
  };
  let answers = adapter.answer(vec![list, contract::acquire("k", &owner, None)]).await;
  assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Database);
  assert!(matches!(answers[1], Ok(Answer::Acquired { .. })), "{answers:?}");
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_never_held() {
  // A port that was free a moment ago, on this machine only.
  let port = std::net::TcpListener::bind("127.0.0.1:0")
    .unwrap()
    .local_addr()
    .unwrap()
    .port();
  let adapter = RedisAdapter::new(&format!("redis://127.0.0.1:{port}"), None).unwrap();
  let answers = adapter
    .answer(vec![contract::acquire("k", &Owner::unique(), None)])
    .await;
  assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn a_closed_adapter_says_so() {
  let adapter = adapter();
  adapter.close().await;
  assert_eq!(adapter.init().await.unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn urls_that_are_none_are_refused_without_being_repeated() {
  let error = RedisAdapter::new("redis://user:secret@:nonsense", None).err().unwrap();
  assert_eq!(error.kind(), ErrorKind::Configuration);
  assert!(!error.to_string().contains("secret"), "{error}");
}

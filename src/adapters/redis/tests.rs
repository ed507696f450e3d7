mod users;
mod watching;

use std::time::Duration;

use redis::Value;
use tokio::time::timeout;

use super::*;
use crate::adapters::contract;
use crate::request::Until;
use crate::{ErrorKind, Owner, Ttl};

/// Far more than anything takes here.
const PATIENCE: Duration = Duration::from_secs(30);

fn settings() -> Settings {
  let url = std::env::var("REDIS_URL").expect("REDIS_URL names the server to test with; npm test provides one");
  let mut settings = Settings::of_url(&url).unwrap();
  settings.key_prefix = format!("holdfast-{}:", uuid::Uuid::new_v4());
  // The server may stand still for a while, on a busy machine.
  (settings.command_timeout, settings.connect_timeout) = (PATIENCE, PATIENCE);
  settings
}

/// Over the server the tests are given; each test has a prefix of its own there.
fn adapter() -> RedisAdapter {
  RedisAdapter::new(settings()).unwrap()
}

/// Another over the same server and prefix.
fn another(adapter: &RedisAdapter) -> RedisAdapter {
  let mut settings = settings();
  settings.key_prefix.clone_from(&adapter.style.key_prefix);
  RedisAdapter::new(settings).unwrap()
}

async fn command(adapter: &RedisAdapter, words: &[&str]) -> Value {
  let deadline = Instant::now() + PATIENCE;
  let node = adapter.servers.node_for("", deadline).await.unwrap();
  let connection = node.connection(deadline).await.unwrap();
  let mut command = redis::Cmd::new();
  for word in words {
    command.arg(word);
  }
  connection.ask(command, deadline).await.unwrap()
}

fn release(key: &str, owner: &Owner) -> Request {
  Request::Release {
    key: Key::new(key).unwrap(),
    owner: owner.clone(),
    fence: None,
  }
}

#[tokio::test]
async fn keeps_the_contract() {
  contract::check(&adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  let first = adapter();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(another(&first)) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

#[tokio::test]
async fn a_server_that_forgot_the_scripts_is_taught_them_again() {
  let adapter = adapter();
  for _ in 0..2 {
    command(&adapter, &["SCRIPT", "FLUSH"]).await;
    let owner = Owner::unique();
    let answer = contract::one(&adapter, contract::acquire("k", &owner, None)).await;
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
    assert_eq!(
      contract::one(&adapter, release("k", &owner)).await,
      Answer::Released(true)
    );
  }
}

#[tokio::test]
async fn what_a_batch_teaches_it_uses_in_the_order_given() {
  let adapter = adapter();
  let [first, second] = [Owner::unique(), Owner::unique()];
  command(&adapter, &["SCRIPT", "FLUSH"]).await;
  let answers = adapter
    .answer(vec![
      contract::acquire("k", &first, None),
      contract::acquire("k", &second, None),
      release("k", &first),
      contract::acquire("k", &second, None),
    ])
    .await;
  assert!(matches!(answers[0], Ok(Answer::Acquired { .. })), "{answers:?}");
  assert!(matches!(answers[1], Ok(Answer::Held { .. })), "{answers:?}");
  assert!(matches!(answers[2], Ok(Answer::Released(true))), "{answers:?}");
  assert!(matches!(answers[3], Ok(Answer::Acquired { .. })), "{answers:?}");
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
async fn a_fence_ahead_of_the_clock_is_followed_by_the_next() {
  let adapter = adapter();
  let fence = format!("{{{}k}}:fence", adapter.style.key_prefix);
  command(&adapter, &["SET", &fence, "8000000000000000"]).await;
  let request = contract::acquire("k", &Owner::unique(), None);
  assert_eq!(
    contract::one(&adapter, request).await,
    Answer::Acquired {
      fence: 8_000_000_000_000_001
    }
  );
}

#[tokio::test]
async fn a_lease_that_has_outlived_its_fence_is_released_and_refreshed_by_it() {
  let adapter = adapter();
  let owner = Owner::unique();
  let Answer::Acquired { fence } = contract::one(&adapter, contract::acquire("k", &owner, None)).await else {
    panic!("it is free");
  };
  command(&adapter, &["DEL", &format!("{{{}k}}:fence", adapter.style.key_prefix)]).await;
  let request = Request::Release {
    key: Key::new("k").unwrap(),
    owner,
    fence: Some(fence),
  };
  assert_eq!(contract::one(&adapter, request).await, Answer::Released(true));
}

#[tokio::test]
async fn a_key_that_is_something_else_fails_alone() {
  let adapter = adapter();
  let prefix = &adapter.style.key_prefix;
  command(&adapter, &["RPUSH", &format!("{prefix}list"), "entry"]).await;
  command(&adapter, &["RPUSH", &format!("{{{prefix}fenceless}}:fence"), "entry"]).await;
  let owner = Owner::unique();
  let answers = adapter
    .answer(vec![
      Request::State {
        key: Key::new("list").unwrap(),
      },
      contract::acquire("fenceless", &owner, None),
      contract::acquire("k", &owner, None),
      release("list", &owner),
    ])
    .await;
  assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Database);
  assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::Database);
  assert!(matches!(answers[2], Ok(Answer::Acquired { .. })), "{answers:?}");
  assert!(matches!(answers[3], Ok(Answer::Released(false))), "{answers:?}");
  // What got no fence was not granted.
  assert_eq!(
    command(&adapter, &["EXISTS", &format!("{prefix}fenceless")]).await,
    Value::Int(0)
  );
}

#[tokio::test]
async fn requests_that_are_more_than_a_call_holds_are_answered_in_their_places() {
  let adapter = adapter();
  let owner = Owner::unique();
  let keys: Vec<String> = (0..MOST_IN_A_CALL * 2 + 5).map(|number| format!("k{number}")).collect();
  contract::one(&adapter, contract::acquire(&keys[40], &Owner::unique(), None)).await;
  let requests = keys.iter().map(|key| contract::acquire(key, &owner, None)).collect();
  for (place, answer) in adapter.answer(requests).await.into_iter().enumerate() {
    assert_eq!(
      matches!(answer, Ok(Answer::Acquired { .. })),
      place != 40,
      "{place} {answer:?}"
    );
  }
  let requests = keys.iter().map(|key| release(key, &owner)).collect();
  for (place, answer) in adapter.answer(requests).await.into_iter().enumerate() {
    assert_eq!(answer.unwrap(), Answer::Released(place != 40), "{place}");
  }
}

#[tokio::test]
async fn every_verb_has_its_place_in_a_batch() {
  let adapter = adapter();
  let owner = Owner::unique();
  let key = || Key::new("k").unwrap();
  let ttl = Ttl::from_milliseconds(600_000.0).unwrap();
  let refresh = || Request::Refresh {
    key: key(),
    owner: owner.clone(),
    ttl,
    fence: None,
  };
  let answers = adapter
    .answer(vec![
      Request::State { key: key() },
      contract::acquire("k", &owner, Some(ttl.duration())),
      refresh(),
      contract::acquire("k", &Owner::unique(), None),
      Request::ForceRelease { key: key() },
      refresh(),
      Request::ForceRelease { key: key() },
      contract::acquire("k", &owner, None),
      refresh(),
      release("k", &owner),
      release("k", &owner),
    ])
    .await
    .into_iter()
    .map(Result::unwrap)
    .collect::<Vec<_>>();
  let [
    state,
    first,
    refreshed,
    held,
    forced,
    unowned,
    unforced,
    second,
    unexpirable,
    released,
    unreleased,
  ] = &answers[..]
  else {
    panic!("{answers:?}");
  };
  assert_eq!(*state, Answer::State(None));
  let (Answer::Acquired { fence: first }, Answer::Acquired { fence: second }) = (first, second) else {
    panic!("{answers:?}");
  };
  assert!(second > first, "{answers:?}");
  assert_eq!(*refreshed, Answer::Refreshed);
  assert!(
    matches!(
      held,
      Answer::Held {
        until: Until::Expiry(_)
      }
    ),
    "{answers:?}"
  );
  assert_eq!([forced, unforced], [&Answer::Released(true), &Answer::Released(false)]);
  assert_eq!([unowned, unexpirable], [&Answer::Unowned, &Answer::Unexpirable]);
  assert_eq!(
    [released, unreleased],
    [&Answer::Released(true), &Answer::Released(false)]
  );
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_never_held() {
  // A port that was free a moment ago, on this machine only.
  let port = std::net::TcpListener::bind("127.0.0.1:0")
    .unwrap()
    .local_addr()
    .unwrap()
    .port();
  for url in [
    format!("redis://127.0.0.1:{port}"),
    format!("redis+cluster://127.0.0.1:{port}"),
    format!("redis+sentinel://127.0.0.1:{port}/main"),
  ] {
    let adapter = RedisAdapter::open(&url, None).unwrap();
    let answers = adapter
      .answer(vec![contract::acquire("k", &Owner::unique(), None)])
      .await;
    assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Connection, "{url}");
  }
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_is_an_error_in_time() {
  let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
  let mut settings = Settings::new(settings::Place::Server(settings::Address::tcp(
    "127.0.0.1",
    listener.local_addr().unwrap().port(),
  )));
  settings.command_timeout = Duration::from_millis(50);
  let adapter = RedisAdapter::new(settings).unwrap();
  let asked = adapter.answer(vec![contract::acquire("k", &Owner::unique(), None)]);
  let answers = timeout(PATIENCE, asked).await.unwrap();
  let kind = answers[0].as_ref().unwrap_err().kind();
  assert!(
    matches!(kind, ErrorKind::Connection | ErrorKind::Ambiguous),
    "{answers:?}"
  );
}

#[tokio::test]
async fn a_connection_that_was_closed_while_nobody_asked_is_made_anew_unnoticed() {
  let adapter = adapter();
  for _ in 0..20 {
    let deadline = Instant::now() + PATIENCE;
    let node = adapter.servers.node_for("", deadline).await.unwrap();
    let connection = node.connection(deadline).await.unwrap();
    let Value::Int(id) = command(&adapter, &["CLIENT", "ID"]).await else {
      panic!("an id");
    };
    command(&another(&adapter), &["CLIENT", "KILL", "ID", &id.to_string()]).await;
    while !connection.is_over() {
      tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let answer = contract::one(&adapter, contract::acquire("k", &Owner::unique(), Some(Duration::ZERO))).await;
    assert!(matches!(answer, Answer::Acquired { .. }), "{answer:?}");
  }
}

#[tokio::test]
async fn a_closed_adapter_says_so() {
  let adapter = adapter();
  adapter.close().await;
  assert_eq!(adapter.init().await.unwrap_err().kind(), ErrorKind::Closed);
  let watch = adapter.watch(&Key::new("k").unwrap()).await;
  assert_eq!(watch.err().map(|error| error.kind()), Some(ErrorKind::Closed));
}

#[tokio::test]
async fn a_grant_that_no_replica_has_heard_of_is_taken_back() {
  let mut settings = settings();
  settings.replicas = Some(Replicas {
    count: 1,
    timeout: Duration::from_millis(50),
  });
  let adapter = RedisAdapter::new(settings).unwrap();
  let owner = Owner::unique();
  let answers = adapter
    .answer(vec![
      contract::acquire("k", &owner, None),
      Request::State {
        key: Key::new("k").unwrap(),
      },
    ])
    .await;
  let error = answers[0].as_ref().unwrap_err();
  assert_eq!(error.kind(), ErrorKind::Connection);
  assert!(error.to_string().contains("0 of 1 replicas"), "{error}");
  assert!(matches!(answers[1], Ok(Answer::State(_))), "{answers:?}");
  let request = Request::State {
    key: Key::new("k").unwrap(),
  };
  assert_eq!(contract::one(&adapter, request).await, Answer::State(None));
}

use super::users::User;
use super::*;

#[tokio::test]
async fn releases_by_another_are_heard() {
  let adapter = adapter();
  let stranger = another(&adapter);
  let key = Key::new("k").unwrap();
  let owner = Owner::unique();
  for request in [release("k", &owner), Request::ForceRelease { key: key.clone() }] {
    contract::one(&stranger, contract::acquire("k", &owner, None)).await;
    let watches = [
      adapter.watch(&key).await.unwrap().unwrap(),
      adapter.watch(&key).await.unwrap().unwrap(),
    ];
    assert_eq!(contract::one(&stranger, request).await, Answer::Released(true));
    for watch in watches {
      timeout(PATIENCE, watch.heard()).await.unwrap();
    }
  }
}

#[tokio::test]
async fn what_is_no_release_is_not_heard() {
  let adapter = adapter();
  let owner = Owner::unique();
  let watch = adapter.watch(&Key::new("k").unwrap()).await.unwrap().unwrap();
  contract::one(&adapter, contract::acquire("k", &owner, None)).await;
  contract::one(&adapter, release("k", &Owner::unique())).await;
  contract::one(&adapter, contract::acquire("other", &owner, None)).await;
  contract::one(&adapter, release("other", &owner)).await;
  assert!(timeout(Duration::from_millis(200), watch.heard()).await.is_err());
}

#[tokio::test]
async fn who_stops_listening_unsubscribes() {
  let adapter = adapter();
  let channel = Style::channel(&adapter.style.name(&Key::new("k").unwrap()));
  let listeners = async || match command(&adapter, &["PUBSUB", "NUMSUB", &channel]).await {
    Value::Array(counted) => counted[1].clone(),
    other => other,
  };
  let first = adapter.watch(&Key::new("k").unwrap()).await.unwrap();
  let second = adapter.watch(&Key::new("k").unwrap()).await.unwrap();
  assert_eq!(listeners().await, Value::Int(1));
  drop(first);
  // Orders are carried out one after the other.
  drop(adapter.watch(&Key::new("other").unwrap()).await.unwrap());
  assert_eq!(listeners().await, Value::Int(1));
  drop(second);
  drop(adapter.watch(&Key::new("other").unwrap()).await.unwrap());
  assert_eq!(listeners().await, Value::Int(0));
}

#[tokio::test]
async fn who_listened_over_a_lost_connection_is_woken_and_goes_on_listening() {
  let stranger = adapter();
  let user = User::new(&stranger, &["~*", "&*", "+@all"]).await;
  let key = Key::new("k").unwrap();
  let owner = Owner::unique();
  contract::one(&stranger, contract::acquire("k", &owner, None)).await;
  let watch = user.adapter.watch(&key).await.unwrap().unwrap();
  let killed = command(&stranger, &["CLIENT", "KILL", "USER", &user.name, "TYPE", "PUBSUB"]).await;
  assert_eq!(killed, Value::Int(1));
  timeout(PATIENCE, watch.heard()).await.unwrap();
  assert_eq!(
    contract::one(&stranger, release("k", &owner)).await,
    Answer::Released(true)
  );
  timeout(PATIENCE, watch.heard()).await.unwrap();
  user.remove(&stranger).await;
}

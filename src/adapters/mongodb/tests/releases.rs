use std::time::Duration;

use mongodb::bson::doc;

use super::{Place, fence_of, release};
use crate::adapters::{LockAdapter, Watch, contract};
use crate::name::{Key, Owner};
use crate::request::Request;

/// Fails where nothing is heard within as long as a slow machine may take.
async fn heard(watch: &Watch) {
  tokio::time::timeout(Duration::from_secs(30), watch.heard())
    .await
    .expect("a release was heard");
}

#[tokio::test]
async fn a_release_by_anybody_is_heard() {
  let place = Place::replica_set();
  let (mine, theirs, me) = (place.adapter(), place.adapter(), Owner::unique());
  let key = Key::new("k").unwrap();
  for ending in [release("k", &me), Request::ForceRelease { key: key.clone() }] {
    fence_of(&theirs, "k", &me, None).await;
    let watch = mine.watch(&key).await.unwrap().expect("a replica set tells");
    contract::one(&theirs, ending).await;
    heard(&watch).await;
  }
}

#[tokio::test]
async fn a_deletion_by_another_program_is_heard() {
  let place = Place::replica_set();
  let adapter = place.adapter();
  adapter.init().await.unwrap();
  let documents = place.documents().await;
  documents
    .insert_one(doc! { "key": "k", "owner": "they", "expiration": null })
    .await
    .unwrap();
  let watch = adapter.watch(&Key::new("k").unwrap()).await.unwrap().unwrap();
  documents.delete_one(doc! { "key": "k" }).await.unwrap();
  heard(&watch).await;
}

#[tokio::test]
async fn a_release_of_another_key_wakes_nobody() {
  let place = Place::replica_set();
  let (adapter, me) = (place.adapter(), Owner::unique());
  let watch_of = |name| {
    let key = Key::new(name).unwrap();
    let adapter = &adapter;
    async move { adapter.watch(&key).await.unwrap().unwrap() }
  };
  let (watched, other) = (watch_of("watched").await, watch_of("other").await);
  fence_of(&adapter, "other", &me, None).await;
  contract::one(&adapter, release("other", &me)).await;
  heard(&other).await;
  // What happened before is in the same stream, so it would have been heard by now.
  assert!(tokio::time::timeout(Duration::ZERO, watched.heard()).await.is_err());
}

#[tokio::test]
async fn a_standalone_server_tells_of_no_releases() {
  let adapter = Place::new("MONGODB_STANDALONE_URL").adapter();
  for _ in 0..2 {
    assert!(adapter.watch(&Key::new("k").unwrap()).await.unwrap().is_none());
  }
}

#[tokio::test]
async fn a_stream_that_was_lost_wakes_everybody_and_comes_back() {
  let place = Place::replica_set();
  let (adapter, me) = (place.adapter(), Owner::unique());
  let watch = adapter.watch(&Key::new("k").unwrap()).await.unwrap().unwrap();
  // The end of the collection is the end of its stream.
  place.documents().await.drop().await.unwrap();
  heard(&watch).await;
  // It is heard again, once the stream is back: until then a release goes by unheard, so there are several.
  tokio::time::timeout(Duration::from_secs(30), async {
    loop {
      fence_of(&adapter, "k", &me, None).await;
      contract::one(&adapter, release("k", &me)).await;
      if tokio::time::timeout(Duration::from_millis(200), watch.heard())
        .await
        .is_ok()
      {
        break;
      }
    }
  })
  .await
  .expect("the stream came back");
}

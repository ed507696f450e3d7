use mongodb::bson::{Bson, doc};

use super::Place;
use crate::adapters::{LockAdapter, contract};
use crate::error::ErrorKind;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_who_start_at_once_make_the_indexes_once() {
  for variable in ["MONGODB_URL", "MONGODB_STANDALONE_URL"] {
    let place = Place::new(variable);
    let starting: Vec<_> = (0..20)
      .map(|_| {
        let adapter = place.adapter();
        tokio::spawn(async move { adapter.init().await })
      })
      .collect();
    for started in starting {
      started.await.unwrap().unwrap();
    }
    let mut names = place.documents().await.list_index_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["_id_", "expiration_1", "key_1"]);
  }
}

#[tokio::test]
async fn indexes_of_another_kind_are_refused() {
  for (index, said) in [
    (doc! { "key": { "key": 1 }, "name": "k" }, "\"key\""),
    (
      doc! { "key": { "key": 1 }, "name": "k", "unique": true, "sparse": true },
      "\"key\"",
    ),
    (
      doc! { "key": { "key": 1 }, "name": "k", "unique": true, "collation": { "locale": "en", "strength": 1 } },
      "\"key\"",
    ),
    (doc! { "key": { "expiration": 1 }, "name": "e" }, "\"expiration\""),
  ] {
    let place = Place::replica_set();
    let documents = place.documents().await;
    let create = doc! { "createIndexes": &place.collection, "indexes": [index] };
    documents
      .client()
      .database("holdfast_test")
      .run_command(create)
      .await
      .unwrap();
    let error = place.adapter().init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains(said), "{error}");
  }
}

#[tokio::test]
async fn several_documents_of_one_key_are_a_configuration_error() {
  let place = Place::replica_set();
  place
    .documents()
    .await
    .insert_many([doc! { "key": "k" }, doc! { "key": "k" }])
    .await
    .unwrap();
  let error = place.adapter().init().await.unwrap_err();
  assert_eq!(error.kind(), ErrorKind::Configuration);
  assert!(error.to_string().contains("same key"), "{error}");
}

#[tokio::test]
async fn the_ttl_index_of_another_program_is_made_to_keep_fences() {
  let place = Place::replica_set();
  let documents = place.documents().await;
  let create = doc! { "createIndexes": &place.collection, "indexes": [
    { "key": { "key": 1 }, "name": "key_1", "unique": true },
    { "key": { "expiration": 1 }, "name": "expiration_1", "expireAfterSeconds": 0 },
  ] };
  documents
    .client()
    .database("holdfast_test")
    .run_command(create)
    .await
    .unwrap();
  place.adapter().init().await.unwrap();
  let list = doc! { "listIndexes": &place.collection };
  let reply = documents
    .client()
    .database("holdfast_test")
    .run_command(list)
    .await
    .unwrap();
  let indexes = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
  let seconds = indexes
    .iter()
    .find_map(|index| index.as_document().unwrap().get("expireAfterSeconds"));
  assert!(
    matches!(seconds, Some(Bson::Int32(120) | Bson::Int64(120))),
    "{seconds:?}"
  );
}

#[tokio::test]
async fn the_collation_of_the_collection_changes_nothing() {
  let place = Place::replica_set();
  let documents = place.documents().await;
  let create = doc! { "create": &place.collection, "collation": { "locale": "en", "strength": 1 } };
  documents
    .client()
    .database("holdfast_test")
    .run_command(create)
    .await
    .unwrap();
  contract::check(&place.adapter()).await;
}

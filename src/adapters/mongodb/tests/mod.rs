mod indexes;
mod releases;

use std::time::Duration;

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, DateTime, Document, doc};
use mongodb::{Client, Collection};

use super::*;
use crate::adapters::contract;
use crate::request::{Holder, Until};
use crate::{Owner, Ttl};

/// Each test has a collection of its own there.
struct Place {
  url: String,
  collection: String,
}

impl Place {
  fn new(variable: &str) -> Self {
    let url = std::env::var(variable)
      .unwrap_or_else(|_| panic!("{variable} names the server to test with; npm test provides one"));
    Self {
      url,
      collection: format!("lock_{}", uuid::Uuid::new_v4().simple()),
    }
  }

  fn replica_set() -> Self {
    Self::new("MONGODB_URL")
  }

  fn settings(&self) -> Settings {
    Settings {
      url: self.url.clone(),
      database: Some("holdfast_test".to_owned()),
      collection: self.collection.clone(),
      // The server may stand still for a while, on a busy machine.
      timeouts: Timeouts {
        connect: Duration::from_secs(60),
        command: Duration::from_secs(60),
      },
    }
  }

  fn adapter(&self) -> MongodbAdapter {
    MongodbAdapter::new(self.settings()).unwrap()
  }

  /// The documents, without the adapter.
  async fn documents(&self) -> Collection<Document> {
    let client = Client::with_uri_str(&self.url).await.unwrap();
    client.database("holdfast_test").collection(&self.collection)
  }

  async fn document(&self, key: &str) -> Document {
    self
      .documents()
      .await
      .find_one(doc! { "key": key })
      .await
      .unwrap()
      .expect("a document")
  }
}

fn state(name: &str) -> Request {
  Request::State {
    key: Key::new(name).unwrap(),
  }
}

fn release(name: &str, owner: &Owner) -> Request {
  Request::Release {
    key: Key::new(name).unwrap(),
    owner: owner.clone(),
    fence: None,
  }
}

async fn fence_of(adapter: &MongodbAdapter, name: &str, owner: &Owner, ttl: Option<Duration>) -> u64 {
  match contract::one(adapter, contract::acquire(name, owner, ttl)).await {
    Answer::Acquired { fence } => fence,
    answer => panic!("{name} was not acquired: {answer:?}"),
  }
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn keeps_the_contract_on_a_replica_set() {
  contract::check(&Place::replica_set().adapter()).await;
}

#[tokio::test]
async fn keeps_the_contract_on_a_standalone_server() {
  contract::check(&Place::new("MONGODB_STANDALONE_URL").adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  for variable in ["MONGODB_URL", "MONGODB_STANDALONE_URL"] {
    let place = Place::new(variable);
    let adapters: Vec<_> = (0..4)
      .map(|_| Arc::new(place.adapter()) as Arc<dyn LockAdapter>)
      .collect();
    contract::check_race(&adapters).await;
  }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner_without_the_unique_index() {
  let place = Place::replica_set();
  let adapters: Vec<_> = (0..4)
    .map(|_| Arc::new(place.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  for adapter in &adapters {
    adapter.init().await.unwrap();
  }
  place.documents().await.drop_indexes().await.unwrap();
  contract::check_race(&adapters).await;
}

#[tokio::test]
async fn a_contender_writes_nothing_to_a_live_lease() {
  let place = Place::replica_set();
  let (adapter, me, they) = (place.adapter(), Owner::unique(), Owner::unique());
  for ttl in [None, Some(LONG)] {
    let name = format!("{ttl:?}");
    fence_of(&adapter, &name, &me, ttl).await;
    let before = place.document(&name).await;
    let refresh = Request::Refresh {
      key: Key::new(&*name).unwrap(),
      owner: they.clone(),
      ttl: Ttl::new(Duration::from_millis(1)).unwrap(),
      fence: None,
    };
    for request in [
      contract::acquire(&name, &they, Some(Duration::from_millis(1))),
      contract::acquire(&name, &me, None),
      refresh,
      release(&name, &they),
      state(&name),
    ] {
      contract::one(&adapter, request).await;
      assert_eq!(place.document(&name).await, before);
    }
  }
}

#[tokio::test]
async fn a_lease_of_no_time_is_granted_and_over() {
  let adapter = Place::replica_set().adapter();
  let mut last = 0;
  for _ in 0..5 {
    let fence = fence_of(&adapter, "k", &Owner::unique(), Some(Duration::ZERO)).await;
    assert!(fence > last, "{fence} after {last}");
    last = fence;
  }
  assert_eq!(contract::one(&adapter, state("k")).await, Answer::State(None));
}

#[tokio::test]
async fn keys_and_owners_may_look_like_expressions() {
  let adapter = Place::replica_set().adapter();
  let owner = Owner::new("$key").unwrap();
  fence_of(&adapter, "$owner", &owner, Some(LONG)).await;
  let Answer::State(Some(holder)) = contract::one(&adapter, state("$owner")).await else {
    panic!("it is held");
  };
  assert_eq!(holder.owner, owner);
  assert_eq!(
    contract::one(&adapter, release("$owner", &owner)).await,
    Answer::Released(true)
  );
}

#[tokio::test]
async fn a_released_document_stays_for_its_fence_and_looks_expired_to_others() {
  let place = Place::replica_set();
  let (adapter, me) = (place.adapter(), Owner::unique());
  let fence = fence_of(&adapter, "k", &me, None).await;
  contract::one(&adapter, release("k", &me)).await;
  assert_eq!(adapter.remove_all_expired().await.unwrap(), 0);
  let document = place.document("k").await;
  assert_eq!(document.get_str("owner").unwrap(), "");
  assert!(document.get_datetime("expiration").unwrap() < &DateTime::now());
  assert_eq!(document.get_i64("fence").unwrap(), i64::try_from(fence).unwrap());
}

#[tokio::test]
async fn the_fence_goes_on_from_the_one_before_where_the_clock_is_behind_it() {
  let place = Place::replica_set();
  let (adapter, me) = (place.adapter(), Owner::unique());
  let ahead = i64::try_from(fence_of(&adapter, "k", &me, Some(LONG)).await).unwrap() + 3_600_000_000;
  contract::one(&adapter, release("k", &me)).await;
  let update = doc! { "$set": { "fence": ahead } };
  place
    .documents()
    .await
    .update_one(doc! { "key": "k" }, update)
    .await
    .unwrap();
  let fence = fence_of(&adapter, "k", &me, Some(LONG)).await;
  assert_eq!(i64::try_from(fence).unwrap(), ahead + 1);
}

#[tokio::test]
async fn what_was_over_long_ago_is_removed() {
  let place = Place::replica_set();
  let adapter = place.adapter();
  adapter.init().await.unwrap();
  let documents = place.documents().await;
  // Or the server would be faster.
  documents.drop_index("expiration_1").await.unwrap();
  let hours_ago = DateTime::from_millis(DateTime::now().timestamp_millis() - 7_200_000);
  documents
    .insert_many([
      doc! { "key": "over", "owner": "me", "expiration": hours_ago },
      doc! { "key": "for ever", "owner": "me", "expiration": null },
    ])
    .await
    .unwrap();
  assert_eq!(adapter.remove_all_expired().await.unwrap(), 1);
  assert!(matches!(
    contract::one(&adapter, state("for ever")).await,
    Answer::State(Some(_))
  ));
}

#[tokio::test]
async fn a_lease_of_a_program_that_knows_no_fences_has_none() {
  let place = Place::replica_set();
  let adapter = place.adapter();
  let me = Owner::unique();
  fence_of(&adapter, "k", &me, Some(Duration::ZERO)).await;
  let taken = doc! { "$set": { "owner": "they", "expiration": null } };
  place
    .documents()
    .await
    .update_one(doc! { "key": "k" }, taken)
    .await
    .unwrap();
  let they = Holder {
    owner: Owner::new("they").unwrap(),
    remaining: None,
    fence: 0,
  };
  assert_eq!(contract::one(&adapter, state("k")).await, Answer::State(Some(they)));
}

#[tokio::test]
async fn documents_that_are_no_leases_are_an_error_of_their_own_request() {
  let place = Place::replica_set();
  let (adapter, me) = (place.adapter(), Owner::unique());
  place
    .documents()
    .await
    .insert_one(doc! { "key": "k", "owner": 5, "expiration": null })
    .await
    .unwrap();
  let requests = vec![contract::acquire("k", &me, None), contract::acquire("other", &me, None)];
  let answers = adapter.answer(requests).await;
  assert_eq!(
    answers[0].as_ref().unwrap_err().kind(),
    ErrorKind::Database,
    "{answers:?}"
  );
  assert!(matches!(answers[1], Ok(Answer::Acquired { .. })), "{answers:?}");
}

#[tokio::test]
async fn a_write_that_never_gets_through_is_held() {
  let place = Place::replica_set();
  let adapter = place.adapter();
  adapter.init().await.unwrap();
  // Another document has the `_id` that the key would have, so that every upsert meets a duplicate key.
  place
    .documents()
    .await
    .insert_one(doc! { "_id": Binary { subtype: BinarySubtype::Generic, bytes: b"k".to_vec() }, "key": "other" })
    .await
    .unwrap();
  let answer = contract::one(&adapter, contract::acquire("k", &Owner::unique(), None)).await;
  assert_eq!(answer, Answer::Held { until: Until::Unknown });
}

#[tokio::test]
async fn a_dead_server_is_an_error_and_never_held() {
  // A port that was free a moment ago, on this machine only.
  let port = std::net::TcpListener::bind("127.0.0.1:0")
    .unwrap()
    .local_addr()
    .unwrap()
    .port();
  let place = Place {
    url: format!("mongodb://127.0.0.1:{port}"),
    collection: "lock".to_owned(),
  };
  let mut settings = place.settings();
  settings.timeouts.connect = Duration::from_millis(300);
  let adapter = MongodbAdapter::new(settings).unwrap();
  let answers = adapter
    .answer(vec![contract::acquire("k", &Owner::unique(), None)])
    .await;
  assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_a_connection_error() {
  let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
  let place = Place {
    url: format!("mongodb://{}/?directConnection=true", silent.local_addr().unwrap()),
    collection: "lock".to_owned(),
  };
  let mut settings = place.settings();
  settings.timeouts.connect = Duration::from_millis(300);
  let adapter = MongodbAdapter::new(settings).unwrap();
  let answers = adapter
    .answer(vec![contract::acquire("k", &Owner::unique(), None)])
    .await;
  assert_eq!(answers[0].as_ref().unwrap_err().kind(), ErrorKind::Connection);
}

#[tokio::test]
async fn a_closed_adapter_says_so() {
  let adapter = Place::replica_set().adapter();
  adapter.init().await.unwrap();
  adapter.close().await;
  assert_eq!(adapter.init().await.unwrap_err().kind(), ErrorKind::Closed);
}

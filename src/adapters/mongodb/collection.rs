//! The collection's two indexes: made where they are missing, checked where they are there.

use std::time::Duration;

use mongodb::bson::{Document, doc};

use super::command::RETENTION;
use super::failure;
use super::link::Link;
use crate::error::{Error, Result};

/// Others who start at the same time may be making the same.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// What is there of the indexes that leases need.
#[derive(Default)]
struct Found {
  key: bool,
  /// With the seconds that documents are kept after their expiration.
  expiration: Option<i64>,
}

/// Makes what is missing. Twenty who do this at once make it once.
pub(super) async fn ensure(link: &Link, collection: &str) -> Result<()> {
  for _ in 1..TRIES {
    let found = find(link, collection).await?;
    let changes = changes(collection, &found);
    let Some(change) = changes else {
      return Ok(());
    };
    match link.call(async { link.database.run_command(change).await }).await? {
      Ok(_) => {}
      // Whoever may not change the index of another program does without: see the comment on fences.
      Err(error) if found.expiration.is_some() && failure::is_unauthorized(&error) => return Ok(()),
      Err(error) if failure::is_unauthorized(&error) => {
        return Err(
          Error::configuration(format!(
            "the MongoDB user may not create the indexes of the collection \"{collection}\": give it the role readWrite, \
             or run init() once as a user that may"
          ))
          .caused_by(*error.kind),
        );
      }
      Err(error) if failure::is_duplicate_key(&error) => {
        return Err(
          Error::configuration(format!(
            "the collection \"{collection}\" has several documents of the same key, so no unique index can be made: \
             delete them, or choose another collectionName"
          ))
          .caused_by(*error.kind),
        );
      }
      Err(error) if failure::is_passing(&error) => tokio::time::sleep(PAUSE).await,
      Err(error) => return Err(failure::error_of(error, false)),
    }
  }
  Err(Error::configuration(format!(
    "the indexes of the collection \"{collection}\" change while they are made: is another program making other ones?"
  )))
}

/// The next command on the way to the indexes that leases need, or `None` at its end.
fn changes(collection: &str, found: &Found) -> Option<Document> {
  let retention = RETENTION / 1000;
  let mut missing = Vec::new();
  if !found.key {
    missing.push(doc! { "key": { "key": 1 }, "name": "key_1", "unique": true, "collation": { "locale": "simple" } });
  }
  match found.expiration {
    None => missing.push(doc! {
      "key": { "expiration": 1 }, "name": "expiration_1", "expireAfterSeconds": retention,
      "collation": { "locale": "simple" },
    }),
    // As other programs make it, who keep nothing in a document whose lease is over.
    Some(seconds) if missing.is_empty() && seconds < retention => {
      return Some(doc! {
        "collMod": collection,
        "index": { "keyPattern": { "expiration": 1 }, "expireAfterSeconds": retention },
        "writeConcern": { "w": "majority" },
      });
    }
    Some(_) => {}
  }
  (!missing.is_empty())
    .then(|| doc! { "createIndexes": collection, "indexes": missing, "writeConcern": { "w": "majority" } })
}

async fn find(link: &Link, collection: &str) -> Result<Found> {
  let list = doc! { "listIndexes": collection };
  let reply = match link.call(async { link.database.run_command(list).await }).await? {
    Ok(reply) => reply,
    Err(error) if failure::is_missing_collection(&error) => return Ok(Found::default()),
    Err(error) => return Err(failure::error_of(error, false)),
  };
  // All of them: a collection has at most 64.
  let indexes = reply
    .get_document("cursor")
    .and_then(|cursor| cursor.get_array("firstBatch"));
  let mut found = Found::default();
  for index in indexes.into_iter().flatten().filter_map(|index| index.as_document()) {
    let keys: Vec<&String> = index
      .get_document("key")
      .map(|key| key.keys().collect())
      .unwrap_or_default();
    match keys.as_slice() {
      [field] if *field == "key" => {
        if !is_plain(index) || !index.get_bool("unique").unwrap_or(false) {
          return Err(misfit(collection, "key", "a unique index of that field alone"));
        }
        found.key = true;
      }
      [field] if *field == "expiration" => {
        let seconds = index.get("expireAfterSeconds").and_then(whole);
        if !is_plain(index) || seconds.is_none() {
          return Err(misfit(collection, "expiration", "a TTL index, with expireAfterSeconds"));
        }
        found.expiration = seconds;
      }
      _ => {}
    }
  }
  Ok(found)
}

/// Whether it covers every document and compares byte for byte.
fn is_plain(index: &Document) -> bool {
  let is_sparse = index.get_bool("sparse").unwrap_or(false);
  !(is_sparse || index.contains_key("partialFilterExpression") || index.contains_key("collation"))
}

fn whole(number: &mongodb::bson::Bson) -> Option<i64> {
  match number {
    mongodb::bson::Bson::Int32(number) => Some(i64::from(*number)),
    mongodb::bson::Bson::Int64(number) => Some(*number),
    #[expect(clippy::cast_possible_truncation, reason = "seconds that a server took")]
    mongodb::bson::Bson::Double(number) => Some(*number as i64),
    _ => None,
  }
}

fn misfit(collection: &str, field: &str, needed: &str) -> Error {
  Error::configuration(format!(
    "the index of the collection \"{collection}\" on \"{field}\" is of another kind, and locks need {needed}, that is \
     neither sparse nor partial nor has a collation: drop it, or choose another collectionName"
  ))
}

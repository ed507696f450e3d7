use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};

use super::settings::Timeouts;
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// How far in the past a release puts the end of the lease, in milliseconds: programs that judge it by a clock of their
/// own, as much behind, see that the key is free.
const RELEASED_AGO: i64 = 60_000;

/// For how long after its end an expired or released lease is kept for its fence, in milliseconds.
pub(super) const RETENTION: i64 = 120_000;

/// How many revoked grants a document remembers. They arrive within moments or never, and hardly ever at all.
const REVOKED: i64 = 16;

/// How durable a write is before it counts.
enum Durability {
  /// It outlives any failure that leaves a majority of the members with their disks.
  Journaled,
  /// It outlives a fail-over. Lost in a power cut of the majority, it leaves a lease that ends with its ttl.
  Replicated,
}

/// The command for a request, and what the grant is called that it may come to. A new one for each try, since no two
/// may carry the same. A look revokes those grants.
pub(super) fn write(request: &Request, revoked: &[String], collection: &str, timeouts: Timeouts) -> (Document, String) {
  let mut grant = String::new();
  let (query, update, durability) = match request {
    Request::Acquire { key, owner, ttl } => {
      grant = grant_of(owner);
      (
        doc! { "key": key.as_str() },
        acquire(key, owner, *ttl, &grant),
        Durability::Journaled,
      )
    }
    Request::Release { key, owner, fence } => (held(key, Some(owner), *fence), release(), Durability::Replicated),
    Request::ForceRelease { key } => (held(key, None, None), release(), Durability::Replicated),
    Request::Refresh { key, owner, ttl, fence } => {
      (held(key, Some(owner), *fence), refresh(*ttl), Durability::Journaled)
    }
    Request::State { key } if !revoked.is_empty() => (
      doc! { "key": key.as_str() },
      revoke(key, revoked),
      Durability::Replicated,
    ),
    // It changes nothing, but is answered by a majority like any write; a primary that was deposed without having
    // heard of it can answer a read.
    Request::State { key } => (
      held(key, None, None),
      doc! { "$set": { "key": "$key" } },
      Durability::Replicated,
    ),
  };
  let patience = i64::try_from(timeouts.command.as_millis()).unwrap_or(i64::MAX);
  let command = doc! {
    "findAndModify": collection,
    "query": query,
    "update": [update],
    "upsert": matches!(request, Request::Acquire { .. }) || !revoked.is_empty(),
    "new": true,
    "fields": {
      "_id": 0, "owner": 1, "fence": 1, "grant": 1, "expiration": 1,
      "remaining": { "$subtract": ["$expiration", "$$NOW"] },
    },
    // Byte for byte, whatever the collection's default is.
    "collation": { "locale": "simple" },
    // What nobody waits for any more is not done late.
    "maxTimeMS": patience,
    "writeConcern": { "w": "majority", "j": matches!(durability, Durability::Journaled), "wtimeout": patience },
  };
  (command, grant)
}

/// What the reply means.
pub(super) fn read(request: &Request, grant: &str, reply: &Document) -> Result<Answer> {
  let record = match reply.get("value") {
    Some(Bson::Document(document)) => Some(Record::read(document)?),
    _ => None,
  };
  Ok(match (request, record) {
    (Request::Acquire { .. }, Some(record)) if record.grant == grant => Answer::Acquired { fence: record.fence },
    (Request::Acquire { .. }, Some(record)) => Answer::Held {
      until: record.remaining.map_or(Until::Release, Until::Expiry),
    },
    (Request::Acquire { .. }, None) => return Err(misshapen("an upsert returned no document")),
    (Request::Release { .. } | Request::ForceRelease { .. }, record) => Answer::Released(record.is_some()),
    (Request::Refresh { .. }, None) => Answer::Unowned,
    (Request::Refresh { .. }, Some(record)) if record.remaining.is_none() => Answer::Unexpirable,
    (Request::Refresh { .. }, Some(_)) => Answer::Refreshed,
    (Request::State { .. }, record) => Answer::State(record.filter(Record::is_live).map(Record::into_holder)),
  })
}

/// Tells a grant from any other, of the same owner too, and names the owner it was made to.
fn grant_of(owner: &Owner) -> String {
  format!("{} {owner}", ObjectId::new().to_hex())
}

/// Takes the document if the lease in it is over and the grant not revoked, and else leaves it as it is, which writes
/// nothing.
fn acquire(key: &Key, owner: &Owner, ttl: Option<Ttl>, grant: &str) -> Document {
  let expiration = ttl.map_or(Bson::Null, from_now);
  let is_released = doc! { "$eq": [{ "$ifNull": ["$owner", ""] }, ""] };
  // Null comes before all dates.
  let is_expired = doc! { "$and": [{ "$gt": ["$expiration", null] }, { "$lte": ["$expiration", "$$NOW"] }] };
  let is_revoked = doc! { "$in": [{ "$literal": grant }, { "$ifNull": ["$revoked", []] }] };
  let lease = doc! {
    "owner": { "$literal": owner.as_str() },
    "expiration": expiration,
    "fence": { "$max": [
      { "$add": [{ "$ifNull": ["$fence", 0_i64] }, 1_i64] },
      { "$multiply": [{ "$toLong": "$$NOW" }, 1000_i64] },
    ] },
    "grant": { "$literal": grant },
  };
  doc! { "$replaceWith": { "$cond": [
    { "$and": [{ "$or": [is_released, is_expired] }, { "$not": [is_revoked] }] },
    { "$mergeObjects": [{ "_id": { "$literal": id_of(key) } }, "$$ROOT", lease] },
    "$$ROOT",
  ] } }
}

/// Has an acquire that arrives late come to nothing. The document is made where there is none, as after a release.
fn revoke(key: &Key, grants: &[String]) -> Document {
  let released = doc! { "_id": { "$literal": id_of(key) }, "grant": "", "expiration": released_at() };
  let all = doc! { "$concatArrays": [{ "$ifNull": ["$revoked", []] }, { "$literal": grants }] };
  let additions = doc! { "owner": { "$ifNull": ["$owner", ""] }, "revoked": { "$slice": [all, -REVOKED] } };
  doc! { "$replaceWith": { "$mergeObjects": [released, "$$ROOT", additions] } }
}

/// The `_id` that documents for a key are made with: its bytes, since text would be compared by the collation that the
/// collection has.
fn id_of(key: &Key) -> Bson {
  Bson::Binary(Binary {
    subtype: BinarySubtype::Generic,
    bytes: key.as_str().as_bytes().to_vec(),
  })
}

/// The key that documents of this `_id` are for; `None` if another program made them.
pub(super) fn key_of(id: &Bson) -> Option<&str> {
  match id {
    Bson::Binary(id) if id.subtype == BinarySubtype::Generic => std::str::from_utf8(&id.bytes).ok(),
    _ => None,
  }
}

fn release() -> Document {
  doc! { "$set": { "owner": "", "grant": "", "expiration": released_at() } }
}

fn released_at() -> Document {
  doc! { "$subtract": ["$$NOW", RELEASED_AGO] }
}

fn refresh(ttl: Ttl) -> Document {
  let without_end = doc! { "$eq": ["$expiration", null] };
  doc! { "$set": { "expiration": { "$cond": [without_end, null, from_now(ttl)] } } }
}

/// Finds the document of a key while a lease in it is live.
fn held(key: &Key, owner: Option<&Owner>, fence: Option<Fence>) -> Document {
  let mut query = doc! {
    "key": key.as_str(),
    "owner": owner.map_or(Bson::Document(doc! { "$nin": ["", null] }), |owner| owner.as_str().into()),
    "$or": [{ "expiration": null }, { "$expr": { "$gt": ["$expiration", "$$NOW"] } }],
  };
  if let Some(fence) = fence {
    query.insert("fence", i64::try_from(fence).unwrap_or(i64::MAX));
  }
  query
}

/// Rounded up, so that no lease is shorter than asked for.
fn from_now(ttl: Ttl) -> Bson {
  let milliseconds = ttl.duration().as_micros().div_ceil(1000);
  doc! { "$add": ["$$NOW", i64::try_from(milliseconds).unwrap_or(i64::MAX)] }.into()
}

/// What a reply shows of a document.
struct Record {
  owner: String,
  /// `None`: no end.
  remaining: Option<Duration>,
  fence: Fence,
  grant: String,
}

impl Record {
  fn read(document: &Document) -> Result<Self> {
    let owner = document
      .get_str("owner")
      .map_err(|_| misshapen("an owner is no text"))?;
    let remaining = match document.get("remaining") {
      None | Some(Bson::Null) => None,
      Some(Bson::Int64(milliseconds)) => Some(Duration::from_millis(u64::try_from(*milliseconds).unwrap_or_default())),
      Some(_) => return Err(misshapen("an expiration is no date")),
    };
    let fence = document.get_i64("fence").unwrap_or_default();
    Ok(Self {
      owner: owner.to_owned(),
      remaining,
      fence: Fence::try_from(fence).unwrap_or_default(),
      grant: document.get_str("grant").unwrap_or_default().to_owned(),
    })
  }

  fn is_live(&self) -> bool {
    !self.owner.is_empty() && self.remaining.is_none_or(|remaining| !remaining.is_zero())
  }

  fn into_holder(self) -> Holder {
    // A program that knows no fences leaves those of the lease before where they are.
    let is_granted_by_us = self.grant.split_once(' ').is_some_and(|(_, owner)| owner == self.owner);
    Holder {
      fence: if is_granted_by_us { self.fence } else { 0 },
      owner: Owner::stored(self.owner.into()),
      remaining: self.remaining,
    }
  }
}

fn misshapen(what: &str) -> Error {
  Error::new(
    ErrorKind::Database,
    format!("the MongoDB collection holds something else than leases ({what}): choose another collectionName"),
  )
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fractions_of_a_millisecond_are_rounded_up() {
    let sum = |milliseconds: i64| Bson::from(doc! { "$add": ["$$NOW", milliseconds] });
    assert_eq!(from_now(Ttl::from_milliseconds(1.2).unwrap()), sum(2));
    assert_eq!(from_now(Ttl::from_milliseconds(0.0).unwrap()), sum(0));
  }

  #[test]
  fn no_two_tries_carry_the_same_grant() {
    let owner = Owner::new("me").unwrap();
    assert_ne!(grant_of(&owner), grant_of(&owner));
  }

  #[test]
  fn a_fence_that_another_owner_was_granted_is_not_told() {
    let record = |owner: &str, grant: &str| {
      Record::read(&doc! { "owner": owner, "remaining": null, "fence": 5_i64, "grant": grant })
        .unwrap()
        .into_holder()
    };
    assert_eq!(record("a b", "65f a b").fence, 5);
    assert_eq!(record("b", "65f a b").fence, 0);
    assert_eq!(record("b", "").fence, 0);
  }
}

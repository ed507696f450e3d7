//! Locks between all processes that reach one MongoDB deployment, version 4.4 or newer.
//!
//! The record, a document of a collection of the caller's choice, with a unique index on `key` and a TTL index on
//! `expiration`:
//!
//! ```text
//! _id         the bytes of the key, unless another program made the document
//! key         the key
//! owner       the owner; "" after a release
//! expiration  Date, null = never; after a release a minute in the past
//! fence       Long, the last fence granted for the key
//! grant       names one grant and the owner it was made to, so that an acquirer can tell its own
//! revoked     absent, or the last grants that are not made any more
//! ```
//!
//! 1. Each verb is one `findAndModify` on the primary, acknowledged by a majority, and judges and computes expiry by
//!    `$$NOW`, the server's clock. It is never sent twice.
//! 2. An acquire is an upsert whose pipeline leaves a live lease as it is. What the server returns has the acquirer's
//!    grant in it, or it was refused. Of two upserts of a missing document one fails with a duplicate key, since `_id` is
//!    the key even where the index is missing, and is tried again.
//! 3. An acquire that got no answer may arrive after everything that was done about that: a server goes on with what a
//!    connection has brought when the connection is gone. The next look at the key revokes its grant.
//! 4. Verbs on several keys are under way together, those on one key one after the other.
//!
//! Why fences grow: a grant's fence is the greater of the one before plus 1, and the milliseconds of `$$NOW` times 1000.
//! While the document is there, the first is enough. A release leaves the document, and the TTL index deletes it no
//! earlier than a minute after the release, two after an expiry. A later grant, in a new document, is by then a minute
//! ahead in milliseconds: `$$NOW` is that of the beginning of a command, which is at most `maxTimeMS` ago. A key cannot be
//! granted a thousand times in a millisecond, so the fences before were not ahead of the clock. Two things break this:
//! the clock of the primary set back, or that of a new primary being behind, by more than that minute while the document
//! is deleted; and another program that deletes the document, as those that know no fences do, in the very millisecond of
//! the grant.

mod collection;
mod command;
mod failure;
mod link;
mod releases;
mod session;
mod settings;
mod unanswered;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::Mutex;

use self::session::Session;
pub use self::settings::{DEFAULT_COLLECTION, Settings, Timeouts};
use super::{LockAdapter, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;
use crate::request::{Answer, Request};

pub struct MongodbAdapter {
  source: Source,
  state: Mutex<State>,
  /// How often it was tried to open a session.
  tries: AtomicU64,
}

/// Tells the settings when they are needed.
pub type Locate = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Settings>> + Send>> + Send + Sync>;

enum Source {
  Settings(Settings),
  Later(Locate),
}

enum State {
  /// Not used yet, or never with success. With what the last try failed for.
  Unopened(Option<Error>),
  Open(Arc<Session>),
  Closed,
}

impl MongodbAdapter {
  /// # Errors
  ///
  /// [`Configuration`](ErrorKind::Configuration) if the settings cannot be used. Nothing is connected to yet.
  pub fn new(settings: Settings) -> Result<Self> {
    Ok(Self::from(Source::Settings(settings.checked()?)))
  }

  /// Over a server that is named at the first use, and again at the next if that failed. It has to be named within
  /// bounded time.
  #[must_use]
  pub fn later(locate: Locate) -> Self {
    Self::from(Source::Later(locate))
  }

  fn from(source: Source) -> Self {
    Self {
      source,
      state: Mutex::new(State::Unopened(None)),
      tries: AtomicU64::new(0),
    }
  }

  async fn session(&self) -> Result<Arc<Session>> {
    let tries = self.tries.load(Ordering::Acquire);
    let mut state = self.state.lock().await;
    match &*state {
      State::Closed => return Err(Error::closed()),
      State::Open(session) => return Ok(Arc::clone(session)),
      // Who waited for a try of another has waited long enough.
      State::Unopened(Some(error)) if self.tries.load(Ordering::Acquire) > tries => return Err(error.clone()),
      State::Unopened(_) => {}
    }
    let opened = self.open().await;
    self.tries.fetch_add(1, Ordering::Release);
    match opened {
      Ok(session) => {
        let session = Arc::new(session);
        *state = State::Open(Arc::clone(&session));
        Ok(session)
      }
      Err(error) => {
        *state = State::Unopened(Some(error.clone()));
        Err(error)
      }
    }
  }

  async fn open(&self) -> Result<Session> {
    match &self.source {
      Source::Settings(settings) => Session::open(settings).await,
      Source::Later(locate) => Session::open(&locate().await?.checked()?).await,
    }
  }
}

#[async_trait]
impl LockAdapter for MongodbAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    match self.session().await {
      Ok(session) => session.answer(requests).await,
      Err(error) => {
        // Of these requests nothing was sent, whatever became of the session's own.
        let error = match error.kind() {
          ErrorKind::Ambiguous => {
            Error::new(ErrorKind::Connection, "the MongoDB server could not be made ready").caused_by(error)
          }
          _ => error,
        };
        vec![Err(error); requests.len()]
      }
    }
  }

  async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    self.session().await?.watch(key).await
  }

  async fn init(&self) -> Result<()> {
    self.session().await.map(drop)
  }

  /// Only removes what is over, as [`remove_all_expired`](LockAdapter::remove_all_expired) does: MongoDB cannot drop a
  /// collection on condition, and a lock that is taken meanwhile would be dropped with it.
  async fn deinit(&self) -> Result<()> {
    self.remove_all_expired().await.map(drop)
  }

  /// Spares what was over a moment ago, for its fence.
  async fn remove_all_expired(&self) -> Result<u64> {
    self.session().await?.remove_all_expired().await
  }

  async fn close(&self) {
    let before = std::mem::replace(&mut *self.state.lock().await, State::Closed);
    if let State::Open(session) = before {
      session.close().await;
    }
  }
}

#[cfg(test)]
mod tests;

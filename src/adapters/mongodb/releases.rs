//! Hears of releases by one change stream, open while anybody waits for one.
//!
//! The stream says which documents changed. Those that this adapter made have the key in their `_id`; a change of any
//! other, or of the whole collection, may be a release of any key, and wakes everybody. So does a stream that had to be
//! opened anew, since nobody knows what went by meanwhile.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ChangeStreamEvent;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::command::key_of;
use super::failure;
use super::link::Link;
use crate::adapters::Watch;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;

/// The pauses between tries to open the stream double from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long the stream is kept for whoever comes next.
const LINGERING: Duration = Duration::from_secs(5);

/// How long the server holds a question for news.
const NEWS_WITHIN: Duration = Duration::from_secs(1);

pub(super) struct Releases(Arc<Shared>);

struct Shared {
  link: Arc<Link>,
  collection: String,
  ears: Mutex<Ears>,
  /// What became of the stream.
  stage: watch::Sender<Stage>,
}

#[derive(Default)]
struct Ears {
  by_key: HashMap<Arc<str>, Vec<Arc<Notify>>>,
  listening: Option<JoinHandle<()>>,
  is_closed: bool,
}

#[derive(Clone)]
enum Stage {
  Opening,
  Live,
  /// The deployment has no change streams.
  Unsupported,
  Failed(Error),
}

/// One who waits for a key; ends its waiting when dropped.
struct Ear {
  shared: Weak<Shared>,
  key: Arc<str>,
  heard: Arc<Notify>,
}

type Stream = ChangeStream<ChangeStreamEvent<Document>>;

impl Releases {
  pub(super) fn new(link: Arc<Link>, collection: String) -> Self {
    Self(Arc::new(Shared {
      link,
      collection,
      ears: Mutex::default(),
      stage: watch::Sender::new(Stage::Opening),
    }))
  }

  pub(super) async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    let shared = &self.0;
    let mut stage = shared.stage.subscribe();
    if matches!(&*stage.borrow(), Stage::Unsupported) {
      return Ok(None);
    }
    let ear = shared.add_ear(key)?;
    let timeouts = shared.link.timeouts();
    let settled = stage.wait_for(|stage| !matches!(stage, Stage::Opening));
    let stage = match tokio::time::timeout(timeouts.connect + timeouts.command, settled).await {
      Ok(Ok(stage)) => stage.clone(),
      Ok(Err(_)) | Err(_) => Stage::Failed(Error::new(
        ErrorKind::Connection,
        "the change stream was not opened in time",
      )),
    };
    match stage {
      Stage::Live | Stage::Opening => Ok(Some(Watch::new(Arc::clone(&ear.heard), ear))),
      Stage::Unsupported => Ok(None),
      Stage::Failed(error) => Err(error),
    }
  }

  pub(super) fn close(&self) {
    let mut ears = self.0.ears();
    ears.is_closed = true;
    if let Some(listening) = ears.listening.take() {
      listening.abort();
    }
    ears.wake_all();
  }
}

impl Drop for Releases {
  fn drop(&mut self) {
    self.close();
  }
}

impl Shared {
  fn ears(&self) -> MutexGuard<'_, Ears> {
    self.ears.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn add_ear(self: &Arc<Self>, key: &Key) -> Result<Ear> {
    let ear = Ear {
      shared: Arc::downgrade(self),
      key: key.as_str().into(),
      heard: Arc::new(Notify::new()),
    };
    let mut ears = self.ears();
    if ears.is_closed {
      return Err(Error::closed());
    }
    let of_key = ears.by_key.entry(Arc::clone(&ear.key)).or_default();
    of_key.push(Arc::clone(&ear.heard));
    if ears.listening.as_ref().is_none_or(JoinHandle::is_finished) {
      self.stage.send_replace(Stage::Opening);
      ears.listening = Some(tokio::spawn(Arc::clone(self).listen()));
    }
    Ok(ear)
  }

  /// Until nobody has waited for a while.
  async fn listen(self: Arc<Self>) {
    let mut pause = PAUSES.0;
    let mut was_live = false;
    while !self.ears().leave() {
      match self.open().await {
        Ok(Some(stream)) => {
          self.stage.send_replace(Stage::Live);
          if was_live {
            self.ears().wake_all();
          }
          (was_live, pause) = (true, PAUSES.0);
          if self.follow(stream).await.is_none() {
            return;
          }
          self.stage.send_replace(Stage::Opening);
          // Whoever tries now does not wait for the stream to come back.
          self.ears().wake_all();
        }
        Ok(None) => {
          self.stage.send_replace(Stage::Unsupported);
          self.ears().listening = None;
          return;
        }
        Err(error) => {
          self.stage.send_replace(Stage::Failed(error));
        }
      }
      tokio::time::sleep(pause).await;
      pause = (2 * pause).min(PAUSES.1);
    }
  }

  /// `None`: there are no change streams.
  async fn open(&self) -> Result<Option<Stream>> {
    let leases = self.link.database.collection::<Document>(&self.collection);
    let releases = [doc! { "$match": { "$or": [
      { "operationType": { "$nin": ["insert", "update", "replace"] } },
      { "operationType": "update", "updateDescription.updatedFields.owner": "" },
      { "operationType": "replace", "fullDocument.owner": "" },
    ] } }];
    let opening = async { leases.watch().pipeline(releases).max_await_time(NEWS_WITHIN).await };
    match self.link.call(opening).await? {
      Ok(stream) => Ok(Some(stream)),
      Err(error) if failure::has_no_change_streams(&error) => Ok(None),
      Err(error) => Err(failure::error_of(error, false)),
    }
  }

  /// Passes on what the stream tells. `None`: nobody has waited for a while; otherwise the stream was lost.
  async fn follow(&self, mut stream: Stream) -> Option<()> {
    let timeouts = self.link.timeouts();
    // The driver asks again by itself once.
    let patience = 2 * (timeouts.connect + timeouts.command) + NEWS_WITHIN;
    let mut unwanted_since = None;
    while stream.is_alive() {
      match tokio::time::timeout(patience, stream.next_if_any()).await {
        Ok(Ok(Some(event))) => self.ears().wake(&event),
        Ok(Ok(None)) => {}
        Ok(Err(_)) | Err(_) => return Some(()),
      }
      if !self.ears().by_key.is_empty() {
        unwanted_since = None;
      } else if unwanted_since.get_or_insert_with(Instant::now).elapsed() >= LINGERING && self.ears().leave() {
        return None;
      }
    }
    Some(())
  }
}

impl Ears {
  /// Ends the listening if nobody waits. Under the same lock as a new ear, which therefore finds either to be true.
  fn leave(&mut self) -> bool {
    let is_unwanted = self.by_key.is_empty();
    if is_unwanted {
      self.listening = None;
    }
    is_unwanted
  }

  fn wake(&self, event: &ChangeStreamEvent<Document>) {
    let id = event.document_key.as_ref().and_then(|key| key.get("_id"));
    match id.and_then(key_of) {
      Some(key) => {
        for heard in self.by_key.get(key).into_iter().flatten() {
          heard.notify_one();
        }
      }
      None => self.wake_all(),
    }
  }

  fn wake_all(&self) {
    for heard in self.by_key.values().flatten() {
      heard.notify_one();
    }
  }
}

impl Drop for Ear {
  fn drop(&mut self) {
    let Some(shared) = self.shared.upgrade() else {
      return;
    };
    let mut ears = shared.ears();
    if let Some(of_key) = ears.by_key.get_mut(&self.key) {
      of_key.retain(|heard| !Arc::ptr_eq(heard, &self.heard));
      if of_key.is_empty() {
        ears.by_key.remove(&self.key);
      }
    }
  }
}

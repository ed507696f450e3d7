//! Hears of releases by one change stream, open while anybody waits for one.
//!
//! The stream says which documents changed. Those that this adapter made have the key in their `_id`; a change of any
//! other, or of the whole collection, may be a release of any key, and wakes everybody. So does a stream that had to be
//! opened anew, since nobody knows what went by meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::ChangeStreamEvent;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::command::key_of;
use super::failure;
use super::link::Link;
use crate::adapters::{Watch, Watches};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;

/// The pauses between tries to open the stream double from the first to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long the stream is kept for whoever comes next.
const LINGERING: Duration = Duration::from_secs(5);

/// How long the server holds a question for news. Each is a command, however many wait.
const NEWS_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Releases(Arc<Shared>);

struct Shared {
  link: Arc<Link>,
  collection: String,
  watches: Arc<Watches>,
  listener: Mutex<Listener>,
  /// What became of the stream.
  stage: watch::Sender<Stage>,
}

enum Listener {
  Absent,
  Present(JoinHandle<()>),
  Closed,
}

#[derive(Clone)]
enum Stage {
  Opening,
  Live,
  /// The deployment has no change streams.
  Unsupported,
  Failed(Error),
}

type Stream = ChangeStream<ChangeStreamEvent<Document>>;

impl Releases {
  pub(super) fn new(link: Arc<Link>, collection: String) -> Self {
    Self(Arc::new(Shared {
      link,
      collection,
      watches: Arc::default(),
      listener: Mutex::new(Listener::Absent),
      stage: watch::Sender::new(Stage::Opening),
    }))
  }

  pub(super) async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    let shared = &self.0;
    let mut stage = shared.stage.subscribe();
    if matches!(&*stage.borrow(), Stage::Unsupported) {
      return Ok(None);
    }
    // Open before it is looked whether anybody listens: the listener looks for watches before it leaves.
    let watch = shared.watches.open(key);
    shared.have_listener()?;
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
      Stage::Live | Stage::Opening => Ok(Some(watch)),
      Stage::Unsupported => Ok(None),
      Stage::Failed(error) => Err(error),
    }
  }

  pub(super) fn close(&self) {
    if let Listener::Present(listening) = std::mem::replace(&mut *self.0.listener(), Listener::Closed) {
      listening.abort();
    }
    self.0.watches.wake_all();
  }
}

impl Drop for Releases {
  fn drop(&mut self) {
    self.close();
  }
}

impl Shared {
  fn listener(&self) -> MutexGuard<'_, Listener> {
    self.listener.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn have_listener(self: &Arc<Self>) -> Result<()> {
    let mut listener = self.listener();
    match &*listener {
      Listener::Closed => return Err(Error::closed()),
      Listener::Present(listening) if !listening.is_finished() => {}
      Listener::Present(_) | Listener::Absent => {
        self.stage.send_replace(Stage::Opening);
        *listener = Listener::Present(tokio::spawn(Arc::clone(self).listen()));
      }
    }
    Ok(())
  }

  /// Whether the listener is to end, since nobody waits any more.
  fn leave(&self) -> bool {
    let mut listener = self.listener();
    let is_unwanted = self.watches.is_empty();
    if is_unwanted && !matches!(*listener, Listener::Closed) {
      *listener = Listener::Absent;
    }
    is_unwanted
  }

  /// Until nobody has waited for a while.
  async fn listen(self: Arc<Self>) {
    let mut pause = PAUSES.0;
    let mut was_live = false;
    while !self.leave() {
      match self.open().await {
        Ok(Some(stream)) => {
          self.stage.send_replace(Stage::Live);
          if was_live {
            self.watches.wake_all();
          }
          (was_live, pause) = (true, PAUSES.0);
          if self.follow(stream).await.is_none() {
            return;
          }
          self.stage.send_replace(Stage::Opening);
          // Whoever tries now does not wait for the stream to come back.
          self.watches.wake_all();
        }
        Ok(None) => {
          self.stage.send_replace(Stage::Unsupported);
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
        Ok(Ok(Some(event))) => self.wake(&event),
        Ok(Ok(None)) => {}
        Ok(Err(_)) | Err(_) => return Some(()),
      }
      if !self.watches.is_empty() {
        unwanted_since = None;
      } else if unwanted_since.get_or_insert_with(Instant::now).elapsed() >= LINGERING && self.leave() {
        return None;
      }
    }
    Some(())
  }

  fn wake(&self, event: &ChangeStreamEvent<Document>) {
    let id = event.document_key.as_ref().and_then(|key| key.get("_id"));
    match id.and_then(key_of).map(Key::new) {
      Some(Ok(key)) => self.watches.wake(&key),
      _ => self.watches.wake_all(),
    }
  }
}

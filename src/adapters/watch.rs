use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::name::Key;

/// An ear for the releases of one key, open until it is dropped.
///
/// What is heard between two calls of [`heard`](Watch::heard) is not lost. It may hear more than releases of its key, and
/// a connection may fail without a word: whoever waits tries again after an interval all the same.
pub struct Watch {
  heard: Arc<Notify>,
  subscription: Box<dyn Send + Sync>,
}

impl Watch {
  /// `heard` is notified by [`Notify::notify_one`]; the subscription ends when it is dropped.
  #[must_use]
  pub fn new(heard: Arc<Notify>, subscription: impl Send + Sync + 'static) -> Self {
    Self {
      heard,
      subscription: Box::new(subscription),
    }
  }

  /// The same, with something more that ends with it.
  #[must_use]
  pub(crate) fn with(self, companion: impl Send + Sync + 'static) -> Self {
    Self {
      heard: self.heard,
      subscription: Box::new((self.subscription, companion)),
    }
  }

  /// Returns when something was heard since the last time.
  pub async fn heard(&self) {
    self.heard.notified().await;
  }
}

/// The watches that are open on one adapter.
#[derive(Default)]
pub(crate) struct Watches {
  by_key: Mutex<HashMap<Key, Vec<Arc<Notify>>>>,
  /// How many keys are watched, for those who must not lock to find that there is none. In one order for all, with what
  /// says whether anybody looks for news.
  keys: AtomicUsize,
}

impl Watches {
  pub(crate) fn open(self: &Arc<Self>, key: &Key) -> Watch {
    let heard = Arc::new(Notify::new());
    let mut by_key = self.by_key();
    by_key.entry(key.clone()).or_default().push(Arc::clone(&heard));
    self.keys.store(by_key.len(), Ordering::SeqCst);
    let subscription = Subscription {
      watches: Arc::clone(self),
      key: key.clone(),
      heard: Arc::clone(&heard),
    };
    Watch::new(heard, subscription)
  }

  pub(crate) fn is_empty(&self) -> bool {
    self.keys.load(Ordering::SeqCst) == 0
  }

  pub(crate) fn wake(&self, key: &Key) {
    for heard in self.by_key().get(key).into_iter().flatten() {
      heard.notify_one();
    }
  }

  pub(crate) fn wake_all(&self) {
    for heard in self.by_key().values().flatten() {
      heard.notify_one();
    }
  }

  fn by_key(&self) -> MutexGuard<'_, HashMap<Key, Vec<Arc<Notify>>>> {
    // Nothing under this mutex can leave it half changed.
    self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

struct Subscription {
  watches: Arc<Watches>,
  key: Key,
  heard: Arc<Notify>,
}

impl Drop for Subscription {
  fn drop(&mut self) {
    let mut by_key = self.watches.by_key();
    if let Some(heard) = by_key.get_mut(&self.key) {
      heard.retain(|heard| !Arc::ptr_eq(heard, &self.heard));
      if heard.is_empty() {
        by_key.remove(&self.key);
      }
    }
    self.watches.keys.store(by_key.len(), Ordering::SeqCst);
  }
}

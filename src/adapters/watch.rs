use std::sync::Arc;

use tokio::sync::Notify;

/// An ear for the releases of one key, open until it is dropped.
///
/// What is heard between two calls of [`heard`](Watch::heard) is not lost. It may hear more than releases of its key, and
/// a connection may fail without a word: whoever waits tries again after an interval all the same.
pub struct Watch {
  heard: Arc<Notify>,
  _subscription: Box<dyn Send + Sync>,
}

impl Watch {
  /// `heard` is notified by [`Notify::notify_one`]; the subscription ends when it is dropped.
  #[must_use]
  pub fn new(heard: Arc<Notify>, subscription: impl Send + Sync + 'static) -> Self {
    Self {
      heard,
      _subscription: Box::new(subscription),
    }
  }

  /// Returns when something was heard since the last time.
  pub async fn heard(&self) {
    self.heard.notified().await;
  }
}

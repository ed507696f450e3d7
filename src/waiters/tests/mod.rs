mod fake_adapter;
mod giving_up;
mod order;
mod wakes;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::fake_adapter::FakeAdapter;
use crate::error::Result;
use crate::lock::Lock;
use crate::name::{Key, Owner};
use crate::provider::{LockProvider, Wait};
use crate::request::{Answer, Request};
use crate::ttl::Ttl;
use crate::waiters::Grant;

/// What must be over by then is over long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than any test.
const HOURS: Duration = Duration::from_secs(36_000);

/// A key that many locks want, over a fake adapter.
struct Scene {
  provider: LockProvider,
  adapter: Arc<FakeAdapter>,
}

/// A wait that is under way.
struct Waiting {
  lock: Lock,
  id: u64,
  outcome: oneshot::Receiver<Result<Option<Grant>>>,
}

impl Scene {
  fn over(adapter: FakeAdapter) -> Self {
    let adapter = Arc::new(adapter);
    let provider = LockProvider::new(Arc::clone(&adapter) as Arc<_>);
    Self { provider, adapter }
  }

  fn lock(&self, owner: &str) -> Lock {
    self.provider.create(key(), Some(Owner::new(owner).unwrap()))
  }

  /// A lock that holds the key without an end.
  async fn hold(&self) -> Lock {
    let lock = self.lock("holder");
    lock.acquire(None).await.unwrap().expect("the key is free");
    lock
  }

  /// Has another process hold the key.
  fn hold_elsewhere(&self, ttl: Option<Duration>) {
    let request = Request::Acquire {
      key: key(),
      owner: Owner::new("elsewhere").unwrap(),
      ttl: ttl.map(|ttl| Ttl::new(ttl).unwrap()),
    };
    assert!(matches!(self.adapter.elsewhere(request), Answer::Acquired { .. }));
  }

  /// Has another process free the key.
  fn release_elsewhere(&self) {
    let released = self.adapter.elsewhere(Request::ForceRelease { key: key() });
    assert_eq!(released, Answer::Released(true));
  }

  /// Begins a release whose answer is held back until the adapter is opened.
  async fn release_slowly(&self, holder: Lock) -> JoinHandle<Result<bool>> {
    self.adapter.shut();
    let releasing = tokio::spawn(async move { holder.release().await });
    self.until(|scene| scene.adapter.has_on_the_way("Release")).await;
    releasing
  }

  fn is_held(&self) -> bool {
    self.adapter.elsewhere(Request::State { key: key() }) != Answer::State(None)
  }

  fn is_waited_for(&self) -> bool {
    !self.provider.waiters().lines().queues.is_empty()
  }

  fn wait(&self, owner: &str, interval: Duration) -> Waiting {
    self.wait_for(owner, interval, None, || false)
  }

  fn wait_for(
    &self,
    owner: &str,
    interval: Duration,
    ttl: Option<Duration>,
    is_gone: impl Fn() -> bool + Send + 'static,
  ) -> Waiting {
    let lock = self.lock(owner);
    let (tell, outcome) = oneshot::channel();
    let id = self.provider.wait(&lock, |_| Wait {
      ttl: ttl.map(|ttl| Ttl::new(ttl).unwrap()),
      interval,
      done: Box::new(|outcome| tell.send(outcome).is_ok()),
      is_gone: Box::new(is_gone),
    });
    Waiting { lock, id, outcome }
  }

  /// Until a condition holds, which has to happen soon.
  async fn until(&self, holds: impl Fn(&Self) -> bool) {
    let held = async {
      while !holds(self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
      }
    };
    tokio::time::timeout(PATIENCE, held).await.expect("it comes to that");
  }
}

impl Waiting {
  /// The lock, once it is held.
  async fn granted(self) -> Lock {
    let Self { lock, outcome, .. } = self;
    outcome_of(outcome).await.expect("an answer").expect("a grant");
    lock
  }

  async fn outcome(self) -> Result<Option<Grant>> {
    outcome_of(self.outcome).await
  }

  /// Whether it was ended, and has no outcome.
  fn give_up(&self) -> bool {
    self.lock.provider().give_up(self.lock.key(), self.id)
  }
}

async fn outcome_of(outcome: oneshot::Receiver<Result<Option<Grant>>>) -> Result<Option<Grant>> {
  let in_time = tokio::time::timeout(PATIENCE, outcome).await;
  in_time.expect("an outcome in time").expect("an outcome")
}

fn key() -> Key {
  Key::new("key").unwrap()
}

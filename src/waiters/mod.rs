//! Who waits for which key in this process.
//!
//! Each key that is waited for has a queue, first come, first served, and one task, the [prober](prober), which asks the
//! database for the head of it alone: a thousand waiters cost what one costs.
//!
//! 1. A release that passes through this process is followed, in the same batch, by an acquire for the head, its *heir*:
//!    the key changes hands without a wake-up and without a round trip more.
//! 2. After [`TURN`] such hand-overs in a row the next head waits for a moment, so that waiters in other processes, who
//!    are woken by the same release, come in.
//! 3. Whoever gives up is out of the queue at once. A grant that finds its waiter gone is released again.

mod prober;
mod queue;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub(crate) use self::prober::probe;
pub(crate) use self::queue::Waiter;
pub use self::queue::{Done, Grant};
use self::queue::{Due, Queue};
use crate::error::{Error, Result};
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};
use crate::ttl::Ttl;

/// How often a key is handed on in this process before others get a chance.
const TURN: u32 = 32;

/// How long the head then stands back. Others are woken by the release within a millisecond or two.
const REST: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(crate) struct Waiters {
  queues: Mutex<HashMap<Key, Queue>>,
  /// How many queues there are, for those who must not lock to find that there is none.
  length: AtomicUsize,
}

/// For whom a release in a batch is followed by an acquire.
pub(crate) struct Heir {
  pub(crate) id: u64,
  pub(crate) key: Key,
  pub(crate) owner: Owner,
  pub(crate) ttl: Option<Ttl>,
}

/// Heirs with what their acquires came to.
pub(crate) type Inherited = Vec<(Heir, Result<Answer>)>;

/// A batch with the acquires that were put into it.
pub(crate) struct Batch {
  pub(crate) requests: Vec<Request>,
  /// By their place among the requests.
  heirs: Vec<(usize, Heir)>,
}

impl Waiters {
  pub(crate) fn is_empty(&self) -> bool {
    self.length.load(Ordering::Acquire) == 0
  }

  /// What to notify is answered for the first of a queue: whoever adds it has to have the key [probed](probe).
  pub(crate) fn join(&self, key: &Key, waiter: Waiter) -> Option<Arc<Notify>> {
    let mut queues = self.queues();
    if let Some(queue) = queues.get_mut(key) {
      queue.add(waiter);
      queue.nudge.notify_one();
      return None;
    }
    let queue = Queue::of(waiter);
    let nudge = Arc::clone(&queue.nudge);
    queues.insert(key.clone(), queue);
    self.length.store(queues.len(), Ordering::Release);
    Some(nudge)
  }

  /// Takes a waiter out of its queue. `None`: it is not in it any more.
  pub(crate) fn leave(&self, key: &Key, id: u64) -> Option<Waiter> {
    let mut queues = self.queues();
    let queue = queues.get_mut(key)?;
    let waiter = queue.remove(id);
    // The prober clears away an empty queue.
    queue.nudge.notify_one();
    waiter
  }

  /// Puts an acquire behind every release of a key that is waited for. With `is_shared` others may wait elsewhere.
  pub(crate) fn with_heirs(&self, requests: Vec<Request>, is_shared: bool) -> Batch {
    let mut queues = self.queues();
    let mut batch = Batch {
      requests: Vec::with_capacity(requests.len() + 1),
      heirs: Vec::new(),
    };
    for request in requests {
      let heir = match &request {
        Request::Release { key, .. } | Request::ForceRelease { key } => queues
          .get_mut(key)
          .and_then(|queue| queue.heir(is_shared))
          .map(|(id, owner, ttl)| Heir {
            id,
            key: key.clone(),
            owner,
            ttl,
          }),
        _ => None,
      };
      batch.requests.push(request);
      if let Some(heir) = heir {
        batch.requests.push(Request::Acquire {
          key: heir.key.clone(),
          owner: heir.owner.clone(),
          ttl: heir.ttl,
        });
        batch.heirs.push((batch.requests.len() - 1, heir));
      }
    }
    batch
  }

  /// Says what a release came to, so that the next of its queue may try.
  pub(crate) fn released(&self, key: &Key) {
    if let Some(queue) = self.queues().get_mut(key) {
      queue.released();
    }
  }

  /// Remembers that a grant was made here: until its end is seen, what is heard of the key is this process's own doing.
  pub(crate) fn granted(&self, key: &Key, lasts: Option<Duration>) {
    if let Some(queue) = self.queues().get_mut(key) {
      queue.granted(lasts);
    }
  }

  /// Answers every waiter with an error.
  pub(crate) fn fail_all(&self, error: &Error) {
    let queues = std::mem::take(&mut *self.queues());
    self.length.store(0, Ordering::Release);
    for queue in queues.into_values() {
      queue.nudge.notify_one();
      for waiter in queue.into_waiters() {
        (waiter.done)(Err(error.clone()));
      }
    }
  }

  /// What the prober of a key has to do next.
  fn due(&self, key: &Key, probe_at: Instant) -> Due {
    let mut queues = self.queues();
    let Some(queue) = queues.get(key) else {
      return Due::Nothing;
    };
    let due = queue.due(Instant::now(), probe_at);
    if matches!(due, Due::Nothing) {
      queues.remove(key);
      self.length.store(queues.len(), Ordering::Release);
    }
    due
  }

  /// When the head may try because of a release that was seen here. `None`: there was none.
  fn take_release(&self, key: &Key) -> Option<Duration> {
    self.queues().get_mut(key).and_then(Queue::take_release)
  }

  fn is_held_here(&self, key: &Key) -> bool {
    self.queues().get(key).is_some_and(Queue::is_held_here)
  }

  fn queues(&self) -> MutexGuard<'_, HashMap<Key, Queue>> {
    // Nothing under this mutex can leave a queue half changed.
    self.queues.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

impl Batch {
  /// Takes the answers of the heirs out of those to the batch.
  pub(crate) fn divide(self, answers: Vec<Result<Answer>>) -> (Vec<Result<Answer>>, Inherited) {
    let mut heirs = self.heirs.into_iter().peekable();
    let mut own = Vec::with_capacity(answers.len());
    let mut inherited = Vec::new();
    for (place, answer) in answers.into_iter().enumerate() {
      match heirs.next_if(|(heir_place, _)| *heir_place == place) {
        Some((_, heir)) => inherited.push((heir, answer)),
        None => own.push(answer),
      }
    }
    (own, inherited)
  }
}

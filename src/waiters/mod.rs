//! Who waits for which key in this process.
//!
//! Each key that is waited for has a queue, first come, first served, and one task, the [prober](prober), which asks the
//! database for the head of it alone: a thousand waiters cost what one costs.
//!
//! 1. A release that passes through this process is followed, in the same batch, by an acquire for the head, its *heir*:
//!    the key changes hands without a wake-up and without a round trip more.
//! 2. When a key has gone from hand to hand here for a [`turn`], the next head stands back for a moment, so that waiters
//!    in other processes, who are woken by the same release, come in.
//! 3. Whoever gives up is out of the queue at once. A grant that finds its waiter gone is released again.

mod prober;
mod queue;
mod turn;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub(crate) use self::prober::probe;
pub(crate) use self::queue::Waiter;
pub use self::queue::{Done, Grant, IsGone};
use self::queue::{Due, Past, Queue};
use crate::error::{Error, Result};
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};
use crate::ttl::Ttl;

/// Keeping what is known of fewer keys than this is not worth the time of forgetting it.
const SWEEP_FLOOR: usize = 64;

pub(crate) struct Waiters {
  /// Whether others may wait for the same keys elsewhere.
  is_shared: bool,
  lines: Mutex<Lines>,
  /// How many keys there is something to know of, for those who must not lock to find that there is none.
  length: AtomicUsize,
}

#[derive(Default)]
struct Lines {
  queues: HashMap<Key, Queue>,
  /// Of keys that are held here and nobody waits for.
  pasts: HashMap<Key, Past>,
  pasts_at_last_sweep: usize,
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

/// A batch with the acquires that were put into it. Until it is divided or dropped, nothing else is tried for its heirs.
pub(crate) struct Batch<'waiters> {
  pub(crate) requests: Vec<Request>,
  /// Whether it may have been sent.
  pub(crate) is_sent: bool,
  /// By their place among the requests.
  heirs: Vec<(usize, Heir)>,
  waiters: &'waiters Waiters,
}

impl Waiters {
  pub(crate) fn new(is_shared: bool) -> Self {
    Self {
      is_shared,
      lines: Mutex::default(),
      length: AtomicUsize::new(0),
    }
  }

  /// Whether nobody waits, and no release is of any interest.
  pub(crate) fn is_empty(&self) -> bool {
    self.length.load(Ordering::Acquire) == 0
  }

  /// What to notify is answered for the first of a queue: whoever adds it has to have the key [probed](probe).
  pub(crate) fn join(&self, key: &Key, waiter: Waiter) -> Option<Arc<Notify>> {
    let mut lines = self.lines();
    if let Some(queue) = lines.queues.get_mut(key) {
      queue.add(waiter);
      return None;
    }
    let past = lines.pasts.remove(key);
    let queue = Queue::of(waiter, past.unwrap_or_else(|| Past::unknown(self.is_shared)));
    let nudge = Arc::clone(&queue.nudge);
    lines.queues.insert(key.clone(), queue);
    self.count(&lines);
    Some(nudge)
  }

  /// Takes a waiter out of its queue. `None`: it is not in it any more.
  pub(crate) fn leave(&self, key: &Key, id: u64) -> Option<Waiter> {
    self.lines().queues.get_mut(key)?.remove(id)
  }

  /// Takes out of its queue one that gives up. `false`: it has an outcome, which is on its way; or a try for it is under
  /// way, whose outcome it is told, whatever that is.
  pub(crate) fn give_up(&self, key: &Key, id: u64) -> bool {
    self.lines().queues.get_mut(key).is_some_and(|queue| queue.give_up(id))
  }

  /// Says that the acquire behind a release has come to nothing.
  pub(crate) fn refused(&self, key: &Key, heir: u64) {
    self.conclude(key, heir, |queue| queue.handed_on(heir));
  }

  /// Puts an acquire behind every release of a key that is waited for.
  pub(crate) fn with_heirs(&self, requests: Vec<Request>) -> Batch<'_> {
    let mut batch = Batch {
      requests: Vec::with_capacity(requests.len() + 1),
      is_sent: false,
      heirs: Vec::new(),
      waiters: self,
    };
    let mut lines = self.lines();
    for request in requests {
      let heir = match &request {
        Request::Release { key, .. } | Request::ForceRelease { key } => lines
          .queues
          .get_mut(key)
          .and_then(Queue::heir)
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

  /// Says that a key was let go of here and handed on to nobody, so that the next of its queue may try.
  pub(crate) fn released(&self, key: &Key) {
    let mut lines = self.lines();
    if let Some(queue) = lines.queues.get_mut(key) {
      queue.released();
    } else if lines.pasts.remove(key).is_some() {
      self.count(&lines);
    }
  }

  /// Remembers that a grant was made here, for that waiter: until its end is seen, what is heard of the key is this process's
  /// own doing. Takes the waiter out of its queue; `None`: it is not in it any more.
  pub(crate) fn granted(&self, key: &Key, id: u64, lasts: Option<Duration>) -> Option<Waiter> {
    // At once: a waiter that is seen neither tried for nor granted would be tried for beside its grant.
    let mut lines = self.lines();
    let queue = lines.queues.get_mut(key)?;
    queue.handed_on(id);
    queue.granted(lasts);
    queue.remove(id)
  }

  /// Answers every waiter with an error.
  pub(crate) fn fail_all(&self, error: &Error) {
    let lines = std::mem::take(&mut *self.lines());
    self.length.store(0, Ordering::Release);
    for queue in lines.queues.into_values() {
      queue.nudge.notify_one();
      for waiter in queue.into_waiters() {
        (waiter.done)(Err(error.clone()));
      }
    }
  }

  /// What the prober that this nudge wakes has to do next.
  fn due(&self, key: &Key, nudge: &Arc<Notify>) -> Due {
    let now = Instant::now();
    let mut lines = self.lines();
    // After all were failed, another prober may have another queue of the same key.
    let Some(queue) = lines
      .queues
      .get_mut(key)
      .filter(|queue| Arc::ptr_eq(&queue.nudge, nudge))
    else {
      return Due::Nothing;
    };
    let due = queue.due(now);
    if matches!(due, Due::Nothing) {
      let past = queue.past();
      lines.queues.remove(key);
      if past.is_worth_keeping(now) {
        lines.keep(key.clone(), past, now);
      }
      self.count(&lines);
    }
    due
  }

  fn tried(&self, key: &Key, id: u64, pause: Option<Duration>) {
    self.conclude(key, id, |queue| queue.tried(pause));
  }

  fn heard(&self, key: &Key) {
    self.with_queue(key, Queue::heard);
  }

  /// After a try for a waiter: that it came to nothing is the outcome for one that has given up.
  fn conclude(&self, key: &Key, id: u64, act: impl FnOnce(&mut Queue)) {
    let leaving = self.lines().queues.get_mut(key).and_then(|queue| {
      act(queue);
      queue.dismiss(id)
    });
    if let Some(waiter) = leaving {
      (waiter.done)(Ok(None));
    }
  }

  fn with_queue(&self, key: &Key, act: impl FnOnce(&mut Queue)) {
    if let Some(queue) = self.lines().queues.get_mut(key) {
      act(queue);
    }
  }

  fn count(&self, lines: &Lines) {
    self
      .length
      .store(lines.queues.len() + lines.pasts.len(), Ordering::Release);
  }

  fn lines(&self) -> MutexGuard<'_, Lines> {
    // Nothing under this mutex can leave a queue half changed.
    self.lines.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

impl Lines {
  fn keep(&mut self, key: Key, past: Past, now: Instant) {
    if self.pasts.len() >= SWEEP_FLOOR.max(2 * self.pasts_at_last_sweep) {
      self.pasts.retain(|_, past| past.is_worth_keeping(now));
      self.pasts_at_last_sweep = self.pasts.len();
    }
    self.pasts.insert(key, past);
  }
}

impl Batch<'_> {
  /// Takes the answers of the heirs out of those to the batch.
  pub(crate) fn divide(mut self, answers: Vec<Result<Answer>>) -> (Vec<Result<Answer>>, Inherited) {
    let mut heirs = std::mem::take(&mut self.heirs).into_iter().peekable();
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

impl Drop for Batch<'_> {
  /// It was not sent, or nobody has waited for its answers.
  fn drop(&mut self) {
    for (_, heir) in std::mem::take(&mut self.heirs) {
      self.waiters.refused(&heir.key, heir.id);
      if self.is_sent {
        self.waiters.released(&heir.key);
      }
    }
  }
}

#[cfg(test)]
mod tests;

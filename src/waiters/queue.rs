use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::{REST, TURN};
use crate::error::Result;
use crate::fence::Fence;
use crate::name::Owner;
use crate::ttl::Ttl;

/// For how long what is heard of a key is ignored that is held here without an end; the interval goes on meanwhile.
const WITHOUT_END: Duration = Duration::from_secs(3600);

/// Somebody who waits for a key.
pub(crate) struct Waiter {
  pub(crate) id: u64,
  pub(crate) owner: Owner,
  pub(crate) ttl: Option<Ttl>,
  /// The longest pause between two tries.
  pub(crate) interval: Duration,
  pub(crate) done: Done,
}

/// Takes the outcome of a wait. `false`: nobody is there to take it.
pub type Done = Box<dyn FnOnce(Result<Grant>) -> bool + Send>;

/// A key that was granted to somebody who waited for it.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
  pub fence: Fence,
  /// When it was asked for: the lease began no earlier.
  pub asked: Instant,
}

/// Those who wait for one key, in the order they came.
pub(super) struct Queue {
  waiters: VecDeque<Waiter>,
  /// Wakes the prober.
  pub(super) nudge: Arc<Notify>,
  /// A release was seen here and nobody has tried since; how long the head is to stand back.
  release: Option<Duration>,
  /// The key is held by somebody of this process, who has not released it yet, until then at the latest.
  held_here_until: Option<Instant>,
  /// How often in a row the key was handed on here.
  handed_on: u32,
}

/// What a prober has to do.
pub(super) enum Due {
  Probe(Head),
  /// Until then, at the latest.
  Sleep(Instant),
  /// Nobody waits any more.
  Nothing,
}

/// The first of a queue.
pub(super) struct Head {
  pub(super) id: u64,
  pub(super) owner: Owner,
  pub(super) ttl: Option<Ttl>,
  /// The shortest interval of the queue.
  pub(super) interval: Duration,
}

impl Queue {
  pub(super) fn of(first: Waiter) -> Self {
    Self {
      waiters: VecDeque::from([first]),
      nudge: Arc::default(),
      release: None,
      held_here_until: None,
      handed_on: 0,
    }
  }

  pub(super) fn add(&mut self, waiter: Waiter) {
    self.waiters.push_back(waiter);
  }

  pub(super) fn remove(&mut self, id: u64) -> Option<Waiter> {
    // The head is who leaves most often.
    let place = self.waiters.iter().position(|waiter| waiter.id == id)?;
    self.waiters.remove(place)
  }

  pub(super) fn into_waiters(self) -> VecDeque<Waiter> {
    self.waiters
  }

  /// For whom a release is to be followed by an acquire. `None`: for nobody, or others are to have a chance first.
  pub(super) fn heir(&mut self, is_shared: bool) -> Option<(u64, Owner, Option<Ttl>)> {
    if is_shared && self.handed_on >= TURN {
      return None;
    }
    self.waiters.front().map(|head| (head.id, head.owner.clone(), head.ttl))
  }

  /// The key was let go of here, and handed on to nobody.
  pub(super) fn released(&mut self) {
    self.held_here_until = None;
    self.release = Some(if self.handed_on >= TURN { REST } else { Duration::ZERO });
    self.handed_on = 0;
    self.nudge.notify_one();
  }

  pub(super) fn granted(&mut self, lasts: Option<Duration>) {
    self.handed_on = self.handed_on.saturating_add(1);
    self.release = None;
    self.held_here_until = Instant::now().checked_add(lasts.unwrap_or(WITHOUT_END));
  }

  pub(super) fn is_held_here(&self) -> bool {
    self.held_here_until.is_some_and(|until| Instant::now() < until)
  }

  pub(super) fn take_release(&mut self) -> Option<Duration> {
    self.release.take()
  }

  /// What to do next if the next try is to be at `probe_at`.
  pub(super) fn due(&self, now: Instant, probe_at: Instant) -> Due {
    let Some(head) = self.waiters.front() else {
      return Due::Nothing;
    };
    if probe_at > now {
      return Due::Sleep(probe_at);
    }
    let shortest = self.waiters.iter().map(|waiter| waiter.interval).min();
    Due::Probe(Head {
      id: head.id,
      owner: head.owner.clone(),
      ttl: head.ttl,
      interval: shortest.unwrap_or(head.interval),
    })
  }
}

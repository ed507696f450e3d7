use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::turn::Turn;
use crate::error::Result;
use crate::fence::Fence;
use crate::name::Owner;
use crate::ttl::Ttl;

/// A lease is over at its last millisecond by the database's clock, and clocks are read in whole milliseconds.
pub(super) const CLOCK_STEP: Duration = Duration::from_millis(1);

/// What is heard while somebody here holds the key is most often the release it was handed on with. So long, at most, a
/// release that somebody else made of it waits to be found.
const ECHO: Duration = Duration::from_millis(50);

/// Somebody who waits for a key.
pub(crate) struct Waiter {
  pub(crate) id: u64,
  pub(crate) owner: Owner,
  pub(crate) ttl: Option<Ttl>,
  /// The longest pause between two tries.
  pub(crate) interval: Duration,
  pub(crate) done: Done,
  pub(crate) is_gone: IsGone,
  /// Whether it has been given up while it was tried for, and waits for the outcome of that alone.
  pub(crate) is_leaving: bool,
}

/// Takes the outcome of a wait; `None`: it was given up, and its last try came to nothing. `false`: nobody is there to take
/// it.
pub type Done = Box<dyn FnOnce(Result<Option<Grant>>) -> bool + Send>;

/// Whether nobody is there any more to take the outcome of a wait.
pub type IsGone = Box<dyn Fn() -> bool + Send>;

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
  /// When to try for the head. `None`: nothing is planned while that is being done.
  probe_at: Option<Instant>,
  /// The waiter that this is done for.
  probed_for: Option<u64>,
  /// When a try was begun last.
  probed: Instant,
  /// The shortest interval of the queue.
  interval: Duration,
  /// A release is on its way with an acquire for that waiter behind it; until it is over nothing else is tried, or the key
  /// would be taken twice for one waiter.
  handed_on: Option<u64>,
  /// Whether the prober sleeps for that reason.
  is_held_up: bool,
  past: Past,
}

/// What is known of a key from when it was granted here. It outlives the queue: whoever is granted the key is often the
/// last of it.
#[derive(Clone, Copy)]
pub(super) struct Past {
  /// Somebody of this process holds it who has not released it yet, until then at the latest.
  held_here_until: Option<Instant>,
  turn: Turn,
}

impl Past {
  pub(super) fn unknown(is_shared: bool) -> Self {
    Self {
      held_here_until: None,
      turn: Turn::new(is_shared),
    }
  }

  /// Whether it is of use to whoever waits next.
  pub(super) fn is_worth_keeping(&self, now: Instant) -> bool {
    self.is_held_here(now) && self.turn.is_recent(now)
  }

  fn is_held_here(&self, now: Instant) -> bool {
    self.held_here_until.is_some_and(|until| now < until)
  }
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
  pub(super) fn of(first: Waiter, past: Past) -> Self {
    let now = Instant::now();
    Self {
      interval: first.interval,
      waiters: VecDeque::from([first]),
      nudge: Arc::default(),
      probe_at: Some(now),
      probed_for: None,
      probed: now,
      handed_on: None,
      is_held_up: false,
      past,
    }
  }

  pub(super) fn past(&self) -> Past {
    self.past
  }

  pub(super) fn add(&mut self, waiter: Waiter) {
    let interval = waiter.interval;
    self.waiters.push_back(waiter);
    if interval < self.interval {
      self.interval = interval;
      self.hasten(later(self.probed, interval));
    }
  }

  pub(super) fn remove(&mut self, id: u64) -> Option<Waiter> {
    // The head is who leaves most often.
    let place = self.waiters.iter().position(|waiter| waiter.id == id)?;
    let waiter = self.waiters.remove(place);
    if self.waiters.is_empty() {
      // The prober clears an empty queue away.
      self.nudge.notify_one();
    }
    waiter
  }

  /// Takes out one that gives up. `false`: it is not there any more, or it is being tried for, and stays for the outcome of
  /// that: its owner could not tell a grant to this try from one to another.
  pub(super) fn give_up(&mut self, id: u64) -> bool {
    if !self.is_tried_for(id) {
      return self.remove(id).is_some();
    }
    if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.id == id) {
      waiter.is_leaving = true;
    }
    false
  }

  /// Takes out one that has given up, if it is not tried for any more.
  pub(super) fn dismiss(&mut self, id: u64) -> Option<Waiter> {
    let is_leaving = self.waiters.iter().any(|waiter| waiter.id == id && waiter.is_leaving);
    (is_leaving && !self.is_tried_for(id))
      .then(|| self.remove(id))
      .flatten()
  }

  fn is_tried_for(&self, id: u64) -> bool {
    self.probed_for == Some(id) || self.handed_on == Some(id)
  }

  pub(super) fn into_waiters(self) -> VecDeque<Waiter> {
    self.waiters
  }

  /// For whom a release is to be followed by an acquire. `None`: for nobody, or others are to have a chance first, or a
  /// try is on its way already.
  pub(super) fn heir(&mut self) -> Option<(u64, Owner, Option<Ttl>)> {
    let now = Instant::now();
    if self.probed_for.is_some() || self.handed_on.is_some() || self.past.turn.is_over(now) {
      return None;
    }
    let heir = self.head().map(|head| (head.id, head.owner.clone(), head.ttl));
    self.handed_on = heir.as_ref().map(|(id, ..)| *id);
    heir
  }

  /// The acquire behind a release has come to something, or was not sent after all.
  pub(super) fn handed_on(&mut self, heir: u64) {
    self.handed_on = self.handed_on.filter(|id| *id != heir);
    if self.is_held_up {
      self.nudge.notify_one();
    }
  }

  /// The key was let go of here, and handed on to nobody.
  pub(super) fn released(&mut self) {
    self.past.held_here_until = None;
    let now = Instant::now();
    let rest = self.past.turn.end(now);
    if rest.is_zero() {
      self.hasten(now);
    } else {
      self.probe_at = Some(later(now, rest));
      self.nudge.notify_one();
    }
  }

  /// The key was granted here, for that long.
  pub(super) fn granted(&mut self, lasts: Option<Duration>) {
    let now = Instant::now();
    self.past.turn.go_on(now);
    let ends = later(now, lasts.map_or(FAR, |lasts| lasts + CLOCK_STEP));
    self.past.held_here_until = Some(ends);
    let at = ends.min(later(now, self.interval));
    if self.probe_at.is_some_and(|planned| at < planned) {
      self.nudge.notify_one();
    }
    // What was planned before was about an earlier holder.
    self.probe_at = Some(at);
  }

  /// Something was heard of the key. Only what others do is news.
  pub(super) fn heard(&mut self) {
    let now = Instant::now();
    let pause = if self.past.is_held_here(now) {
      ECHO
    } else {
      self.past.turn.courtesy(now)
    };
    self.hasten(later(now, pause));
  }

  /// The try for the head is over. If it came to nothing, somebody else has the key, and the next is to be so much later,
  /// unless something has happened meanwhile that calls for it sooner.
  pub(super) fn tried(&mut self, pause: Option<Duration>) {
    self.probed_for = None;
    let Some(pause) = pause else {
      return;
    };
    let now = Instant::now();
    if !self.past.is_held_here(now) {
      self.past.held_here_until = None;
      self.past.turn.pass();
    }
    let at = later(now, pause);
    self.probe_at = Some(self.probe_at.map_or(at, |sooner| sooner.min(at)));
  }

  /// What to do next.
  pub(super) fn due(&mut self, now: Instant) -> Due {
    if self.head().is_none() {
      return Due::Nothing;
    }
    self.is_held_up = self.handed_on.is_some();
    match self.probe_at {
      _ if self.is_held_up => Due::Sleep(later(now, FAR)),
      Some(at) if at > now => Due::Sleep(at),
      _ => self.begin_probe(now),
    }
  }

  fn begin_probe(&mut self, now: Instant) -> Due {
    self.probe_at = None;
    self.probed_for = self.waiters.front().map(|head| head.id);
    self.probed = now;
    let shortest = self.waiters.iter().map(|waiter| waiter.interval).min();
    self.interval = shortest.unwrap_or(self.interval);
    match self.waiters.front() {
      Some(head) => Due::Probe(Head {
        id: head.id,
        owner: head.owner.clone(),
        ttl: head.ttl,
        interval: self.interval,
      }),
      None => Due::Nothing,
    }
  }

  /// The first that is still there.
  fn head(&mut self) -> Option<&Waiter> {
    while self.waiters.front().is_some_and(|head| (head.is_gone)()) {
      self.waiters.pop_front();
    }
    self.waiters.front()
  }

  /// Has the next try come at that time at the latest.
  fn hasten(&mut self, at: Instant) {
    if self.probe_at.is_none_or(|planned| at < planned) {
      self.probe_at = Some(at);
      self.nudge.notify_one();
    }
  }
}

/// Later than the clock can tell is as late as it can.
fn later(from: Instant, pause: Duration) -> Instant {
  from.checked_add(pause).unwrap_or_else(|| from + FAR)
}

/// A year: nobody sleeps longer without looking.
const FAR: Duration = Duration::from_secs(31_536_000);

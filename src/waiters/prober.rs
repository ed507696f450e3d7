use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::queue::{Due, Grant, Head};
use crate::adapters::Watch;
use crate::name::Key;
use crate::provider::LockProvider;
use crate::request::{Answer, Request, Until};

/// The first pause where nothing can be heard. It doubles up to the interval while nothing changes.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// A lease is over at its last millisecond by the database's clock, and clocks are read in whole milliseconds.
const CLOCK_STEP: Duration = Duration::from_millis(1);

/// Tries for the heads of a queue until it is empty.
pub(crate) async fn probe(provider: LockProvider, key: Key, nudge: Arc<Notify>) {
  let mut prober = Prober {
    provider,
    key,
    nudge,
    watch: Ear::Closed,
    pause: FIRST_PAUSE,
    holder_ends: None,
    rests_until: None,
  };
  let mut probe_at = Instant::now();
  loop {
    match prober.provider.waiters().due(&prober.key, probe_at) {
      Due::Nothing => return,
      Due::Probe(head) => probe_at = Instant::now() + prober.attempt(head).await,
      Due::Sleep(until) => {
        if let Some(sooner) = prober.sleep(until).await {
          probe_at = Instant::now() + sooner;
        }
      }
    }
  }
}

struct Prober {
  provider: LockProvider,
  key: Key,
  nudge: Arc<Notify>,
  watch: Ear,
  pause: Duration,
  /// When the lease ends that was met last; it moves when the key changes hands.
  holder_ends: Option<Instant>,
  /// Until then others are to have a chance.
  rests_until: Option<Instant>,
}

enum Ear {
  /// Nobody has tried to open it.
  Closed,
  Open(Watch),
  /// The database does not tell, or could not be asked to.
  Deaf,
}

impl Prober {
  /// Tries for the head; how long after that to try again unless something happens.
  async fn attempt(&mut self, head: Head) -> Duration {
    // What was heard so far is answered by this try.
    self.provider.waiters().take_release(&self.key);
    let asked = Instant::now();
    let request = Request::Acquire {
      key: self.key.clone(),
      owner: head.owner.clone(),
      ttl: head.ttl,
    };
    let until = match self.provider.ask_one(request).await {
      Ok(Answer::Acquired { fence }) => {
        self
          .provider
          .grant(&self.key, head.id, &head.owner, head.ttl, Grant { fence, asked });
        self.pause = FIRST_PAUSE;
        return head.ttl.map_or(head.interval, |ttl| ttl.duration().min(head.interval));
      }
      Ok(Answer::Held { until }) => until,
      Ok(_) => Until::Unknown,
      Err(error) => {
        if let Some(waiter) = self.provider.waiters().leave(&self.key, head.id) {
          (waiter.done)(Err(error));
        }
        return Duration::ZERO;
      }
    };
    if matches!(self.watch, Ear::Closed) {
      self.listen().await;
      if matches!(self.watch, Ear::Open(_)) {
        // It may have been released before anybody listened.
        return Duration::ZERO;
      }
    }
    self.pause_after(until, head.interval)
  }

  async fn listen(&mut self) {
    self.watch = match self.provider.watch(&self.key).await {
      Ok(Some(watch)) => Ear::Open(watch),
      Ok(None) | Err(_) => Ear::Deaf,
    };
  }

  fn pause_after(&mut self, until: Until, interval: Duration) -> Duration {
    let ends = match until {
      Until::Expiry(remaining) => Some(remaining + CLOCK_STEP),
      Until::Release => None,
      Until::Unknown => Some(FIRST_PAUSE),
    };
    let pause = match self.watch {
      Ear::Open(_) => interval,
      _ => self.pause_unheard(ends).min(interval),
    };
    ends.map_or(pause, |ends| ends.min(pause)).max(CLOCK_STEP)
  }

  /// Where nothing can be heard: short while the key changes hands, long while one holds it.
  fn pause_unheard(&mut self, ends: Option<Duration>) -> Duration {
    let ends = ends.and_then(|ends| Instant::now().checked_add(ends));
    let has_moved = match (ends, self.holder_ends) {
      (Some(now), Some(before)) => now.max(before) - now.min(before) > Duration::from_millis(20),
      (now, before) => now.is_some() != before.is_some(),
    };
    self.holder_ends = ends;
    let pause = if has_moved { FIRST_PAUSE } else { self.pause };
    self.pause = (2 * pause).min(Duration::from_secs(3600));
    pause
  }

  /// Sleeps until then, or until something happens; how long after that to try, if that is to be sooner than planned.
  async fn sleep(&mut self, until: Instant) -> Option<Duration> {
    let heard = async {
      match &self.watch {
        Ear::Open(watch) => watch.heard().await,
        _ => std::future::pending().await,
      }
    };
    tokio::select! {
      () = tokio::time::sleep_until(until.into()) => None,
      () = self.nudge.notified() => self.release_seen(),
      () = heard => self.release_seen().or_else(|| self.is_news().then_some(Duration::ZERO)),
    }
  }

  /// How long after a release that this process made itself to try.
  fn release_seen(&mut self) -> Option<Duration> {
    let rest = self.provider.waiters().take_release(&self.key)?;
    self.rests_until = Instant::now().checked_add(rest);
    self.pause = FIRST_PAUSE;
    Some(rest)
  }

  /// What this process does is heard as well; only what others do is news.
  fn is_news(&self) -> bool {
    let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
    !rests && !self.provider.waiters().is_held_here(&self.key)
  }
}

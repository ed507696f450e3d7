use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::queue::{CLOCK_STEP, Due, Grant, Head};
use crate::adapters::Watch;
use crate::name::Key;
use crate::provider::LockProvider;
use crate::request::{Answer, Request, Until};

/// The first pause where nothing can be heard. It doubles up to the interval while nothing changes.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// Leases whose ends are further apart than this are two.
const ANOTHER_LEASE: Duration = Duration::from_millis(20);

/// Tries for the heads of a queue until it is empty.
pub(crate) async fn probe(provider: LockProvider, key: Key, nudge: Arc<Notify>) {
  let _under_way = provider.under_way();
  let mut prober = Prober {
    provider,
    key,
    nudge,
    ear: Ear::Closed,
    pause: FIRST_PAUSE,
    holder_ends: None,
  };
  loop {
    match prober.provider.waiters().due(&prober.key, &prober.nudge) {
      Due::Nothing => return,
      Due::Probe(head) => {
        let id = head.id;
        let pause = prober.attempt(head).await;
        prober.provider.waiters().tried(&prober.key, id, pause);
      }
      Due::Sleep(until) => prober.sleep(until).await,
    }
  }
}

struct Prober {
  provider: LockProvider,
  key: Key,
  nudge: Arc<Notify>,
  ear: Ear,
  pause: Duration,
  /// When the lease ends that was met last; it moves when the key changes hands.
  holder_ends: Option<Instant>,
}

enum Ear {
  /// Nobody has tried to open it.
  Closed,
  Open(Watch),
  /// The database does not tell, or could not be asked to.
  Deaf,
}

impl Prober {
  /// Tries for the head; how long after that to try again unless something happens. `None`: the head has got it.
  async fn attempt(&mut self, head: Head) -> Option<Duration> {
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
        return None;
      }
      Ok(Answer::Held { until }) => until,
      Ok(_) => Until::Unknown,
      Err(error) => {
        if let Some(waiter) = self.provider.waiters().leave(&self.key, head.id) {
          (waiter.done)(Err(error));
        }
        return Some(Duration::ZERO);
      }
    };
    if matches!(self.ear, Ear::Closed) {
      self.listen().await;
      if matches!(self.ear, Ear::Open(_)) {
        // It may have been released before anybody listened.
        return Some(Duration::ZERO);
      }
    }
    Some(self.pause_after(until, head.interval))
  }

  async fn listen(&mut self) {
    self.ear = match self.provider.watch(&self.key).await {
      Ok(Some(watch)) => Ear::Open(watch),
      Ok(None) | Err(_) => Ear::Deaf,
    };
  }

  fn pause_after(&mut self, until: Until, interval: Duration) -> Duration {
    let ends = match until {
      Until::Expiry(remaining) => Some(remaining + CLOCK_STEP),
      Until::Release | Until::Unknown => None,
    };
    // What can be heard is still not heard of a database that was too busy to tell.
    let is_heard = matches!(self.ear, Ear::Open(_)) && !matches!(until, Until::Unknown);
    let pause = if is_heard {
      self.pause = FIRST_PAUSE;
      interval
    } else {
      self.pause_unheard(ends).min(interval)
    };
    ends.map_or(pause, |ends| ends.min(pause)).max(CLOCK_STEP)
  }

  /// Where nothing can be heard: short while the key changes hands, long while one holds it.
  fn pause_unheard(&mut self, ends: Option<Duration>) -> Duration {
    let ends = ends.and_then(|ends| Instant::now().checked_add(ends));
    let has_moved = match (ends, self.holder_ends) {
      (Some(now), Some(before)) => now.max(before) - now.min(before) > ANOTHER_LEASE,
      (now, before) => now.is_some() != before.is_some(),
    };
    self.holder_ends = ends;
    let pause = if has_moved { FIRST_PAUSE } else { self.pause };
    self.pause = (2 * pause).min(Duration::from_secs(3600));
    pause
  }

  /// Sleeps until then, or until something happens.
  async fn sleep(&mut self, until: Instant) {
    let heard = async {
      match &self.ear {
        Ear::Open(watch) => watch.heard().await,
        _ => std::future::pending().await,
      }
    };
    tokio::select! {
      () = tokio::time::sleep_until(until.into()) => {}
      // The queue knows why.
      () = self.nudge.notified() => self.pause = FIRST_PAUSE,
      () = heard => self.provider.waiters().heard(&self.key),
    }
  }
}

//! Renewal, and the moment of loss.
//!
//! A lease that is kept is renewed on the engine's own thread, whatever the application's does. One task a provider looks
//! after all of them:
//!
//! 1. A third of the ttl after a renewal was sent, or as often as asked for, the next is sent; those due soon go along, so
//!    that ten thousand leases cost a few statements each time.
//! 2. The local deadline of a lease is the instant its last successful renewal was *sent*, plus its ttl, less a margin: the
//!    database began to count later, so that it ends the lease later. It has a timer of its own, which no renewal under
//!    way can hold up.
//! 3. A renewal that fails, or is not answered in time, makes the lease *suspect*, and is repeated until the deadline.
//!    Only "not yours" and the deadline mean *lost*. A renewal never takes a lease again that has lapsed: it names the
//!    grant by its fence.

mod hold;
mod holding;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use self::hold::{Due, Hold, Renewal};
pub use self::holding::{Holding, Loss, Standing, Tell};
use crate::error::Result;
use crate::provider::LockProvider;
use crate::request::{Answer, Request};
use crate::ttl::Ttl;

/// How many renewals go in one batch at most.
const BATCH: usize = 500;

/// How long to look for the reason of a loss, which is told by then.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after the leases that are kept through one provider.
pub(crate) struct Keeper {
  holds: Mutex<Holds>,
  nudge: Notify,
  /// When the application's event loop was seen alive, in milliseconds since `began`.
  beat: AtomicU64,
  began: Instant,
}

#[derive(Default)]
struct Holds {
  by_id: HashMap<u64, Hold>,
  is_tended: bool,
  /// When they are looked at again. `None`: they are being looked at, or nobody tends them.
  wake: Option<Instant>,
}

/// What has changed, and who is to be told of it.
type Change = (Tell, Standing);

impl Default for Keeper {
  fn default() -> Self {
    Self {
      holds: Mutex::default(),
      nudge: Notify::new(),
      beat: AtomicU64::new(0),
      began: Instant::now(),
    }
  }
}

impl Keeper {
  /// Whether a task has to be started that [tends](tend) the leases.
  pub(crate) fn add(&self, id: u64, holding: Holding) -> bool {
    let now = Instant::now();
    let hold = Hold::new(holding, now);
    let mut holds = self.holds();
    if holds.wake.is_some_and(|wake| hold.wake(now, self.last_beat()) < wake) {
      self.nudge.notify_one();
    }
    holds.by_id.insert(id, hold);
    !std::mem::replace(&mut holds.is_tended, true)
  }

  /// Ends the renewal of a lease. What is answered, if a renewal of it is under way, closes when that is over.
  pub(crate) fn remove(&self, id: u64) -> Option<watch::Receiver<()>> {
    let mut holds = self.holds();
    let hold = holds.by_id.remove(&id)?;
    if holds.by_id.is_empty() {
      self.nudge.notify_one();
    }
    hold.under_way()
  }

  /// The lease was refreshed by hand, which was asked for then and is answered now.
  pub(crate) fn refreshed(&self, id: u64, asked: Instant, ttl: Ttl) {
    if let Some(hold) = self.holds().by_id.get_mut(&id) {
      hold.refreshed(asked, ttl, Instant::now());
      self.nudge.notify_one();
    }
  }

  /// The application's event loop is alive.
  pub(crate) fn beat(&self) {
    let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
    self.beat.store(since, Ordering::Relaxed);
  }

  fn last_beat(&self) -> Instant {
    self.began + Duration::from_millis(self.beat.load(Ordering::Relaxed))
  }

  /// Every lease is lost, for that reason.
  pub(crate) fn lose_all(&self, loss: Loss) {
    let kept = std::mem::take(&mut self.holds().by_id);
    for hold in kept.into_values() {
      hold.tell()(Standing::Lost(loss));
    }
    self.nudge.notify_one();
  }

  /// What is to be done now, and when to look again. `None`: nothing is kept any more, and nobody tends it.
  fn survey(&self, now: Instant) -> Option<(Vec<(u64, Renewal)>, Instant)> {
    let last_beat = self.last_beat();
    let mut renewals = Vec::new();
    let mut changes = Vec::new();
    let wake = {
      let mut holds = self.holds();
      for hold in holds.by_id.values_mut() {
        changes.extend(hold.lose_patience(now).map(|standing| (hold.tell(), standing)));
      }
      let is_any_due = holds.by_id.values().any(|hold| hold.is_due(now));
      holds
        .by_id
        .retain(|id, hold| match hold.due(now, last_beat, is_any_due) {
          Due::Nothing => true,
          Due::Renewal(renewal) => {
            renewals.push((*id, renewal));
            true
          }
          Due::Loss(loss) => {
            changes.push((hold.tell(), Standing::Lost(loss)));
            false
          }
          Due::Abandonment => false,
        });
      if holds.by_id.is_empty() {
        holds.is_tended = false;
      }
      holds.wake = holds.by_id.values().map(|hold| hold.wake(now, last_beat)).min();
      holds.wake
    };
    tell(changes);
    wake.map(|wake| (renewals, wake))
  }

  /// Takes in what renewals came to. The losses among them, whose reason is still to be found.
  fn conclude(&self, renewals: &[(u64, Renewal)], answers: Vec<Result<Answer>>, sent: Instant) -> Vec<(Hold, Request)> {
    let now = Instant::now();
    let mut refused = Vec::new();
    let mut changes = Vec::new();
    {
      let mut holds = self.holds();
      for ((id, renewal), answer) in renewals.iter().zip(answers) {
        let Some(hold) = holds.by_id.get_mut(id) else {
          continue;
        };
        let standing = match answer {
          Ok(Answer::Refreshed) => hold.renewed(renewal.number, sent),
          Ok(_) => {
            let hold = holds.by_id.remove(id);
            refused.extend(hold.map(|hold| (hold, renewal.request.clone())));
            continue;
          }
          Err(_) => hold.not_renewed(renewal.number, now),
        };
        changes.extend(standing.map(|standing| (hold.tell(), standing)));
      }
    }
    self.nudge.notify_one();
    tell(changes);
    refused
  }

  fn holds(&self) -> MutexGuard<'_, Holds> {
    // Nothing under this mutex can leave it half changed.
    self.holds.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

fn tell(changes: Vec<Change>) {
  for (tell, standing) in changes {
    tell(standing);
  }
}

/// Renews what is kept until nothing is.
pub(crate) async fn tend(provider: LockProvider) {
  while let Some((mut renewals, wake)) = provider.keeper().survey(Instant::now()) {
    while !renewals.is_empty() {
      let batch = renewals.split_off(renewals.len().saturating_sub(BATCH));
      // Apart, so that the deadlines keep their time.
      tokio::spawn(renew(provider.clone(), batch));
    }
    tokio::select! {
      () = tokio::time::sleep_until(wake.into()) => {}
      () = provider.keeper().nudge.notified() => {}
    }
  }
}

async fn renew(provider: LockProvider, renewals: Vec<(u64, Renewal)>) {
  let sent = Instant::now();
  let requests: Vec<_> = renewals.iter().map(|(_, renewal)| renewal.request.clone()).collect();
  let answers = provider.ask(&requests).await;
  let refused = provider.keeper().conclude(&renewals, answers, sent);
  drop(renewals);
  if refused.is_empty() {
    return;
  }
  // The leases are over; why, is only good to know.
  let looks: Vec<_> = refused
    .iter()
    .map(|(_, request)| Request::State {
      key: request.key().clone(),
    })
    .collect();
  let holders = tokio::time::timeout(LOOK, provider.ask(&looks))
    .await
    .unwrap_or_default();
  let mut holders = holders.into_iter();
  for (hold, _) in refused {
    let loss = match holders.next() {
      Some(Ok(Answer::State(Some(_)))) => Loss::Stolen,
      _ if hold.is_over(Instant::now()) => Loss::Expired,
      _ => Loss::Forced,
    };
    hold.tell()(Standing::Lost(loss));
  }
}

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

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use self::hold::{Due, Hold, UnderWay};
pub use self::hold::{Holding, Loss, Standing};
use crate::error::Result;
use crate::provider::LockProvider;
use crate::request::{Answer, Request};

/// How many renewals go in one batch at most.
const BATCH: usize = 500;

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
}

/// A renewal on its way.
struct Renewal {
  id: u64,
  request: Request,
  /// Whoever waits for the renewal to be over sees this dropped.
  _under_way: UnderWay,
}

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
    self.beat();
    let mut holds = self.holds();
    holds.by_id.insert(id, Hold::new(holding, Instant::now()));
    self.nudge.notify_one();
    !std::mem::replace(&mut holds.is_tended, true)
  }

  /// Ends the renewal of a lease. What is answered, if a renewal of it is under way, closes when that is over.
  pub(crate) fn remove(&self, id: u64) -> Option<watch::Receiver<()>> {
    let hold = self.holds().by_id.remove(&id)?;
    self.nudge.notify_one();
    hold.under_way()
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
      hold.tell(Standing::Lost(loss));
    }
    self.nudge.notify_one();
  }

  /// What is to be done now, and when to look again. `None`: nothing is kept any more, and nobody tends it.
  fn survey(&self) -> Option<(Vec<Renewal>, Instant)> {
    let now = Instant::now();
    let last_beat = self.last_beat();
    let mut renewals = Vec::new();
    let mut over = Vec::new();
    let wake = {
      let mut holds = self.holds();
      let is_any_due = holds.by_id.values().any(|hold| hold.is_due(now));
      holds
        .by_id
        .retain(|id, hold| match hold.due(now, last_beat, is_any_due) {
          Due::Nothing => true,
          Due::Renewal(request, under_way) => {
            renewals.push(Renewal {
              id: *id,
              request,
              _under_way: under_way,
            });
            true
          }
          Due::Loss(loss) => {
            over.push((hold.teller(), loss));
            false
          }
        });
      if holds.by_id.is_empty() {
        holds.is_tended = false;
      }
      holds.by_id.values().map(|hold| hold.wake(last_beat)).min()
    };
    for (tell, loss) in over {
      tell(Standing::Lost(loss));
    }
    wake.map(|wake| (renewals, wake))
  }

  /// Takes in what renewals came to. The losses among them, whose reason is still to be found.
  fn conclude(&self, renewals: &[Renewal], answers: Vec<Result<Answer>>, sent: Instant) -> Vec<(Hold, Request)> {
    let now = Instant::now();
    let mut refused = Vec::new();
    let mut changes = Vec::new();
    {
      let mut holds = self.holds();
      for (Renewal { id, request, .. }, answer) in renewals.iter().zip(answers) {
        let Some(hold) = holds.by_id.get_mut(id) else {
          continue;
        };
        hold.answered();
        let standing = match answer {
          Ok(Answer::Refreshed) => hold.renewed(sent),
          Ok(_) => {
            refused.extend(holds.by_id.remove(id).map(|hold| (hold, request.clone())));
            None
          }
          Err(_) => hold.failed(now),
        };
        if let (Some(standing), Some(hold)) = (standing, holds.by_id.get(id)) {
          changes.push((hold.teller(), standing));
        }
      }
    }
    self.nudge.notify_one();
    for (tell, standing) in changes {
      tell(standing);
    }
    refused
  }

  fn holds(&self) -> MutexGuard<'_, Holds> {
    // Nothing under this mutex can leave it half changed.
    self.holds.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

/// Renews what is kept until nothing is.
pub(crate) async fn tend(provider: LockProvider) {
  while let Some((mut renewals, wake)) = provider.keeper().survey() {
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

async fn renew(provider: LockProvider, renewals: Vec<Renewal>) {
  let sent = Instant::now();
  let requests: Vec<_> = renewals.iter().map(|renewal| renewal.request.clone()).collect();
  let answers = provider.ask(&requests).await;
  let refused = provider.keeper().conclude(&renewals, answers, sent);
  drop(renewals);
  if refused.is_empty() {
    return;
  }
  // The lease is over; why, is only good to know.
  let looks: Vec<_> = refused
    .iter()
    .map(|(_, request)| Request::State {
      key: request.key().clone(),
    })
    .collect();
  let holders = provider.ask(&looks).await;
  for ((hold, _), holder) in refused.into_iter().zip(holders) {
    let loss = match holder {
      Ok(Answer::State(Some(_))) => Loss::Stolen,
      _ if hold.is_over(Instant::now()) => Loss::Expired,
      _ => Loss::Forced,
    };
    hold.tell(Standing::Lost(loss));
  }
}

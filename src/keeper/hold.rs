use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::holding::{Holding, Loss, Standing, Tell};
use crate::request::Request;
use crate::ttl::Ttl;

/// The part of a ttl that is kept clear before the deadline, for clocks that do not run alike and for telling of a loss.
const MARGIN: u32 = 20;

/// It is never more than this.
const LARGEST_MARGIN: Duration = Duration::from_secs(1);

/// The shortest pause before a failed renewal is repeated, and the least that is waited for an answer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause before a failed renewal is repeated.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The most that is waited for an answer before a renewal counts as failed.
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);

/// How often a lease is looked at of which nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// A lease that is kept: when it is to be renewed, and until when it is certainly held. It reads no clock itself.
pub(super) struct Hold {
  holding: Holding,
  every: Duration,
  /// `None`: it has no end.
  deadline: Option<Instant>,
  renew_at: Option<Instant>,
  give_up_at: Option<Instant>,
  under_way: Option<UnderWay>,
  /// The number of the last renewal.
  renewals: u64,
  /// What was sent before that does not move the deadline.
  counts_from: Instant,
  /// Renewals that failed since the last that did not.
  failures: u32,
}

/// What a lease needs now.
pub(super) enum Due {
  Nothing,
  Renewal(Renewal),
  Loss(Loss),
  /// Nobody is there any more who could lose it.
  Abandonment,
}

/// A renewal that is to be sent.
pub(super) struct Renewal {
  /// Tells it from the others of the same lease.
  pub(super) number: u64,
  pub(super) request: Request,
  /// To be dropped when it is over: somebody may wait for that.
  pub(super) _under_way: watch::Sender<()>,
}

struct UnderWay {
  number: u64,
  /// When to stop waiting for the answer.
  patience: Instant,
  /// Closes when the renewal is over.
  over: watch::Receiver<()>,
}

impl Hold {
  pub(super) fn new(holding: Holding, now: Instant) -> Self {
    let every = match (holding.every, holding.ttl) {
      (Some(every), _) => every,
      (None, Some(ttl)) => ttl.duration() / 3,
      (None, None) => Duration::MAX,
    };
    Self {
      every,
      deadline: holding.ttl.and_then(|ttl| deadline(holding.asked, ttl)),
      renew_at: holding.ttl.and_then(|_| holding.asked.checked_add(every)),
      give_up_at: holding.max_hold.and_then(|longest| now.checked_add(longest)),
      under_way: None,
      renewals: 0,
      counts_from: holding.asked,
      failures: 0,
      holding,
    }
  }

  pub(super) fn is_due(&self, now: Instant) -> bool {
    self.under_way.is_none() && self.renew_at.is_some_and(|renew_at| renew_at <= now)
  }

  pub(super) fn is_over(&self, now: Instant) -> bool {
    self.deadline.is_some_and(|deadline| deadline <= now)
  }

  /// What to do at this instant. With `is_any_due`, renewals go out now, and one that is due soon goes along.
  pub(super) fn due(&mut self, now: Instant, last_beat: Instant, is_any_due: bool) -> Due {
    if (self.holding.is_gone)() {
      return Due::Abandonment;
    }
    // Before a renewal: a process that was stopped wakes up with both due, and the lease may be another's by now.
    if self.is_over(now) {
      return Due::Loss(if self.failures > 0 {
        Loss::Connection
      } else {
        Loss::Expired
      });
    }
    if self.give_up_at.is_some_and(|give_up_at| give_up_at <= now) {
      return Due::Loss(Loss::MaxHold);
    }
    if self.stalled_at(last_beat).is_some_and(|stalled_at| stalled_at <= now) {
      return Due::Loss(Loss::Stalled);
    }
    match self.holding.ttl {
      Some(ttl) if self.is_due(now) || (is_any_due && self.is_due_soon(now)) => Due::Renewal(self.renewal(ttl, now)),
      _ => Due::Nothing,
    }
  }

  /// What has changed because a renewal is not answered for too long.
  pub(super) fn lose_patience(&mut self, now: Instant) -> Option<Standing> {
    let under_way = self.under_way.take_if(|under_way| under_way.patience <= now)?;
    drop(under_way);
    self.failed(now)
  }

  /// When to look at this lease again.
  pub(super) fn wake(&self, now: Instant, last_beat: Instant) -> Instant {
    let renewal = match &self.under_way {
      Some(under_way) => Some(under_way.patience),
      None => self.renew_at,
    };
    [renewal, self.deadline, self.give_up_at, self.stalled_at(last_beat)]
      .into_iter()
      .flatten()
      .min()
      .unwrap_or_else(|| now + IDLE)
  }

  /// What has changed by a renewal that was sent then and has succeeded.
  pub(super) fn renewed(&mut self, number: u64, sent: Instant) -> Option<Standing> {
    self.answered(number);
    let ttl = self.holding.ttl?;
    // One that was sent before the lease was refreshed by hand may have come first, and have been undone.
    if sent >= self.counts_from {
      self.deadline = deadline(sent, ttl).max(self.deadline);
      self.renew_at = sent.checked_add(self.every);
    }
    let was_suspect = std::mem::take(&mut self.failures) > 0;
    was_suspect.then_some(Standing::Held)
  }

  /// What has changed by a renewal that has failed now.
  pub(super) fn not_renewed(&mut self, number: u64, now: Instant) -> Option<Standing> {
    // One that was not waited for any more has counted as failed already.
    self.answered(number).then(|| self.failed(now)).flatten()
  }

  /// The lease was refreshed by hand, so that it may end sooner than before; it was asked for then, and answered now.
  pub(super) fn refreshed(&mut self, asked: Instant, ttl: Ttl, now: Instant) {
    if let Some(known) = self.deadline {
      self.deadline = Some(deadline(asked, ttl).map_or(known, |sooner| sooner.min(known)));
      self.renew_at = Some(now);
      self.counts_from = now;
    }
  }

  pub(super) fn tell(&self) -> Tell {
    Tell::clone(&self.holding.tell)
  }

  /// Closes when the renewal is over that is under way.
  pub(super) fn under_way(self) -> Option<watch::Receiver<()>> {
    self.under_way.map(|under_way| under_way.over)
  }

  /// Whether this was the renewal that is waited for.
  fn answered(&mut self, number: u64) -> bool {
    self.under_way.take_if(|under_way| under_way.number == number).is_some()
  }

  fn failed(&mut self, now: Instant) -> Option<Standing> {
    self.failures = self.failures.saturating_add(1);
    // Sooner than the next would have been, and never in a hurry.
    let pause = (self.every / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    self.renew_at = now.checked_add(pause);
    (self.failures == 1).then_some(Standing::Suspect)
  }

  fn renewal(&mut self, ttl: Ttl, now: Instant) -> Renewal {
    self.renewals += 1;
    let (under_way, over) = watch::channel(());
    self.under_way = Some(UnderWay {
      number: self.renewals,
      patience: now.checked_add(self.patience(now)).unwrap_or(now),
      over,
    });
    Renewal {
      number: self.renewals,
      request: Request::Refresh {
        key: self.holding.key.clone(),
        owner: self.holding.owner.clone(),
        ttl,
        fence: Some(self.holding.fence),
      },
      _under_way: under_way,
    }
  }

  fn is_due_soon(&self, now: Instant) -> bool {
    let soon = now.checked_add(self.every / 3).unwrap_or(now);
    self.failures == 0 && self.is_due(soon)
  }

  /// How long to wait for the answer to a renewal that is sent now: so that another can be sent before the deadline.
  fn patience(&self, now: Instant) -> Duration {
    let left = self
      .deadline
      .map_or(self.every, |deadline| deadline.saturating_duration_since(now));
    self.every.min(left / 2).clamp(SHORTEST_PAUSE, LONGEST_PATIENCE)
  }

  fn stalled_at(&self, last_beat: Instant) -> Option<Instant> {
    self
      .holding
      .max_stall
      .and_then(|longest| last_beat.checked_add(longest))
  }
}

/// `None`: beyond what the clock can tell, so never.
fn deadline(sent: Instant, ttl: Ttl) -> Option<Instant> {
  let ttl = ttl.duration();
  sent.checked_add(ttl.saturating_sub((ttl / MARGIN).min(LARGEST_MARGIN)))
}

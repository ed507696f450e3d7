use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::Request;
use crate::ttl::Ttl;

/// The part of a ttl that is kept clear before the deadline, for clocks that do not run alike and for telling of a loss.
const MARGIN: u32 = 20;

/// It is never more than this.
const LARGEST_MARGIN: Duration = Duration::from_secs(1);

/// The shortest pause before a failed renewal is repeated.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// A grant that is to be kept.
pub struct Holding {
  pub key: Key,
  pub owner: Owner,
  pub fence: Fence,
  /// `None`: the lease has no end, and nothing is to be renewed.
  pub ttl: Option<Ttl>,
  /// When the grant was asked for, or later if that is not known: the lease began no earlier.
  pub asked: Instant,
  /// How often to renew. `None`: at a third of the ttl.
  pub every: Option<Duration>,
  /// For how long to keep it at most.
  pub max_hold: Option<Duration>,
  /// How long the application's event loop may be silent.
  pub max_stall: Option<Duration>,
  /// Hears how the lease stands whenever that changes.
  pub tell: Arc<dyn Fn(Standing) + Send + Sync>,
}

/// How a lease that is kept stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
  Held,
  /// A renewal has failed. The lease goes on until its deadline.
  Suspect,
  /// It is over, or may be from now on. Nothing is renewed any more.
  Lost(Loss),
}

/// Why a lease was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Loss {
  /// Its time was over before it could be renewed: this process was stopped, or the clock of the database was set.
  Expired,
  /// Somebody else holds the key.
  Stolen,
  /// Somebody released it by force.
  Forced,
  /// The database could not be reached in time.
  Connection,
  /// It was kept for as long as was allowed.
  MaxHold,
  /// The application's event loop was silent for longer than was allowed.
  Stalled,
  /// The provider was closed.
  Closed,
}

/// What a lease needs now.
pub(super) enum Due {
  Nothing,
  /// The sender is to be dropped when the renewal is over.
  Renewal(Request, UnderWay),
  Loss(Loss),
}

/// Open for as long as a renewal is under way.
pub(super) type UnderWay = watch::Sender<()>;

/// A lease that is kept.
pub(super) struct Hold {
  holding: Holding,
  every: Duration,
  /// `None`: it has no end.
  deadline: Option<Instant>,
  renew_at: Option<Instant>,
  give_up_at: Option<Instant>,
  /// A renewal is under way: when to stop waiting for it, and what closes when it is over.
  under_way: Option<(Instant, watch::Receiver<()>)>,
  /// Renewals that failed since the last that did not.
  failures: u32,
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
    // Before anything else: a process that was stopped wakes up with both due, and the lease may be another's by now.
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
    if let Some((patience, _)) = &self.under_way
      && *patience <= now
    {
      self.under_way = None;
      if let Some(standing) = self.failed(now) {
        self.tell(standing);
      }
    }
    let soon = now.checked_add(self.every / 3).unwrap_or(now);
    let is_due = self.under_way.is_none()
      && is_any_due
      && self.failures == 0
      && self.renew_at.is_some_and(|renew_at| renew_at <= soon);
    match self.holding.ttl {
      Some(ttl) if is_due || self.is_due(now) => {
        let patience = now.checked_add(self.patience(now)).unwrap_or(now);
        let (under_way, over) = watch::channel(());
        self.under_way = Some((patience, over));
        let request = Request::Refresh {
          key: self.holding.key.clone(),
          owner: self.holding.owner.clone(),
          ttl,
          fence: Some(self.holding.fence),
        };
        Due::Renewal(request, under_way)
      }
      _ => Due::Nothing,
    }
  }

  /// When to look at this lease again.
  pub(super) fn wake(&self, last_beat: Instant) -> Instant {
    let renewal = match &self.under_way {
      Some((patience, _)) => Some(*patience),
      None => self.renew_at,
    };
    [renewal, self.deadline, self.give_up_at, self.stalled_at(last_beat)]
      .into_iter()
      .flatten()
      .min()
      .unwrap_or_else(|| Instant::now() + Duration::from_secs(3600))
  }

  /// A renewal under way is over, whatever it came to.
  pub(super) fn answered(&mut self) {
    self.under_way = None;
  }

  /// What has changed by a renewal that was sent then.
  pub(super) fn renewed(&mut self, sent: Instant) -> Option<Standing> {
    let ttl = self.holding.ttl?;
    self.deadline = deadline(sent, ttl).max(self.deadline);
    self.renew_at = sent.checked_add(self.every);
    let was_suspect = std::mem::take(&mut self.failures) > 0;
    was_suspect.then_some(Standing::Held)
  }

  /// What has changed by a renewal that failed now.
  pub(super) fn failed(&mut self, now: Instant) -> Option<Standing> {
    self.failures = self.failures.saturating_add(1);
    // Sooner than the next would have been, and never in a hurry.
    let pause = (self.every / 4).clamp(SHORTEST_PAUSE, Duration::from_secs(5));
    self.renew_at = now.checked_add(pause);
    (self.failures == 1).then_some(Standing::Suspect)
  }

  pub(super) fn tell(&self, standing: Standing) {
    (self.holding.tell)(standing);
  }

  pub(super) fn teller(&self) -> Arc<dyn Fn(Standing) + Send + Sync> {
    Arc::clone(&self.holding.tell)
  }

  /// Closes when the renewal is over that is under way.
  pub(super) fn under_way(self) -> Option<watch::Receiver<()>> {
    self.under_way.map(|(_, over)| over)
  }

  /// How long to wait for the answer to a renewal that is sent now: so that another can be sent before the deadline.
  fn patience(&self, now: Instant) -> Duration {
    let left = self
      .deadline
      .map_or(self.every, |deadline| deadline.saturating_duration_since(now));
    self.every.min(left / 2).max(SHORTEST_PAUSE)
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

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::ttl::Ttl;

/// Hears how a lease stands.
pub type Tell = Arc<dyn Fn(Standing) + Send + Sync>;

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
  /// Called whenever that changes.
  pub tell: Tell,
  /// Whether nobody is there any more to be told: then the lease is left to its end.
  pub is_gone: Box<dyn Fn() -> bool + Send + Sync>,
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

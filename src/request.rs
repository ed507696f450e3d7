use std::time::Duration;

use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::ttl::Ttl;

/// One verb with what it acts on.
#[derive(Clone, Debug)]
pub enum Request {
  /// Take the key if nobody holds it, this owner included. Answered [`Answer::Acquired`] or [`Answer::Held`].
  Acquire { key: Key, owner: Owner, ttl: Option<Ttl> },
  /// Give the key back if this owner holds it; with a fence, only if it holds it by that very grant. Answered
  /// [`Answer::Released`].
  Release {
    key: Key,
    owner: Owner,
    fence: Option<Fence>,
  },
  /// Free the key, whoever holds it. Answered [`Answer::Released`].
  ForceRelease { key: Key },
  /// Let this owner's lease end `ttl` from now, which may be later or sooner than before. Never creates or revives a
  /// lease; with a fence, prolongs that very grant and no later one. Answered [`Answer::Refreshed`],
  /// [`Answer::Unowned`] or [`Answer::Unexpirable`].
  Refresh {
    key: Key,
    owner: Owner,
    ttl: Ttl,
    fence: Option<Fence>,
  },
  /// Look. Answered [`Answer::State`].
  State { key: Key },
}

impl Request {
  #[must_use]
  pub fn key(&self) -> &Key {
    match self {
      Self::Acquire { key, .. }
      | Self::Release { key, .. }
      | Self::ForceRelease { key }
      | Self::Refresh { key, .. }
      | Self::State { key } => key,
    }
  }
}

/// What a [`Request`] is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
  Acquired {
    fence: Fence,
  },
  Held {
    until: Until,
  },
  /// Whether there was a live lease to end. An expired one is gone already: `false`, whoever had it.
  Released(bool),
  Refreshed,
  /// The key is free, expired, or somebody else's.
  Unowned,
  /// This owner holds the key without an end, and a refresh does not give it one.
  Unexpirable,
  /// `None` if nobody holds the key.
  State(Option<Holder>),
}

/// Who holds a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
  pub owner: Owner,
  /// Time left by the database's clock. `None`: the lease has no end.
  pub remaining: Option<Duration>,
  /// Zero if the lease was written by a program that knows no fences.
  pub fence: Fence,
}

/// How long a refused acquirer must expect the key to be held, unless it is released before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
  /// For this much longer.
  Expiry(Duration),
  /// The lease has no end.
  Release,
  /// The database was too busy to tell.
  Unknown,
}

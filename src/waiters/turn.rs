use std::time::{Duration, Instant};

/// For how long a key is handed on inside a process before others get a chance, at least one section.
const TURN: Duration = Duration::from_millis(100);

/// How long a process then stands back. Others hear of the release within a millisecond or two.
const REST: Duration = Duration::from_millis(5);

/// For how long after its turn a process lets those go first who have had none.
const MEMORY: Duration = Duration::from_secs(10);

/// How long this process has had a key for itself, so that others have their share of it.
#[derive(Clone, Copy, Default)]
pub(super) struct Turn {
  /// Whether anybody but this process can want the key.
  is_shared: bool,
  /// Since when the key has gone from hand to hand here.
  began: Option<Instant>,
  /// When the last turn was over while others were still waiting here.
  ended: Option<Instant>,
}

impl Turn {
  pub(super) fn new(is_shared: bool) -> Self {
    Self {
      is_shared,
      ..Self::default()
    }
  }

  /// The key was granted here.
  pub(super) fn go_on(&mut self, now: Instant) {
    self.began.get_or_insert(now);
  }

  pub(super) fn is_over(&self, now: Instant) -> bool {
    self.is_shared && self.began.is_some_and(|began| now.duration_since(began) >= TURN)
  }

  /// The key was let go of. How long this process has to stand back.
  pub(super) fn end(&mut self, now: Instant) -> Duration {
    let is_over = self.is_over(now);
    self.began = None;
    if !is_over {
      return Duration::ZERO;
    }
    self.ended = Some(now);
    REST
  }

  /// Somebody else has the key.
  pub(super) fn pass(&mut self) {
    self.began = None;
  }

  /// How long to let others go first when the key is released by somebody else.
  pub(super) fn courtesy(&self, now: Instant) -> Duration {
    match self.ended {
      Some(ended) if now.duration_since(ended) < MEMORY => REST,
      _ => Duration::ZERO,
    }
  }

  /// Too early a rest is all that comes of a turn that is out of date.
  pub(super) fn is_recent(&self, now: Instant) -> bool {
    self.is_shared && self.began.is_some_and(|began| now.duration_since(began) < MEMORY)
  }
}

use std::time::{SystemTime, UNIX_EPOCH};

/// A number that grows with every grant of a key, so that storage can refuse a holder that was overtaken.
///
/// Below 2^53, so that it passes through JavaScript unharmed.
pub type Fence = u64;

/// The fence that follows `last`.
///
/// It is the microsecond of the grant where that is ahead of `last`, and `last + 1` otherwise. The counter alone is
/// strictly growing; the clock is there for the day the counter is lost (a restart of what lived in memory, a power cut
/// that took the last commits of a file, a backup put back), when fences go on above the ones handed out before.
#[must_use]
pub fn after(last: Fence) -> Fence {
  let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
  let microseconds = Fence::try_from(clock.as_micros()).unwrap_or(Fence::MAX);
  microseconds.max(last + 1)
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fences_grow_faster_than_the_clock_can_tell() {
    let mut last = after(0);
    for _ in 0..10_000 {
      let next = after(last);
      assert!(next > last);
      last = next;
    }
  }

  #[test]
  fn a_clock_behind_the_counter_changes_nothing() {
    let ahead = after(0) + 3_600_000_000;
    assert_eq!(after(ahead), ahead + 1);
  }

  #[test]
  fn fences_fit_a_javascript_number() {
    assert!(after(0) < 1 << 53);
  }
}

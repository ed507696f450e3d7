use std::sync::Weak;
use std::time::Duration;

use super::adapter::Shared;

/// A row is kept for at least this long after its grant: who waits to insert it has long stopped.
const AGE: Duration = Duration::from_secs(60);

/// How many statements at most one sweep takes, so that it is over soon; what is left is for the next.
const STATEMENTS: u32 = 20;

/// Deletes rows whose lease is over, for as long as the adapter is there. Only housekeeping: what fails is left for the
/// next time.
pub(super) fn begin(adapter: Weak<Shared>, interval: Duration) {
  tokio::spawn(async move {
    loop {
      tokio::time::sleep(deviating(interval)).await;
      for _ in 0..STATEMENTS {
        let Some(adapter) = adapter.upgrade() else { return };
        if adapter.is_closed() {
          return;
        }
        if !matches!(adapter.remove_some_expired(AGE).await, Ok(1..)) {
          break;
        }
      }
    }
  });
}

/// By up to a half, so that processes that began together do not sweep together.
fn deviating(interval: Duration) -> Duration {
  let random = uuid::Uuid::new_v4().as_fields().0;
  interval / 2 + interval.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn an_interval_deviates_by_a_half_at_most() {
    for _ in 0..100 {
      let deviating = deviating(Duration::from_secs(60));
      assert!(deviating >= Duration::from_secs(30) && deviating <= Duration::from_secs(90));
    }
  }
}

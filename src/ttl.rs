use std::time::Duration;

use crate::error::{Error, Result};

/// How long a lease lasts: zero to a hundred years. `Option<Ttl>` is used throughout, `None` for a lease without end.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Ttl(Duration);

impl Ttl {
  /// A hundred years of 365.25 days. Longer is always a mistake in the unit; a lock that never expires has no ttl.
  pub const MAX: Ttl = Ttl(Duration::from_secs(36_525 * 24 * 60 * 60));

  /// # Errors
  ///
  /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if `duration` exceeds [`Ttl::MAX`].
  pub fn new(duration: Duration) -> Result<Self> {
    if duration > Self::MAX.0 {
      return Err(Error::invalid_input(
        "the ttl is over 100 years: pass a shorter one, or null for a lock that never expires",
      ));
    }
    Ok(Self(duration))
  }

  /// # Errors
  ///
  /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if `milliseconds` is negative, not finite, or exceeds [`Ttl::MAX`].
  pub fn from_milliseconds(milliseconds: f64) -> Result<Self> {
    match Duration::try_from_secs_f64(milliseconds / 1000.0) {
      Ok(duration) => Self::new(duration),
      Err(_) if milliseconds > 0.0 && milliseconds.is_finite() => Self::new(Duration::MAX),
      Err(_) => Err(Error::invalid_input(format!(
        "the ttl is {milliseconds} ms: pass zero or more milliseconds, or null for a lock that never expires"
      ))),
    }
  }

  #[must_use]
  pub fn duration(self) -> Duration {
    self.0
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fractions_are_kept() {
    let ttl = Ttl::from_milliseconds(1.5).unwrap();
    assert_eq!(ttl.duration(), Duration::from_micros(1500));
  }

  #[test]
  fn what_is_no_duration_is_refused() {
    for milliseconds in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
      assert!(Ttl::from_milliseconds(milliseconds).is_err(), "{milliseconds}");
    }
    assert!(Ttl::from_milliseconds(0.0).is_ok());
  }

  #[test]
  fn a_hundred_years_is_the_limit() {
    assert!(Ttl::new(Ttl::MAX.duration()).is_ok());
    assert!(Ttl::new(Ttl::MAX.duration() + Duration::from_millis(1)).is_err());
  }
}

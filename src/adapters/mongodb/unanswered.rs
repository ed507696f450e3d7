use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::name::Key;

/// Whoever asked looks within seconds or never.
const KEPT: Duration = Duration::from_secs(60);

/// The grants that were asked for and got no answer, until a look at their key has revoked them.
#[derive(Default)]
pub(super) struct Unanswered(Mutex<HashMap<Key, Vec<Grant>>>);

struct Grant {
  name: String,
  since: Instant,
}

impl Unanswered {
  pub(super) fn add(&self, key: &Key, name: String) {
    let since = Instant::now();
    let mut grants = self.grants();
    grants.retain(|_, of_key| {
      of_key.retain(|grant| grant.since.elapsed() < KEPT);
      !of_key.is_empty()
    });
    grants.entry(key.clone()).or_default().push(Grant { name, since });
  }

  pub(super) fn of(&self, key: &Key) -> Vec<String> {
    let grants = self.grants();
    let of_key = grants.get(key).map(Vec::as_slice).unwrap_or_default();
    of_key.iter().map(|grant| grant.name.clone()).collect()
  }

  /// Those need not be revoked any more.
  pub(super) fn settled(&self, key: &Key, names: &[String]) {
    if names.is_empty() {
      return;
    }
    let mut grants = self.grants();
    if let Some(of_key) = grants.get_mut(key) {
      of_key.retain(|grant| !names.contains(&grant.name));
      if of_key.is_empty() {
        grants.remove(key);
      }
    }
  }

  fn grants(&self) -> MutexGuard<'_, HashMap<Key, Vec<Grant>>> {
    self.0.lock().unwrap_or_else(PoisonError::into_inner)
  }
}

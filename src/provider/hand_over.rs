//! How a key goes from one of this process to the next.

use std::time::{Duration, Instant};

use super::LockProvider;
use crate::error::{ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};
use crate::ttl::Ttl;
use crate::waiters::{Batch, Grant, Heir};

/// How long a grant that nobody wants any more is tried to be undone, if its lease does not end sooner.
const UNDOING: Duration = Duration::from_secs(60);

/// The first pause after an attempt at undoing; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl LockProvider {
  /// Gives a grant to the waiter it was asked for, or undoes it if that one has left.
  pub(crate) fn grant(&self, key: &Key, id: u64, owner: &Owner, ttl: Option<Ttl>, grant: Grant) {
    let is_taken = self
      .0
      .waiters
      .granted(key, id, ttl.map(Ttl::duration))
      .is_some_and(|waiter| (waiter.done)(Ok(Some(grant))));
    if !is_taken && let Some(runtime) = self.0.runtime.get() {
      let under_way = self.under_way();
      let undoing = self.clone().undo(key.clone(), owner.clone(), ttl, grant.fence);
      runtime.spawn(async move {
        undoing.await;
        drop(under_way);
      });
    }
  }

  /// Sees to it that releases among the requests reach those who wait.
  pub(super) fn hand_on(
    &self,
    requests: &[Request],
    batch: Batch<'_>,
    answers: Vec<Result<Answer>>,
    asked: Instant,
  ) -> Vec<Result<Answer>> {
    let (own, inherited) = batch.divide(answers);
    self.tell_released(requests, &own, |key| inherited.iter().any(|(heir, _)| heir.key == *key));
    for (heir, answer) in inherited {
      match answer {
        Ok(Answer::Acquired { fence }) => {
          self.grant_later(heir, Grant { fence, asked });
          continue;
        }
        // It may be the heir himself who has the key: who tried for him again would wait for the end of that.
        Err(error) if error.kind() == ErrorKind::Ambiguous => {
          if let Some(waiter) = self.0.waiters.leave(&heir.key, heir.id) {
            (waiter.done)(Err(error));
          }
        }
        // The prober finds out why.
        _ => {}
      }
      self.0.waiters.refused(&heir.key, heir.id);
      self.0.waiters.released(&heir.key);
    }
    own
  }

  /// Tells those who wait of releases that were followed by no acquire.
  pub(super) fn tell_released(
    &self,
    requests: &[Request],
    answers: &[Result<Answer>],
    has_heir: impl Fn(&Key) -> bool,
  ) {
    for (request, answer) in requests.iter().zip(answers) {
      let is_release = matches!(request, Request::Release { .. } | Request::ForceRelease { .. });
      if is_release && !matches!(answer, Ok(Answer::Released(false))) && !has_heir(request.key()) {
        self.0.waiters.released(request.key());
      }
    }
  }

  /// Gives a key to its heir after the answers of the same batch have been given.
  fn grant_later(&self, heir: Heir, grant: Grant) {
    let provider = self.clone();
    let under_way = self.under_way();
    let grant = move || {
      provider.grant(&heir.key, heir.id, &heir.owner, heir.ttl, grant);
      drop(under_way);
    };
    match self.0.runtime.get() {
      Some(runtime) => drop(runtime.spawn(async move { grant() })),
      None => grant(),
    }
  }

  async fn undo(self, key: Key, owner: Owner, ttl: Option<Ttl>, fence: Fence) {
    let patience = ttl.map_or(UNDOING, |ttl| ttl.duration().min(UNDOING));
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let release = Request::Release {
      key,
      owner,
      fence: Some(fence),
    };
    while let Err(error) = self.answer_one(release.clone()).await {
      if error.kind() == ErrorKind::Closed || begun.elapsed() >= patience {
        return;
      }
      tokio::time::sleep(pause).await;
      pause *= 2;
    }
  }
}

//! A model of an adapter in a few lines.

use std::collections::HashMap;

use holdfast::fence::Fence;
use holdfast::request::{Holder, Until};
use holdfast::{Answer, Request};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::history::{HOUR, Meant, Term, Verb, owner_named};
use crate::server::Loss;

/// A lease that is live, or was so a moment ago.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
  pub owner: usize,
  pub term: Term,
  pub fence: Fence,
}

#[derive(Default)]
pub struct Reference {
  leases: HashMap<usize, Lease>,
  /// The leases that were released last, of keys that nobody was granted since.
  released: HashMap<usize, Lease>,
  /// The fences of each key, in the order of the grants.
  fences: HashMap<usize, Vec<Fence>>,
}

impl Reference {
  pub fn fence(&self, key: usize, meant: Meant) -> Option<Fence> {
    let fences = self.fences.get(&key)?;
    match meant {
      Meant::Any => None,
      Meant::Latest => fences.last().copied(),
      Meant::Earlier => fences.iter().rev().nth(1).copied(),
    }
  }

  fn holds(&self, key: usize, owner: usize, fence: Option<Fence>) -> Option<Lease> {
    let lease = self.leases.get(&key).copied()?;
    (lease.owner == owner && fence.is_none_or(|fence| fence == lease.fence)).then_some(lease)
  }

  /// The keys of leases that last for a moment.
  pub fn momentary(&self) -> Vec<(usize, Lease)> {
    let is_momentary = |(_, lease): &(&usize, &Lease)| lease.term == Term::Moment;
    self
      .leases
      .iter()
      .filter(is_momentary)
      .map(|(key, lease)| (*key, *lease))
      .collect()
  }

  /// Takes over what a restart has cost.
  pub fn lose(&mut self, loss: Loss) {
    match loss {
      Loss::Nothing => self.released.clear(),
      Loss::LastReleases => {}
      Loss::Everything => {
        self.leases.clear();
        self.released.clear();
      }
    }
  }

  /// The keys whose releases may have been lost.
  pub fn doubtful(&self) -> Vec<usize> {
    self.released.keys().copied().collect()
  }

  /// Takes over whether the release of a key was lost: then the lease before is the one there is.
  pub fn settle(&mut self, key: usize, holder: Option<&Holder>) -> TestCaseResult {
    let lease = self.released.remove(&key).expect("a key that was released");
    if let Some(holder) = holder {
      prop_assert_eq!((&holder.owner, holder.fence), (&owner_named(lease.owner), lease.fence));
      self.leases.insert(key, lease);
    }
    Ok(())
  }

  /// A lease of a moment is over when somebody is told so, and not again afterwards.
  fn lapse(&mut self, verb: &Verb, request: &Request, answer: &Answer) {
    let (Verb::Acquire { key, .. }
    | Verb::Release { key, .. }
    | Verb::ForceRelease { key }
    | Verb::Refresh { key, .. }
    | Verb::State { key }) = verb;
    let Some(lease) = self.leases.get(key).copied() else {
      return;
    };
    let is_meant = match (verb, request) {
      (Verb::Release { owner, .. }, Request::Release { fence, .. })
      | (Verb::Refresh { owner, .. }, Request::Refresh { fence, .. }) => self.holds(*key, *owner, *fence).is_some(),
      _ => true,
    };
    let says_free = matches!(
      answer,
      Answer::Acquired { .. } | Answer::Released(false) | Answer::Unowned | Answer::State(None)
    );
    if lease.term == Term::Moment && is_meant && says_free {
      self.leases.remove(key);
    }
  }

  /// Checks an answer, and takes over what it says has happened.
  pub fn check(&mut self, verb: &Verb, request: &Request, answer: &Answer) -> TestCaseResult {
    self.lapse(verb, request, answer);
    match (verb, request, answer) {
      (Verb::Acquire { key, owner, term }, _, Answer::Acquired { fence }) => {
        prop_assert!(!self.leases.contains_key(key), "granted though it is held");
        let fences = self.fences.entry(*key).or_default();
        prop_assert!(fences.last() < Some(fence), "{fence} follows {fences:?}");
        fences.push(*fence);
        self.released.remove(key);
        self.set(*key, *owner, *term, *fence);
      }
      // What was granted, was over and was swept before it could be told.
      (
        Verb::Acquire {
          term: Term::Over | Term::Moment,
          ..
        },
        _,
        Answer::Held { until: Until::Unknown },
      ) => {}
      (Verb::Acquire { key, .. }, _, Answer::Held { until }) => {
        let lease = self.leases.get(key);
        let is_right = match lease.map(|lease| lease.term) {
          Some(Term::Endless) => *until == Until::Release,
          Some(Term::Moment) => matches!(until, Until::Expiry(_)),
          Some(_) => matches!(until, Until::Expiry(left) if !left.is_zero() && *left <= HOUR),
          None => false,
        };
        prop_assert!(is_right, "held until {until:?}, which it is not");
      }
      (Verb::Release { key, owner, .. }, Request::Release { fence, .. }, Answer::Released(was_held)) => {
        prop_assert_eq!(*was_held, self.holds(*key, *owner, *fence).is_some());
        if *was_held {
          self.end(*key);
        }
      }
      (Verb::ForceRelease { key }, _, Answer::Released(was_held)) => {
        prop_assert_eq!(*was_held, self.leases.contains_key(key));
        self.end(*key);
      }
      (Verb::Refresh { key, owner, term, .. }, Request::Refresh { fence, .. }, answer) => {
        match self.holds(*key, *owner, *fence) {
          None => prop_assert_eq!(answer, &Answer::Unowned),
          Some(lease) if lease.term == Term::Endless => prop_assert_eq!(answer, &Answer::Unexpirable),
          Some(lease) => {
            prop_assert_eq!(answer, &Answer::Refreshed);
            self.set(*key, *owner, *term, lease.fence);
          }
        }
      }
      (Verb::State { key }, _, Answer::State(holder)) => match (self.leases.get(key), holder) {
        (None, holder) => prop_assert_eq!(holder, &None),
        (
          Some(lease),
          Some(Holder {
            owner,
            remaining,
            fence,
          }),
        ) => {
          prop_assert_eq!((owner, *fence), (&owner_named(lease.owner), lease.fence));
          prop_assert_eq!(remaining.is_none(), lease.term == Term::Endless);
        }
        (Some(_), None) => prop_assert!(false, "free though it is held"),
      },
      _ => prop_assert!(false, "{request:?} is answered {answer:?}"),
    }
    Ok(())
  }

  fn end(&mut self, key: usize) {
    if let Some(lease) = self.leases.remove(&key) {
      self.released.insert(key, lease);
    }
  }

  fn set(&mut self, key: usize, owner: usize, term: Term, fence: Fence) {
    if term == Term::Over {
      self.leases.remove(&key);
    } else {
      self.leases.insert(key, Lease { owner, term, fence });
    }
  }
}

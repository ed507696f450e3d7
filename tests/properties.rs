//! Whatever is asked of an adapter, in whatever order: the answers are those of a model of a few lines, and fences grow.
//!
//! Nothing here depends on how fast the machine is: a lease is over at once, lasts for an hour, or has no end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use holdfast::adapters::{self, LockAdapter, Options};
use holdfast::fence::Fence;
use holdfast::request::{Holder, Until};
use holdfast::{Answer, Key, Owner, Request, Ttl};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const KEYS: usize = 3;
const OWNERS: usize = 3;

/// How long a lease is to last.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Term {
  Over,
  Hour,
  Endless,
}

/// Which grant a release or a refresh is about.
#[derive(Clone, Copy, Debug)]
enum Meant {
  Any,
  Latest,
  Earlier,
}

#[derive(Clone, Debug)]
enum Verb {
  Acquire {
    key: usize,
    owner: usize,
    term: Term,
  },
  Release {
    key: usize,
    owner: usize,
    meant: Meant,
  },
  ForceRelease {
    key: usize,
  },
  Refresh {
    key: usize,
    owner: usize,
    term: Term,
    meant: Meant,
  },
  State {
    key: usize,
  },
}

#[derive(Clone, Debug)]
enum Step {
  /// Asked together, as the verbs of one turn of an event loop are.
  Ask(Vec<Verb>),
  RemoveAllExpired,
  /// The program ends and starts again.
  Reopen,
}

fn verb() -> impl Strategy<Value = Verb> {
  let term = prop_oneof![Just(Term::Over), Just(Term::Hour), Just(Term::Endless)];
  let finite = prop_oneof![Just(Term::Over), Just(Term::Hour)];
  let meant = prop_oneof![3 => Just(Meant::Any), 2 => Just(Meant::Latest), 1 => Just(Meant::Earlier)];
  let (key, owner) = (0..KEYS, 0..OWNERS);
  prop_oneof![
    4 => (key.clone(), owner.clone(), term).prop_map(|(key, owner, term)| Verb::Acquire { key, owner, term }),
    2 => (key.clone(), owner.clone(), meant.clone()).prop_map(|(key, owner, meant)| Verb::Release { key, owner, meant }),
    1 => key.clone().prop_map(|key| Verb::ForceRelease { key }),
    2 => (key.clone(), owner, finite, meant)
      .prop_map(|(key, owner, term, meant)| Verb::Refresh { key, owner, term, meant }),
    1 => key.prop_map(|key| Verb::State { key }),
  ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
  let step = prop_oneof![
    8 => prop::collection::vec(verb(), 1..6).prop_map(Step::Ask),
    1 => Just(Step::RemoveAllExpired),
    1 => Just(Step::Reopen),
  ];
  prop::collection::vec(step, 1..30)
}

/// A live lease as the model has it.
#[derive(Clone, Copy)]
struct Lease {
  owner: usize,
  term: Term,
  fence: Fence,
}

#[derive(Default)]
struct Reference {
  leases: HashMap<usize, Lease>,
  /// The fences of each key, in the order of the grants.
  fences: HashMap<usize, Vec<Fence>>,
}

impl Reference {
  fn fence(&self, key: usize, meant: Meant) -> Option<Fence> {
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

  /// Checks an answer, and takes over what it says has happened.
  fn check(&mut self, verb: &Verb, request: &Request, answer: &Answer) -> TestCaseResult {
    match (verb, request, answer) {
      (Verb::Acquire { key, owner, term }, _, Answer::Acquired { fence }) => {
        prop_assert!(!self.leases.contains_key(key), "granted though it is held");
        let fences = self.fences.entry(*key).or_default();
        prop_assert!(fences.last() < Some(fence), "{fence} follows {fences:?}");
        fences.push(*fence);
        self.set(*key, *owner, *term, *fence);
      }
      (Verb::Acquire { key, .. }, _, Answer::Held { until }) => {
        let lease = self.leases.get(key);
        let is_right = match lease.map(|lease| lease.term) {
          Some(Term::Endless) => *until == Until::Release,
          Some(_) => matches!(until, Until::Expiry(left) if !left.is_zero() && *left <= HOUR),
          None => false,
        };
        prop_assert!(is_right, "held until {until:?}, which it is not");
      }
      (Verb::Release { key, owner, .. }, Request::Release { fence, .. }, Answer::Released(was_held)) => {
        prop_assert_eq!(*was_held, self.holds(*key, *owner, *fence).is_some());
        if *was_held {
          self.leases.remove(key);
        }
      }
      (Verb::ForceRelease { key }, _, Answer::Released(was_held)) => {
        prop_assert_eq!(*was_held, self.leases.remove(key).is_some());
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

  fn set(&mut self, key: usize, owner: usize, term: Term, fence: Fence) {
    if term == Term::Over {
      self.leases.remove(&key);
    } else {
      self.leases.insert(key, Lease { owner, term, fence });
    }
  }
}

const HOUR: Duration = Duration::from_secs(3_600);

fn owner_named(number: usize) -> Owner {
  Owner::new(format!("owner {number}")).unwrap()
}

fn request(verb: &Verb, reference: &Reference) -> Request {
  let key_named = |number: &usize| Key::new(format!("key {number}")).unwrap();
  let ttl = |term: &Term| match term {
    Term::Over => Some(Ttl::new(Duration::ZERO).unwrap()),
    Term::Hour => Some(Ttl::new(HOUR).unwrap()),
    Term::Endless => None,
  };
  match verb {
    Verb::Acquire { key, owner, term } => Request::Acquire {
      key: key_named(key),
      owner: owner_named(*owner),
      ttl: ttl(term),
    },
    Verb::Release { key, owner, meant } => Request::Release {
      key: key_named(key),
      owner: owner_named(*owner),
      fence: reference.fence(*key, *meant),
    },
    Verb::ForceRelease { key } => Request::ForceRelease { key: key_named(key) },
    Verb::Refresh {
      key,
      owner,
      term,
      meant,
    } => Request::Refresh {
      key: key_named(key),
      owner: owner_named(*owner),
      ttl: ttl(term).expect("a refresh to no end cannot be asked for"),
      fence: reference.fence(*key, *meant),
    },
    Verb::State { key } => Request::State { key: key_named(key) },
  }
}

/// Plays a history to the adapter of a URL. What opens it again finds what was there.
async fn play(history: &[Step], open: impl Fn() -> Arc<dyn LockAdapter>) -> TestCaseResult {
  let mut adapter = open();
  let mut reference = Reference::default();
  for step in history {
    match step {
      Step::Ask(verbs) => {
        let requests: Vec<_> = verbs.iter().map(|verb| request(verb, &reference)).collect();
        let answers = match adapter.try_answer(&requests) {
          Some(answers) => answers,
          None => adapter.answer(requests.clone()).await,
        };
        prop_assert_eq!(answers.len(), requests.len());
        for ((verb, request), answer) in verbs.iter().zip(&requests).zip(answers) {
          let answer = answer.map_err(|error| TestCaseError::fail(error.to_string()))?;
          reference.check(verb, request, &answer)?;
        }
      }
      Step::RemoveAllExpired => {
        let removed = adapter.remove_all_expired().await;
        prop_assert!(removed.is_ok(), "{removed:?}");
      }
      Step::Reopen => {
        let next = open();
        adapter.close().await;
        adapter = next;
      }
    }
  }
  adapter.close().await;
  Ok(())
}

/// Another one every time: histories are played again while a failing one is made shorter.
fn unused_name() -> String {
  Owner::unique().as_str().to_owned()
}

fn runtime() -> tokio::runtime::Runtime {
  tokio::runtime::Builder::new_multi_thread()
    .worker_threads(1)
    .enable_all()
    .build()
    .expect("a runtime")
}

proptest! {
  #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

  #[test]
  fn memory_answers_as_the_model_does(history in history()) {
    let url = format!("memory:{}", unused_name());
    runtime().block_on(play(&history, || adapters::open(&url, &Options::default()).unwrap()))?;
  }
}

proptest! {
  #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

  #[test]
  fn sqlite_answers_as_the_model_does(history in history()) {
    let folder = std::env::temp_dir().join(format!("holdfast-{}", unused_name()));
    std::fs::create_dir(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("locks.db").display());
    let verdict = runtime().block_on(play(&history, || adapters::open(&url, &Options::default()).unwrap()));
    std::fs::remove_dir_all(&folder).unwrap();
    verdict?;
  }
}

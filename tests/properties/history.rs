//! What is asked in a history, and how histories are made up.

use std::time::Duration;

use holdfast::{Key, Owner, Request, Ttl};
use proptest::prelude::*;

use crate::reference::Reference;

pub const KEYS: usize = 3;
const OWNERS: usize = 3;

pub const HOUR: Duration = Duration::from_secs(3_600);
/// Sometimes over before the next question and sometimes not.
const MOMENT: Duration = Duration::from_millis(40);

/// How long a lease is to last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
  Over,
  /// For so short a time that only the database can tell whether it is over.
  Moment,
  Hour,
  Endless,
}

/// Which grant a release or a refresh is about.
#[derive(Clone, Copy, Debug)]
pub enum Meant {
  Any,
  Latest,
  Earlier,
}

#[derive(Clone, Debug)]
pub enum Verb {
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
pub enum Step {
  /// Asked together, as the verbs of one turn of an event loop are.
  Ask(Vec<Verb>),
  RemoveAllExpired,
  /// Waits until every lease of a moment is over.
  LetLapse,
  /// The program ends and starts again.
  Reopen,
  /// The server ends and starts again, if there is one.
  Restart {
    is_orderly: bool,
  },
}

fn verb() -> impl Strategy<Value = Verb> {
  let term = prop_oneof![
    Just(Term::Over),
    Just(Term::Moment),
    Just(Term::Hour),
    Just(Term::Endless)
  ];
  let finite = prop_oneof![Just(Term::Over), Just(Term::Moment), Just(Term::Hour)];
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

/// Of so many steps at most.
pub fn history(steps: usize) -> impl Strategy<Value = Vec<Step>> {
  let step = prop_oneof![
    16 => prop::collection::vec(verb(), 1..6).prop_map(Step::Ask),
    2 => Just(Step::RemoveAllExpired),
    1 => Just(Step::LetLapse),
    2 => Just(Step::Reopen),
    2 => any::<bool>().prop_map(|is_orderly| Step::Restart { is_orderly }),
  ];
  prop::collection::vec(step, 1..steps)
}

pub fn key_named(number: usize) -> Key {
  Key::new(format!("key {number}")).unwrap()
}

pub fn owner_named(number: usize) -> Owner {
  Owner::new(format!("owner {number}")).unwrap()
}

pub fn request(verb: &Verb, reference: &Reference) -> Request {
  let ttl = |term: &Term| match term {
    Term::Over => Some(Ttl::new(Duration::ZERO).unwrap()),
    Term::Moment => Some(Ttl::new(MOMENT).unwrap()),
    Term::Hour => Some(Ttl::new(HOUR).unwrap()),
    Term::Endless => None,
  };
  match verb {
    Verb::Acquire { key, owner, term } => Request::Acquire {
      key: key_named(*key),
      owner: owner_named(*owner),
      ttl: ttl(term),
    },
    Verb::Release { key, owner, meant } => Request::Release {
      key: key_named(*key),
      owner: owner_named(*owner),
      fence: reference.fence(*key, *meant),
    },
    Verb::ForceRelease { key } => Request::ForceRelease { key: key_named(*key) },
    Verb::Refresh {
      key,
      owner,
      term,
      meant,
    } => Request::Refresh {
      key: key_named(*key),
      owner: owner_named(*owner),
      ttl: ttl(term).expect("a refresh to no end cannot be asked for"),
      fence: reference.fence(*key, *meant),
    },
    Verb::State { key } => Request::State { key: key_named(*key) },
  }
}

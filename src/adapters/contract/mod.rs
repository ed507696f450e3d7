//! What every adapter must do, as checks over any of them. A lease that must be over is given a ttl of a millisecond and
//! far longer to pass; one that must last is given a minute: a slow machine changes nothing.

mod promises;
mod states;

use std::sync::Arc;
use std::time::Duration;

use super::LockAdapter;
use crate::request::{Answer, Holder, Request};
use crate::{Key, Owner, Ttl};

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(60);

pub(crate) async fn check(adapter: &dyn LockAdapter) {
  let checks = Checks { adapter };
  checks.acquire().await;
  checks.release().await;
  checks.force_release().await;
  checks.refresh().await;
  checks.state().await;
  checks.a_fence_names_one_grant().await;
  checks.slices_are_answered_in_order().await;
  checks.a_refresh_for_no_time_is_one().await;
  checks.keys_and_owners_are_compared_byte_for_byte().await;
  checks.the_longest_names_work().await;
  checks.fences_grow_through_everything().await;
  checks.expired_leases_can_be_removed().await;
}

/// Of many racing over several adapters on one database, exactly one gets the key, and every loser is told so.
pub(crate) async fn check_race(adapters: &[Arc<dyn LockAdapter>]) {
  for round in 0..50 {
    let racers = adapters
      .iter()
      .flat_map(|adapter| std::iter::repeat_n(adapter, 5))
      .map(|adapter| {
        let adapter = Arc::clone(adapter);
        let request = acquire(&format!("race {round}"), &Owner::unique(), Some(LONG));
        tokio::spawn(async move { one(adapter.as_ref(), request).await })
      });
    let mut winners = 0;
    for racer in racers.collect::<Vec<_>>() {
      match racer.await.unwrap() {
        Answer::Acquired { .. } => winners += 1,
        answer => assert!(matches!(answer, Answer::Held { .. }), "{answer:?}"),
      }
    }
    assert_eq!(winners, 1, "round {round}");
  }
}

pub(crate) async fn one(adapter: &dyn LockAdapter, request: Request) -> Answer {
  let mut answers = all(adapter, vec![request]).await;
  assert_eq!(answers.len(), 1, "one answer a request");
  answers.remove(0)
}

pub(crate) async fn all(adapter: &dyn LockAdapter, requests: Vec<Request>) -> Vec<Answer> {
  let answers = match adapter.try_answer(&requests) {
    Some(answers) => answers,
    None => adapter.answer(requests).await,
  };
  answers.into_iter().map(|answer| answer.expect("an answer")).collect()
}

pub(crate) fn key(name: &str) -> Key {
  Key::new(name).unwrap()
}

fn owner(name: &str) -> Owner {
  Owner::new(name).unwrap()
}

pub(crate) fn acquire(name: &str, by: &Owner, ttl: Option<Duration>) -> Request {
  Request::Acquire {
    key: key(name),
    owner: by.clone(),
    ttl: ttl.map(|ttl| Ttl::new(ttl).unwrap()),
  }
}

fn release(name: &str, by: &Owner) -> Request {
  Request::Release {
    key: key(name),
    owner: by.clone(),
    fence: None,
  }
}

fn force_release(name: &str) -> Request {
  Request::ForceRelease { key: key(name) }
}

fn refresh(name: &str, by: &Owner, ttl: Duration) -> Request {
  Request::Refresh {
    key: key(name),
    owner: by.clone(),
    ttl: Ttl::new(ttl).unwrap(),
    fence: None,
  }
}

struct Checks<'adapter> {
  adapter: &'adapter dyn LockAdapter,
}

impl Checks<'_> {
  async fn ask(&self, request: Request) -> Answer {
    one(self.adapter, request).await
  }

  async fn fence(&self, name: &str, by: &Owner, ttl: Option<Duration>) -> u64 {
    match self.ask(acquire(name, by, ttl)).await {
      Answer::Acquired { fence } => fence,
      answer => panic!("{name} was not acquired: {answer:?}"),
    }
  }

  async fn holder(&self, name: &str) -> Option<Holder> {
    match self.ask(Request::State { key: key(name) }).await {
      Answer::State(holder) => holder,
      answer => panic!("{answer:?} is no state"),
    }
  }
}

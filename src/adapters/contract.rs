//! What every adapter must do, as checks over any of them. A lease that must be over is given a ttl of a millisecond and
//! far longer to pass; one that must last is given a minute: a slow machine changes nothing.

use std::sync::Arc;
use std::time::Duration;

use super::LockAdapter;
use crate::request::{Answer, Holder, Request, Until};
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

async fn all(adapter: &dyn LockAdapter, requests: Vec<Request>) -> Vec<Answer> {
  let answers = match adapter.try_answer(&requests) {
    Some(answers) => answers,
    None => adapter.answer(requests).await,
  };
  answers.into_iter().map(|answer| answer.expect("an answer")).collect()
}

fn key(name: &str) -> Key {
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

/// What a key is in before a verb is tried on it by the owner "me".
#[derive(Clone, Copy, Debug)]
enum State {
  Absent,
  MineForLong,
  MineForEver,
  TheirsForLong,
  TheirsForEver,
  ExpiredMine,
  ExpiredTheirs,
}

use State::{Absent, ExpiredMine, ExpiredTheirs, MineForEver, MineForLong, TheirsForEver, TheirsForLong};

const STATES: [State; 7] = [
  Absent,
  MineForLong,
  MineForEver,
  TheirsForLong,
  TheirsForEver,
  ExpiredMine,
  ExpiredTheirs,
];

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

  /// A fresh key in that state.
  async fn prepare(&self, verb: &str, state: State) -> String {
    let name = format!("{verb} {state:?}");
    let lease = match state {
      Absent => None,
      MineForLong => Some(("me", Some(LONG))),
      MineForEver => Some(("me", None)),
      TheirsForLong => Some(("they", Some(LONG))),
      TheirsForEver => Some(("they", None)),
      ExpiredMine => Some(("me", Some(SHORT))),
      ExpiredTheirs => Some(("they", Some(SHORT))),
    };
    if let Some((by, ttl)) = lease {
      self.fence(&name, &owner(by), ttl).await;
      if ttl == Some(SHORT) {
        tokio::time::sleep(20 * SHORT).await;
      }
    }
    name
  }

  async fn acquire(&self) {
    for state in STATES {
      let name = self.prepare("acquire", state).await;
      let answer = self.ask(acquire(&name, &owner("me"), Some(LONG))).await;
      match state {
        Absent | ExpiredMine | ExpiredTheirs => {
          assert!(matches!(answer, Answer::Acquired { .. }), "{name}: {answer:?}");
          assert_eq!(self.holder(&name).await.unwrap().owner, owner("me"), "{name}");
        }
        MineForLong | TheirsForLong => match answer {
          Answer::Held {
            until: Until::Expiry(remaining),
          } => {
            assert!(remaining > LONG / 2 && remaining <= LONG, "{name}: {remaining:?}");
          }
          answer => panic!("{name}: {answer:?}"),
        },
        MineForEver | TheirsForEver => {
          assert_eq!(answer, Answer::Held { until: Until::Release }, "{name}");
          assert_eq!(
            self.holder(&name).await.unwrap().remaining,
            None,
            "{name}: still without an end"
          );
        }
      }
    }
  }

  async fn release(&self) {
    for state in STATES {
      let name = self.prepare("release", state).await;
      let answer = self.ask(release(&name, &owner("me"))).await;
      let held_by_me = matches!(state, MineForLong | MineForEver);
      assert_eq!(answer, Answer::Released(held_by_me), "{name}");
      let held_by_them = matches!(state, TheirsForLong | TheirsForEver);
      let answer = self.ask(acquire(&name, &owner("third"), Some(LONG))).await;
      assert_eq!(
        matches!(answer, Answer::Held { .. }),
        held_by_them,
        "{name}: {answer:?}"
      );
    }
  }

  async fn force_release(&self) {
    for state in STATES {
      let name = self.prepare("force release", state).await;
      let held = !matches!(state, Absent | ExpiredMine | ExpiredTheirs);
      assert_eq!(self.ask(force_release(&name)).await, Answer::Released(held), "{name}");
      self.fence(&name, &owner("third"), Some(LONG)).await;
    }
  }

  async fn refresh(&self) {
    for state in STATES {
      let name = self.prepare("refresh", state).await;
      let before = self.holder(&name).await;
      let answer = self.ask(refresh(&name, &owner("me"), 3 * LONG)).await;
      let after = self.holder(&name).await;
      match state {
        MineForLong => {
          assert_eq!(answer, Answer::Refreshed, "{name}");
          assert!(after.unwrap().remaining.unwrap() > 2 * LONG, "{name}");
          assert_eq!(self.ask(refresh(&name, &owner("me"), LONG)).await, Answer::Refreshed);
          assert!(
            self.holder(&name).await.unwrap().remaining.unwrap() <= LONG,
            "{name}: shortened"
          );
          continue;
        }
        MineForEver => assert_eq!(answer, Answer::Unexpirable, "{name}"),
        _ => assert_eq!(answer, Answer::Unowned, "{name}"),
      }
      match (before, after) {
        (None, None) => {}
        (Some(before), Some(after)) => {
          assert_eq!((before.owner, before.fence), (after.owner, after.fence), "{name}");
          assert!(after.remaining <= before.remaining, "{name}: the lease was not touched");
        }
        (before, after) => panic!("{name}: {before:?} became {after:?}"),
      }
    }
  }

  async fn state(&self) {
    for state in STATES {
      let name = self.prepare("state", state).await;
      let holder = self.holder(&name).await;
      match state {
        Absent | ExpiredMine | ExpiredTheirs => assert_eq!(holder, None, "{name}"),
        MineForEver | TheirsForEver => assert_eq!(holder.unwrap().remaining, None, "{name}"),
        MineForLong | TheirsForLong => {
          let holder = holder.unwrap();
          let remaining = holder.remaining.unwrap();
          assert!(remaining > LONG / 2 && remaining <= LONG, "{name}: {remaining:?}");
          assert!(holder.fence > 0, "{name}");
        }
      }
    }
  }

  async fn a_fence_names_one_grant(&self) {
    let (name, me) = ("one grant", owner("me"));
    let by = |fence| {
      let refresh = Request::Refresh {
        key: key(name),
        owner: me.clone(),
        ttl: Ttl::new(3 * LONG).unwrap(),
        fence: Some(fence),
      };
      let release = Request::Release {
        key: key(name),
        owner: me.clone(),
        fence: Some(fence),
      };
      (refresh, release)
    };
    let (refresh, release) = by(self.fence(name, &me, Some(SHORT)).await);
    tokio::time::sleep(20 * SHORT).await;
    let fence = self.fence(name, &me, Some(LONG)).await;
    assert_eq!(self.ask(refresh).await, Answer::Unowned, "the grant before has lapsed");
    assert_eq!(
      self.ask(release).await,
      Answer::Released(false),
      "the grant before has lapsed"
    );
    let holder = self.holder(name).await.unwrap();
    assert_eq!(holder.fence, fence);
    assert!(holder.remaining.unwrap() <= LONG);

    let (refresh, release) = by(fence);
    assert_eq!(self.ask(refresh).await, Answer::Refreshed);
    assert_eq!(self.ask(release).await, Answer::Released(true));

    let (refresh, _) = by(self.fence(name, &me, None).await);
    assert_eq!(self.ask(refresh).await, Answer::Unexpirable);
  }

  async fn slices_are_answered_in_order(&self) {
    let (me, they) = (owner("me"), owner("they"));
    let answers = all(
      self.adapter,
      vec![
        acquire("slice", &me, Some(LONG)),
        acquire("slice", &they, Some(LONG)),
        acquire("another slice", &they, None),
        release("slice", &me),
        acquire("slice", &they, Some(LONG)),
        refresh("another slice", &they, LONG),
        Request::State { key: key("slice") },
      ],
    )
    .await;
    let [
      Answer::Acquired { fence: first },
      Answer::Held { .. },
      Answer::Acquired { .. },
      Answer::Released(true),
      Answer::Acquired { fence: second },
      Answer::Unexpirable,
      Answer::State(Some(holder)),
    ] = answers.as_slice()
    else {
      panic!("{answers:?}");
    };
    assert!(first < second, "{first} {second}");
    assert_eq!((&holder.owner, holder.fence), (&they, *second));
  }

  async fn keys_and_owners_are_compared_byte_for_byte(&self) {
    // The last two are the same letter in two Unicode forms.
    let names = ["name", "Name", "NAME", "name ", " name", "n\u{e4}me", "na\u{308}me"];
    for name in names {
      self.fence(name, &owner(name), Some(LONG)).await;
    }
    for name in names {
      for other in names.iter().filter(|other| **other != name) {
        let released = self.ask(release(name, &owner(other))).await;
        assert_eq!(released, Answer::Released(false), "{name:?} by {other:?}");
      }
    }
    for name in names {
      assert_eq!(
        self.ask(release(name, &owner(name))).await,
        Answer::Released(true),
        "{name:?}"
      );
    }
  }

  async fn the_longest_names_work(&self) {
    let (first, second) = (format!("{}a", "k".repeat(1023)), format!("{}b", "k".repeat(1023)));
    let me = owner(&"o".repeat(1024));
    self.fence(&first, &me, Some(LONG)).await;
    self.fence(&second, &me, Some(LONG)).await;
    assert_eq!(self.holder(&first).await.unwrap().owner, me);
  }

  async fn fences_grow_through_everything(&self) {
    let name = "fences";
    let me = owner("me");
    let mut last = 0;
    for round in 0..8 {
      let fence = self
        .fence(name, &me, Some(if round % 4 == 0 { SHORT } else { LONG }))
        .await;
      assert!(fence > last, "round {round}: {fence} after {last}");
      assert!(fence < 1 << 53, "a fence is a safe JavaScript integer");
      last = fence;
      match round % 4 {
        0 => tokio::time::sleep(20 * SHORT).await,
        1 => assert_eq!(self.ask(release(name, &me)).await, Answer::Released(true)),
        2 => assert_eq!(self.ask(force_release(name)).await, Answer::Released(true)),
        _ => {
          self.ask(refresh(name, &me, SHORT)).await;
          tokio::time::sleep(20 * SHORT).await;
          self.adapter.remove_all_expired().await.unwrap();
        }
      }
    }
  }

  async fn expired_leases_can_be_removed(&self) {
    self.adapter.remove_all_expired().await.unwrap();
    for number in 0..3 {
      self
        .fence(&format!("removed {number}"), &owner("me"), Some(SHORT))
        .await;
    }
    self.fence("kept", &owner("me"), Some(LONG)).await;
    self.fence("kept for ever", &owner("me"), None).await;
    tokio::time::sleep(20 * SHORT).await;
    // Or the database had done it by itself.
    let removed = self.adapter.remove_all_expired().await.unwrap();
    assert!(removed == 3 || removed == 0, "{removed} were removed");
    assert!(self.holder("kept").await.is_some());
    assert!(self.holder("kept for ever").await.is_some());
  }
}

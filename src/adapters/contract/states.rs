//! What each verb does to a key in each state.

use super::{Checks, LONG, SHORT, acquire, force_release, owner, refresh, release};
use crate::request::{Answer, Until};

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

  pub(super) async fn acquire(&self) {
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

  pub(super) async fn release(&self) {
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

  pub(super) async fn force_release(&self) {
    for state in STATES {
      let name = self.prepare("force release", state).await;
      let held = !matches!(state, Absent | ExpiredMine | ExpiredTheirs);
      assert_eq!(self.ask(force_release(&name)).await, Answer::Released(held), "{name}");
      self.fence(&name, &owner("third"), Some(LONG)).await;
    }
  }

  pub(super) async fn refresh(&self) {
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

  pub(super) async fn state(&self) {
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
}

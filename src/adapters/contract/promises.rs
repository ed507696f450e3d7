//! What holds across verbs.

use std::time::Duration;

use super::{Checks, LONG, SHORT, acquire, all, force_release, key, owner, refresh, release};
use crate::Ttl;
use crate::request::{Answer, Request};

impl Checks<'_> {
  pub(super) async fn a_fence_names_one_grant(&self) {
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

  pub(super) async fn slices_are_answered_in_order(&self) {
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

  pub(super) async fn a_refresh_for_no_time_is_one(&self) {
    let me = owner("me");
    self.fence("refreshed for no time", &me, Some(LONG)).await;
    let answers = all(
      self.adapter,
      vec![
        refresh("never held", &me, Duration::ZERO),
        refresh("refreshed for no time", &me, Duration::ZERO),
      ],
    )
    .await;
    assert_eq!(answers, [Answer::Unowned, Answer::Refreshed]);
    assert_eq!(self.holder("refreshed for no time").await, None);
  }

  pub(super) async fn keys_and_owners_are_compared_byte_for_byte(&self) {
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

  pub(super) async fn the_longest_names_work(&self) {
    let (first, second) = (format!("{}a", "k".repeat(1023)), format!("{}b", "k".repeat(1023)));
    let me = owner(&"o".repeat(1024));
    self.fence(&first, &me, Some(LONG)).await;
    self.fence(&second, &me, Some(LONG)).await;
    assert_eq!(self.holder(&first).await.unwrap().owner, me);
  }

  pub(super) async fn fences_grow_through_everything(&self) {
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

  pub(super) async fn expired_leases_can_be_removed(&self) {
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

//! Who is served when.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::{FakeAdapter, HOURS, PATIENCE, Scene};
use crate::adapters::memory::MemoryAdapter;
use crate::name::Key;
use crate::provider::{LockProvider, Wait};

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_are_served_in_the_order_they_came() {
  for adapter in [FakeAdapter::mute(), FakeAdapter::telling(), FakeAdapter::echoing()] {
    let scene = Scene::over(adapter);
    let holder = scene.hold().await;
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for number in 0..100 {
      let waiting = scene.wait(&number.to_string(), HOURS);
      let served = Arc::clone(&served);
      tasks.spawn(async move {
        let lock = waiting.granted().await;
        served.lock().unwrap().push(number);
        assert!(lock.release().await.unwrap());
      });
    }
    assert!(holder.release().await.unwrap());
    tasks.join_all().await;
    assert_eq!(*served.lock().unwrap(), (0..100).collect::<Vec<_>>());
    assert!(!scene.is_held());
    scene.until(|scene| !scene.is_waited_for()).await;
  }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_handed_on_costs_one_try_each() {
  let scene = Scene::over(FakeAdapter::echoing());
  let holder = scene.hold().await;
  let waiting: Vec<_> = (0..30).map(|number| scene.wait(&number.to_string(), HOURS)).collect();
  // The holder's, that for the head, and another once its releases are listened to.
  scene.until(|scene| scene.adapter.tries() == 3).await;
  let begun = tokio::time::Instant::now();
  assert!(holder.release().await.unwrap());
  for waiting in waiting {
    assert!(waiting.granted().await.release().await.unwrap());
  }
  // What it hears of its own releases is looked into twenty times a second, whatever else comes of it.
  let looks = usize::try_from(begun.elapsed().as_millis() / 50).unwrap();
  assert!(
    scene.adapter.tries() <= 3 + 30 + 2 * looks + 1,
    "{}",
    scene.adapter.tries()
  );
}

/// Two that never let the key go but to each other, and one in another process.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_always_wants_the_key_does_not_keep_it_for_itself() {
  let name = "a_process_that_always_wants_the_key";
  let [ours, theirs] = [(), ()].map(|()| LockProvider::new(Arc::new(MemoryAdapter::named(name))));
  let is_served = Arc::new(AtomicBool::new(false));
  let mut tasks = JoinSet::new();
  for _ in 0..2 {
    let (ours, is_served) = (ours.clone(), Arc::clone(&is_served));
    tasks.spawn(async move {
      while !is_served.load(Ordering::Relaxed) {
        let lock = granted(&ours).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(lock.release().await.unwrap());
      }
    });
  }
  let other = tokio::time::timeout(PATIENCE, granted(&theirs)).await;
  is_served.store(true, Ordering::Relaxed);
  let other = other.expect("the other process has its turn");
  assert!(other.release().await.unwrap());
  tasks.join_all().await;
}

/// As an application waits: it tries first, and joins those who wait if it has to.
async fn granted(provider: &LockProvider) -> crate::Lock {
  let lock = provider.create(Key::new("key").unwrap(), None);
  if lock.acquire(None).await.unwrap().is_some() {
    return lock;
  }
  let (tell, outcome) = tokio::sync::oneshot::channel();
  let _ = provider.wait(&lock, |_| Wait {
    ttl: None,
    interval: HOURS,
    done: Box::new(|outcome| tell.send(outcome).is_ok()),
    is_gone: Box::new(|| false),
  });
  outcome.await.unwrap().unwrap().expect("a grant");
  lock
}

/// What one who waits does with the key, or instead of waiting for it.
#[derive(Clone, Copy, Debug)]
enum Conduct {
  Release,
  /// Its lease ends by itself.
  Keep,
  /// Nobody is there to take its grant.
  BeGone,
  /// It leaves after that many milliseconds.
  GiveUp(u64),
}

fn conduct() -> impl Strategy<Value = Conduct> {
  prop_oneof![
    4 => Just(Conduct::Release),
    1 => Just(Conduct::Keep),
    1 => Just(Conduct::BeGone),
    4 => (0..20_u64).prop_map(Conduct::GiveUp),
  ]
}

proptest! {
  #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, max_shrink_iters: 8, ..ProptestConfig::default() })]

  #[test]
  fn whoever_stays_is_served_in_order_whatever_the_others_do(
    conducts in prop::collection::vec(conduct(), 1..12),
    tells in any::<bool>(),
    failing in 0..2_usize,
  ) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(serve(conducts, tells, failing));
  }
}

async fn serve(conducts: Vec<Conduct>, tells: bool, failing: usize) {
  let scene = Scene::over(if tells {
    FakeAdapter::echoing()
  } else {
    FakeAdapter::mute()
  });
  let holder = scene.hold().await;
  let served = Arc::new(Mutex::new(Vec::new()));
  let mut tasks = JoinSet::new();
  for (number, conduct) in conducts.iter().copied().enumerate() {
    let ttl = matches!(conduct, Conduct::Keep).then_some(Duration::from_millis(10));
    let waiting = scene.wait_for(&number.to_string(), Duration::from_secs(1), ttl, || false);
    if matches!(conduct, Conduct::BeGone) {
      drop(waiting);
      continue;
    }
    let served = Arc::clone(&served);
    tasks.spawn(async move {
      match conduct {
        Conduct::BeGone => {}
        Conduct::GiveUp(after) => {
          tokio::time::sleep(Duration::from_millis(after)).await;
          if !waiting.give_up() && waiting.outcome.await.unwrap().is_ok_and(|grant| grant.is_some()) {
            assert!(waiting.lock.release().await.unwrap());
          }
        }
        Conduct::Release | Conduct::Keep => {
          let Ok(Some(grant)) = waiting.outcome.await.unwrap() else {
            return;
          };
          served.lock().unwrap().push((grant.fence, number));
          if matches!(conduct, Conduct::Release) {
            assert!(waiting.lock.release().await.unwrap());
          }
        }
      }
    });
  }
  scene.adapter.fail_next(failing);
  assert!(holder.release().await.unwrap());
  tokio::time::timeout(PATIENCE, tasks.join_all())
    .await
    .expect("everybody is served");
  let mut served = served.lock().unwrap().clone();
  served.sort_unstable();
  let numbers: Vec<_> = served.into_iter().map(|(_, number)| number).collect();
  let staying = conducts
    .iter()
    .filter(|conduct| matches!(conduct, Conduct::Release | Conduct::Keep));
  assert!(numbers.is_sorted(), "{numbers:?}");
  assert!(numbers.len() + failing >= staying.count(), "{numbers:?}");
  scene.until(|scene| !scene.is_held()).await;
  scene.until(|scene| !scene.is_waited_for()).await;
}

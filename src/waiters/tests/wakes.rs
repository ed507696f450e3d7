//! What makes those who wait try, and what does when nothing is heard.

use std::time::{Duration, Instant};

use super::{FakeAdapter, HOURS, Scene};
use crate::name::Owner;
use crate::waiters::queue::{Due, Past, Queue, Waiter};

const SHORT: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_heard_is_followed_by_a_try() {
  let scene = Scene::over(FakeAdapter::telling());
  scene.hold_elsewhere(None);
  let waiting = scene.wait("waiting", HOURS);
  scene.until(|scene| scene.adapter.tries() == 2).await;
  scene.release_elsewhere();
  scene.adapter.wake();
  waiting.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_nobody_tells_of_is_found_when_the_interval_is_over() {
  let scene = Scene::over(FakeAdapter::telling());
  scene.hold_elsewhere(None);
  let waiting = scene.wait("waiting", SHORT);
  scene.until(|scene| scene.adapter.tries() >= 2).await;
  scene.release_elsewhere();
  waiting.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shortest_interval_counts_whoever_has_it() {
  let scene = Scene::over(FakeAdapter::telling());
  scene.hold_elsewhere(None);
  let patient = scene.wait("patient", HOURS);
  scene.until(|scene| scene.adapter.tries() == 2).await;
  let impatient = scene.wait("impatient", SHORT);
  scene.release_elsewhere();
  patient.granted().await.release().await.unwrap();
  impatient.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ends_is_waited_for() {
  for adapter in [FakeAdapter::mute(), FakeAdapter::telling()] {
    let scene = Scene::over(adapter);
    scene.hold_elsewhere(Some(5 * SHORT));
    scene.wait("waiting", HOURS).granted().await;
  }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_was_handed_on_is_waited_for_as_well() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let first = scene.wait_for("first", HOURS, Some(5 * SHORT), || false);
  let second = scene.wait("second", HOURS);
  scene.until(|scene| scene.adapter.tries() == 3).await;
  assert!(holder.release().await.unwrap());
  first.granted().await;
  second.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_on_here_may_be_released_elsewhere() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let (first, second) = (scene.wait("first", HOURS), scene.wait("second", HOURS));
  scene.until(|scene| scene.adapter.tries() == 3).await;
  assert!(holder.release().await.unwrap());
  first.granted().await;
  scene.release_elsewhere();
  scene.adapter.wake();
  second.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_under_way_when_somebody_comes_is_not_missed() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let releasing = scene.release_slowly(holder).await;
  let waiting = scene.wait("waiting", HOURS);
  scene.until(|scene| scene.adapter.has_on_the_way("Acquire")).await;
  scene.adapter.open();
  assert!(releasing.await.unwrap().unwrap());
  waiting.granted().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_who_wait_ask_as_often_as_one() {
  let scene = Scene::over(FakeAdapter::telling());
  scene.hold_elsewhere(None);
  let waiting: Vec<_> = (0..1000).map(|number| scene.wait(&number.to_string(), HOURS)).collect();
  scene.until(|scene| scene.adapter.tries() >= 2).await;
  tokio::time::sleep(10 * SHORT).await;
  assert_eq!(scene.adapter.tries(), 2);
  drop(waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_too_busy_to_tell_is_asked_less_and_less_often() {
  for adapter in [FakeAdapter::mute(), FakeAdapter::telling()] {
    let scene = Scene::over(adapter);
    scene.hold_elsewhere(None);
    scene.adapter.be_busy();
    let begun = Instant::now();
    let _waiting = scene.wait("waiting", HOURS);
    scene.until(|scene| scene.adapter.tries() >= 3).await;
    tokio::time::sleep(20 * SHORT).await;
    let tries = scene.adapter.tries();
    // Each pause is twice the one before.
    let most = 3 + begun.elapsed().as_millis().ilog2() as usize;
    assert!(tries <= most, "{tries}, {most}");
  }
}

#[test]
fn a_release_that_is_heard_while_this_process_stands_back_is_followed_by_a_try() {
  let waiter = |id| Waiter {
    id,
    owner: Owner::unique(),
    ttl: None,
    interval: HOURS,
    done: Box::new(|_| true),
    is_gone: Box::new(|| false),
    is_leaving: false,
  };
  let is_next_a_try = |queue: &mut Queue| matches!(queue.due(Instant::now() + Duration::from_secs(60)), Due::Probe(_));
  let mut queue = Queue::of(waiter(1), Past::unknown(true));
  queue.add(waiter(2));
  assert!(is_next_a_try(&mut queue));
  queue.granted(None);
  queue.remove(1);
  queue.tried(None);
  // Long enough for it to be another process's turn.
  std::thread::sleep(Duration::from_millis(200));
  queue.released();
  assert!(is_next_a_try(&mut queue));
  // Another process was faster.
  queue.tried(Some(HOURS));
  assert!(!is_next_a_try(&mut queue));
  queue.heard();
  assert!(is_next_a_try(&mut queue));
}

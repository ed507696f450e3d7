//! Those who leave, those who are gone, and the end of it all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{FakeAdapter, HOURS, Scene};
use crate::error::ErrorKind;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_while_nothing_happens_is_asked_for_no_more() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let (first, second) = (scene.wait("first", HOURS), scene.wait("second", HOURS));
  scene.until(|scene| scene.adapter.tries() == 3).await;
  // Unless the last of these tries is not over yet: then it is told of it.
  if first.give_up() {
    assert!(!first.give_up());
  } else {
    assert!(first.outcome().await.unwrap().is_none());
  }
  assert!(holder.release().await.unwrap());
  assert!(second.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_try_brings_after_its_waiter_has_left_goes_to_the_next() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.adapter.shut();
  let (first, second) = (scene.wait("first", HOURS), scene.wait("second", HOURS));
  scene.until(|scene| scene.adapter.has_on_the_way("first")).await;
  assert!(!first.give_up());
  drop(first.outcome);
  scene.adapter.open();
  assert!(second.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_hands_on_to_one_who_has_left_goes_to_the_next() {
  let scene = Scene::over(FakeAdapter::mute());
  let holder = scene.hold().await;
  let (first, second) = (scene.wait("first", HOURS), scene.wait("second", HOURS));
  scene.until(|scene| scene.adapter.tries() > 1).await;
  let releasing = scene.release_slowly(holder).await;
  assert!(!first.give_up());
  drop(first.outcome);
  scene.adapter.open();
  assert!(releasing.await.unwrap().unwrap());
  assert!(second.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_is_under_way_when_the_time_is_over_is_the_last_and_granted() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.adapter.shut();
  let first = scene.wait("first", HOURS);
  scene.until(|scene| scene.adapter.has_on_the_way("first")).await;
  assert!(!first.give_up());
  scene.adapter.open();
  assert!(first.granted().await.release().await.unwrap());
  assert_eq!(scene.adapter.tries(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_that_is_under_way_when_the_time_is_over_is_the_last_and_refused() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.hold_elsewhere(None);
  scene.adapter.shut();
  let (first, second) = (
    scene.wait("first", HOURS),
    scene.wait("second", Duration::from_millis(1)),
  );
  scene.until(|scene| scene.adapter.has_on_the_way("first")).await;
  assert!(!first.give_up());
  scene.adapter.open();
  assert!(first.outcome().await.unwrap().is_none());
  scene.release_elsewhere();
  assert!(second.granted().await.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_release_hands_on_when_the_time_is_over_is_granted() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let first = scene.wait("first", HOURS);
  // The last of its tries is over: nothing but the release asks for it.
  scene.until(|scene| scene.adapter.tries() == 3).await;
  tokio::time::sleep(Duration::from_millis(200)).await;
  let releasing = scene.release_slowly(holder).await;
  assert!(!first.give_up());
  scene.adapter.open();
  assert!(releasing.await.unwrap().unwrap());
  assert!(first.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_nobody_waits_for_any_more_holds_up_no_heir() {
  let scene = Scene::over(FakeAdapter::mute());
  let holder = scene.hold().await;
  let first = scene.wait("first", HOURS);
  scene.until(|scene| scene.adapter.tries() > 1).await;
  let releasing = scene.release_slowly(holder).await;
  releasing.abort();
  scene.release_elsewhere();
  scene.adapter.open();
  assert!(first.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_goes_to_the_next() {
  let scene = Scene::over(FakeAdapter::mute());
  let holder = scene.hold().await;
  // Its end of the channel is gone, so the grant cannot be delivered.
  drop(scene.wait("first", HOURS).outcome);
  let second = scene.wait("second", HOURS);
  assert!(holder.release().await.unwrap());
  assert!(second.granted().await.release().await.unwrap());
  assert!(!scene.is_held());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_for_those_who_are_gone() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.hold_elsewhere(None);
  let _gone = scene.wait_for("gone", Duration::from_millis(1), None, || true);
  scene.until(|scene| !scene.is_waited_for()).await;
  assert_eq!(scene.adapter.tries(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_of_a_try_is_told_to_the_head_alone() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.adapter.fail_next(1);
  let (first, second) = (scene.wait("first", HOURS), scene.wait("second", HOURS));
  assert_eq!(first.outcome().await.unwrap_err().kind(), ErrorKind::Connection);
  assert!(second.granted().await.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_error_of_a_hand_over_costs_nobody_the_place() {
  let scene = Scene::over(FakeAdapter::telling());
  let holder = scene.hold().await;
  let first = scene.wait("first", HOURS);
  scene.until(|scene| scene.adapter.tries() > 2).await;
  scene.adapter.fail_next_heir();
  assert!(holder.release().await.unwrap());
  assert!(first.granted().await.release().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_answers_everybody_and_leaves_nothing_held() {
  let scene = Scene::over(FakeAdapter::mute());
  scene.adapter.shut();
  let waiting: Vec<_> = (0..10).map(|number| scene.wait(&number.to_string(), HOURS)).collect();
  scene.until(|scene| scene.adapter.has_on_the_way("Acquire")).await;
  let provider = scene.provider.clone();
  let closing = tokio::spawn(async move { provider.close().await });
  for waiting in waiting {
    assert_eq!(waiting.outcome().await.unwrap_err().kind(), ErrorKind::Closed);
  }
  // The try that was under way is granted now, and released again before the adapter is closed.
  scene.adapter.open();
  closing.await.unwrap();
  assert!(scene.adapter.was_closed.load(Ordering::Relaxed));
  assert!(!scene.is_held());
  assert!(scene.provider.waiters().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_keeps_a_provider_alive_that_nobody_waits_for() {
  let scene = Scene::over(FakeAdapter::telling());
  scene.hold_elsewhere(None);
  let waiting: Vec<_> = (0..10).map(|number| scene.wait(&number.to_string(), HOURS)).collect();
  // At most the head is tried for at this moment.
  assert!(waiting.iter().filter(|waiting| !waiting.give_up()).count() <= 1);
  drop(waiting);
  let Scene { provider, adapter } = scene;
  drop(provider);
  let alone = async {
    while Arc::strong_count(&adapter) > 1 {
      tokio::time::sleep(Duration::from_millis(1)).await;
    }
  };
  tokio::time::timeout(super::PATIENCE, alone)
    .await
    .expect("the adapter is let go");
}

//! A lease on a clock of the test's own.

use std::time::{Duration, Instant};

use super::{Told, holding};
use crate::keeper::hold::{Due, Hold, Renewal};
use crate::keeper::{Holding, Loss, Standing};
use crate::request::Request;
use crate::ttl::Ttl;

/// With a margin of half a second, and a renewal every three and a third.
const TTL: Duration = Duration::from_secs(10);

/// A lease of ten seconds, and the instant it was asked for.
struct Scene {
  hold: Hold,
  begun: Instant,
  last_beat: Instant,
}

impl Scene {
  fn new() -> Self {
    Self::with(|_| {})
  }

  fn with(change: impl FnOnce(&mut Holding)) -> Self {
    let begun = Instant::now();
    let mut holding = holding(TTL, begun, &Told::default());
    change(&mut holding);
    Self {
      hold: Hold::new(holding, begun),
      begun,
      last_beat: begun,
    }
  }

  /// That many milliseconds after the lease was asked for.
  fn at(&self, milliseconds: u64) -> Instant {
    self.begun + Duration::from_millis(milliseconds)
  }

  fn due(&mut self, milliseconds: u64) -> Due {
    self.hold.due(self.at(milliseconds), self.last_beat, false)
  }

  fn send(&mut self, milliseconds: u64) -> Renewal {
    match self.due(milliseconds) {
      Due::Renewal(renewal) => renewal,
      other => panic!("nothing to send at {milliseconds} ms: {}", name(&other)),
    }
  }

  fn loss(&mut self, milliseconds: u64) -> Option<Loss> {
    match self.due(milliseconds) {
      Due::Loss(loss) => Some(loss),
      _ => None,
    }
  }

  fn wakes_at(&self) -> Duration {
    self.hold.wake(self.begun, self.last_beat) - self.begun
  }
}

fn name(due: &Due) -> &'static str {
  match due {
    Due::Nothing => "nothing",
    Due::Renewal(_) => "a renewal",
    Due::Loss(_) => "a loss",
    Due::Abandonment => "an abandonment",
  }
}

#[test]
fn it_is_renewed_at_a_third_of_the_ttl_by_the_fence_of_its_grant() {
  let mut scene = Scene::new();
  assert!(matches!(scene.due(3_333), Due::Nothing));
  assert_eq!(scene.wakes_at(), TTL / 3);
  let renewal = scene.send(3_334);
  assert!(matches!(
    renewal.request,
    Request::Refresh { fence: Some(1), ttl, .. } if ttl.duration() == TTL
  ));
}

#[test]
fn it_is_renewed_as_often_as_asked_for() {
  let scene = Scene::with(|holding| holding.every = Some(Duration::from_secs(1)));
  assert_eq!(scene.wakes_at(), Duration::from_secs(1));
}

#[test]
fn one_renewal_is_under_way_at_a_time() {
  let mut scene = Scene::new();
  let _renewal = scene.send(4_000);
  assert!(matches!(scene.due(4_100), Due::Nothing));
}

#[test]
fn one_that_is_due_soon_goes_along_with_others() {
  let mut scene = Scene::new();
  let now = scene.at(2_300);
  assert!(matches!(scene.hold.due(now, now, false), Due::Nothing));
  assert!(matches!(scene.hold.due(now, now, true), Due::Renewal(_)));
}

#[test]
fn the_deadline_is_the_instant_the_last_successful_renewal_was_sent_plus_the_ttl_less_the_margin() {
  let mut scene = Scene::new();
  assert!(!scene.hold.is_over(scene.at(9_499)));
  assert!(scene.hold.is_over(scene.at(9_500)));
  let renewal = scene.send(4_000);
  // However late it is answered.
  assert_eq!(scene.hold.renewed(renewal.number, scene.at(4_000)), None);
  assert!(!scene.hold.is_over(scene.at(13_499)));
  assert!(scene.hold.is_over(scene.at(13_500)));
}

#[test]
fn the_margin_is_a_second_at_most() {
  let scene = Scene::with(|holding| holding.ttl = Some(Ttl::new(Duration::from_secs(3600)).unwrap()));
  assert!(!scene.hold.is_over(scene.at(3_598_999)));
  assert!(scene.hold.is_over(scene.at(3_599_000)));
}

#[test]
fn it_is_suspect_at_the_first_failure_and_held_again_at_the_first_answer() {
  let mut scene = Scene::new();
  let first = scene.send(4_000);
  assert_eq!(
    scene.hold.not_renewed(first.number, scene.at(4_100)),
    Some(Standing::Suspect)
  );
  // Repeated sooner than the next would have been.
  let second = scene.send(5_000);
  assert_eq!(scene.hold.not_renewed(second.number, scene.at(5_100)), None);
  let third = scene.send(6_000);
  assert_eq!(scene.hold.renewed(third.number, scene.at(6_000)), Some(Standing::Held));
}

#[test]
fn it_is_suspect_when_a_renewal_is_not_answered_in_time_for_another() {
  let mut scene = Scene::new();
  let _unanswered = scene.send(3_500);
  // Six seconds are left until the deadline.
  assert_eq!(scene.hold.lose_patience(scene.at(6_499)), None);
  assert_eq!(scene.hold.lose_patience(scene.at(6_500)), Some(Standing::Suspect));
  assert!(matches!(scene.due(8_000), Due::Renewal(_)));
}

#[test]
fn an_answer_that_comes_when_nobody_waits_for_it_any_more_counts() {
  let mut scene = Scene::new();
  let late = scene.send(3_500);
  scene.hold.lose_patience(scene.at(7_000));
  let next = scene.send(8_000);
  assert_eq!(scene.hold.renewed(late.number, scene.at(3_500)), Some(Standing::Held));
  assert!(scene.hold.is_over(scene.at(13_000)));
  assert!(!scene.hold.is_over(scene.at(12_999)));
  assert_eq!(scene.hold.renewed(next.number, scene.at(8_000)), None);
}

#[test]
fn a_failure_that_comes_when_nobody_waits_for_it_any_more_does_not() {
  let mut scene = Scene::new();
  let late = scene.send(3_500);
  scene.hold.lose_patience(scene.at(7_000));
  let next = scene.send(8_000);
  scene.hold.renewed(next.number, scene.at(8_000));
  assert_eq!(scene.hold.not_renewed(late.number, scene.at(8_500)), None);
}

#[test]
fn it_is_lost_at_the_deadline_with_a_renewal_under_way() {
  let mut scene = Scene::new();
  let first = scene.send(4_000);
  scene.hold.not_renewed(first.number, scene.at(4_100));
  let _second = scene.send(9_400);
  assert_eq!(scene.loss(9_499), None);
  assert_eq!(scene.loss(9_500), Some(Loss::Connection));
}

#[test]
fn a_process_that_wakes_after_the_deadline_does_not_renew() {
  let mut scene = Scene::new();
  assert_eq!(scene.loss(60_000), Some(Loss::Expired));
}

#[test]
fn it_is_lost_when_it_was_kept_for_long_enough() {
  let mut scene = Scene::with(|holding| holding.max_hold = Some(Duration::from_secs(2)));
  assert_eq!(scene.wakes_at(), Duration::from_secs(2));
  assert_eq!(scene.loss(1_999), None);
  assert_eq!(scene.loss(2_000), Some(Loss::MaxHold));
}

#[test]
fn it_is_lost_when_the_event_loop_was_silent_for_too_long() {
  let mut scene = Scene::with(|holding| holding.max_stall = Some(Duration::from_secs(1)));
  scene.last_beat = scene.at(1_500);
  assert_eq!(scene.wakes_at(), Duration::from_millis(2_500));
  assert_eq!(scene.loss(2_499), None);
  assert_eq!(scene.loss(2_500), Some(Loss::Stalled));
}

#[test]
fn one_without_an_end_is_never_renewed_and_never_over() {
  let mut scene = Scene::with(|holding| holding.ttl = None);
  assert!(matches!(scene.due(1_000_000_000), Due::Nothing));
  assert!(!scene.hold.is_over(scene.at(1_000_000_000)));
}

#[test]
fn one_without_an_end_is_lost_when_it_was_kept_for_long_enough() {
  let mut scene = Scene::with(|holding| {
    holding.ttl = None;
    holding.max_hold = Some(Duration::from_secs(2));
  });
  assert_eq!(scene.loss(2_000), Some(Loss::MaxHold));
}

#[test]
fn it_is_abandoned_when_nobody_is_there_to_hear_of_it() {
  let mut scene = Scene::with(|holding| holding.is_gone = Box::new(|| true));
  assert!(matches!(scene.due(4_000), Due::Abandonment));
}

#[test]
fn refreshed_by_hand_to_end_sooner_it_is_over_sooner_and_renewed_at_once() {
  let mut scene = Scene::new();
  let ttl = Ttl::new(Duration::from_secs(2)).unwrap();
  scene.hold.refreshed(scene.at(1_000), ttl, scene.at(1_100));
  assert!(scene.hold.is_over(scene.at(2_900)));
  let renewal = scene.send(1_100);
  scene.hold.renewed(renewal.number, scene.at(1_100));
  assert!(!scene.hold.is_over(scene.at(10_599)));
  assert!(scene.hold.is_over(scene.at(10_600)));
}

#[test]
fn a_renewal_that_crossed_a_refresh_by_hand_moves_no_deadline() {
  let mut scene = Scene::new();
  let crossing = scene.send(4_000);
  let ttl = Ttl::new(Duration::from_secs(2)).unwrap();
  scene.hold.refreshed(scene.at(4_050), ttl, scene.at(4_100));
  scene.hold.renewed(crossing.number, scene.at(4_000));
  assert!(scene.hold.is_over(scene.at(5_950)));
  assert!(matches!(scene.due(4_200), Due::Renewal(_)));
}

#[test]
fn a_refresh_by_hand_to_end_later_moves_no_deadline_that_a_renewal_would_move_back() {
  let mut scene = Scene::new();
  let ttl = Ttl::new(Duration::from_secs(3600)).unwrap();
  scene.hold.refreshed(scene.at(1_000), ttl, scene.at(1_100));
  assert!(scene.hold.is_over(scene.at(9_500)));
}

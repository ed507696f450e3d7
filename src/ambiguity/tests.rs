//! Every row of the module comment, over an adapter that answers what the test has written down.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::settle;
use crate::adapters::LockAdapter;
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// Answers the rounds of questions in turn, and writes the questions down.
#[derive(Default)]
struct Script {
  rounds: Mutex<VecDeque<Vec<Result<Answer>>>>,
  asked: Mutex<Vec<Vec<&'static str>>>,
  /// What is answered to whether a grant that was found counts; by default that it does.
  confirmations: Mutex<VecDeque<Result<bool>>>,
}

#[async_trait]
impl LockAdapter for Script {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.asked.lock().unwrap().push(requests.iter().map(verb).collect());
    let round = self.rounds.lock().unwrap().pop_front();
    round.unwrap_or_else(|| panic!("nobody should have asked {requests:?}"))
  }

  async fn confirm(&self, _: &Key, _: &Owner, _: Fence) -> Result<bool> {
    self.confirmations.lock().unwrap().pop_front().unwrap_or(Ok(true))
  }

  async fn init(&self) -> Result<()> {
    Ok(())
  }

  async fn deinit(&self) -> Result<()> {
    Ok(())
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    Ok(0)
  }

  async fn close(&self) {}
}

fn verb(request: &Request) -> &'static str {
  match request {
    Request::Acquire { .. } => "acquire",
    Request::Release { .. } => "release",
    Request::ForceRelease { .. } => "force release",
    Request::Refresh { .. } => "refresh",
    Request::State { .. } => "look",
  }
}

/// What unanswered requests come to, if what is asked then is answered like that, and what is asked.
async fn settled(
  requests: &[Request],
  rounds: impl IntoIterator<Item = Vec<Result<Answer>>>,
) -> (Vec<Result<Answer>>, Vec<Vec<&'static str>>) {
  let script = Script {
    rounds: Mutex::new(rounds.into_iter().collect()),
    ..Script::default()
  };
  let mut answers: Vec<_> = requests.iter().map(|_| no_answer()).collect();
  settle(&script, requests, &mut answers).await;
  assert!(script.rounds.lock().unwrap().is_empty(), "it asked too little");
  (answers, script.asked.into_inner().unwrap())
}

/// The same of one request, asked one question a round.
async fn settled_one(
  request: Request,
  replies: impl IntoIterator<Item = Result<Answer>>,
) -> (Result<Answer>, Vec<&'static str>) {
  let (mut answers, asked) = settled(&[request], replies.into_iter().map(|reply| vec![reply])).await;
  (answers.remove(0), asked.concat())
}

fn no_answer() -> Result<Answer> {
  Err(Error::new(ErrorKind::Ambiguous, "no answer came"))
}

fn no_connection() -> Result<Answer> {
  Err(Error::new(ErrorKind::Connection, "no connection"))
}

fn is_ambiguous(answer: &Result<Answer>) -> bool {
  matches!(answer, Err(error) if error.kind() == ErrorKind::Ambiguous)
}

fn key() -> Key {
  Key::new("k").unwrap()
}

fn owner(name: &str) -> Owner {
  Owner::new(name).unwrap()
}

fn ttl() -> Ttl {
  Ttl::new(Duration::from_secs(10)).unwrap()
}

fn acquire() -> Request {
  Request::Acquire {
    key: key(),
    owner: owner("me"),
    ttl: Some(ttl()),
  }
}

fn release(fence: Option<Fence>) -> Request {
  Request::Release {
    key: key(),
    owner: owner("me"),
    fence,
  }
}

fn refresh() -> Request {
  Request::Refresh {
    key: key(),
    owner: owner("me"),
    ttl: ttl(),
    fence: Some(7),
  }
}

const FREE: Result<Answer> = Ok(Answer::State(None));

#[expect(
  clippy::unnecessary_wraps,
  reason = "it is one reply among others that may be errors"
)]
fn held_by(name: &str, fence: Fence) -> Result<Answer> {
  Ok(Answer::State(Some(Holder {
    owner: owner(name),
    remaining: Some(Duration::from_secs(5)),
    fence,
  })))
}

#[expect(
  clippy::unnecessary_wraps,
  reason = "it is one reply among others that may be errors"
)]
fn held() -> Result<Answer> {
  Ok(Answer::Held {
    until: Until::Expiry(Duration::from_secs(5)),
  })
}

#[tokio::test]
async fn an_acquire_whose_owner_has_the_key_has_taken_effect() {
  let (answer, asked) = settled_one(acquire(), [held_by("me", 7)]).await;
  assert_eq!(answer.unwrap(), Answer::Acquired { fence: 7 });
  assert_eq!(asked, ["look"]);
}

#[tokio::test]
async fn a_grant_that_is_found_and_does_not_count_is_none() {
  let script = Script {
    rounds: Mutex::new(
      [held_by("me", 7), held_by("me", 7), held_by("they", 8)]
        .map(|reply| vec![reply])
        .into(),
    ),
    confirmations: Mutex::new(VecDeque::from([
      Err(Error::new(ErrorKind::Ambiguous, "nobody has confirmed it")),
      Ok(false),
    ])),
    ..Script::default()
  };
  let mut answers = [no_answer()];
  settle(&script, &[acquire()], &mut answers).await;
  let error = answers[0].as_ref().unwrap_err();
  assert_eq!(
    (error.kind(), error.to_string().as_str()),
    (ErrorKind::Ambiguous, "nobody has confirmed it")
  );
  // One that is over by then says nothing of who has the key.
  let mut answers = [no_answer()];
  settle(&script, &[acquire()], &mut answers).await;
  assert_eq!(answers[0].as_ref().unwrap(), &held().unwrap());
}

#[tokio::test]
async fn an_acquire_of_a_key_that_another_has_has_not() {
  let (answer, asked) = settled_one(acquire(), [held_by("they", 7)]).await;
  assert_eq!(answer.unwrap(), held().unwrap());
  assert_eq!(asked, ["look"]);
}

#[tokio::test]
async fn an_acquire_of_a_key_that_another_has_without_an_end_has_not() {
  let holder = Holder {
    owner: owner("they"),
    remaining: None,
    fence: 7,
  };
  let (answer, _) = settled_one(acquire(), [Ok(Answer::State(Some(holder)))]).await;
  assert_eq!(answer.unwrap(), Answer::Held { until: Until::Release });
}

#[tokio::test]
async fn an_acquire_of_a_free_key_is_asked_for_anew() {
  let (answer, asked) = settled_one(acquire(), [FREE, Ok(Answer::Acquired { fence: 8 })]).await;
  assert_eq!(answer.unwrap(), Answer::Acquired { fence: 8 });
  assert_eq!(asked, ["look", "acquire"]);
}

#[tokio::test]
async fn an_acquire_that_arrives_late_is_found_by_the_one_that_was_asked_for_anew() {
  let (answer, asked) = settled_one(acquire(), [FREE, held(), held_by("me", 7)]).await;
  assert_eq!(answer.unwrap(), Answer::Acquired { fence: 7 });
  assert_eq!(asked, ["look", "acquire", "look"]);
}

#[tokio::test]
async fn an_acquire_that_another_came_before_is_refused() {
  let (answer, _) = settled_one(acquire(), [FREE, held(), held_by("they", 7)]).await;
  assert_eq!(answer.unwrap(), held().unwrap());
}

#[tokio::test]
async fn a_refresh_is_repeated_and_the_second_answer_holds() {
  for answer in [Answer::Refreshed, Answer::Unowned, Answer::Unexpirable] {
    let (settled, asked) = settled_one(refresh(), [Ok(answer.clone())]).await;
    assert_eq!(settled.unwrap(), answer);
    assert_eq!(asked, ["refresh"]);
  }
}

#[tokio::test]
async fn a_look_is_repeated_and_the_second_answer_holds() {
  for reply in [FREE, held_by("me", 7), held_by("they", 7)] {
    let (settled, asked) = settled_one(Request::State { key: key() }, [reply.clone()]).await;
    assert_eq!(settled.unwrap(), reply.unwrap());
    assert_eq!(asked, ["look"]);
  }
}

#[tokio::test]
async fn a_release_of_a_key_that_the_owner_still_has_is_repeated() {
  for fence in [None, Some(7)] {
    let (settled, asked) = settled_one(release(fence), [held_by("me", 7), Ok(Answer::Released(true))]).await;
    assert_eq!(settled.unwrap(), Answer::Released(true));
    assert_eq!(asked, ["look", "release"]);
  }
}

#[tokio::test]
async fn a_release_of_what_is_gone_stays_an_error_because_it_may_have_lapsed() {
  for reply in [FREE, held_by("they", 8), held_by("me", 8)] {
    let (settled, asked) = settled_one(release(Some(7)), [reply]).await;
    assert!(is_ambiguous(&settled), "{settled:?}");
    assert_eq!(asked, ["look"]);
  }
}

#[tokio::test]
async fn a_forced_release_of_a_key_that_is_still_held_is_repeated() {
  let request = Request::ForceRelease { key: key() };
  let (settled, asked) = settled_one(request, [held_by("they", 7), Ok(Answer::Released(true))]).await;
  assert_eq!(settled.unwrap(), Answer::Released(true));
  assert_eq!(asked, ["look", "force release"]);
}

#[tokio::test]
async fn a_forced_release_of_what_is_gone_stays_an_error() {
  let (settled, _) = settled_one(Request::ForceRelease { key: key() }, [FREE]).await;
  assert!(is_ambiguous(&settled));
}

#[tokio::test]
async fn a_question_without_an_answer_is_asked_again() {
  let (settled, asked) = settled_one(acquire(), [no_answer(), no_answer(), held_by("me", 7)]).await;
  assert_eq!(settled.unwrap(), Answer::Acquired { fence: 7 });
  assert_eq!(asked, ["look", "look", "look"]);
}

#[tokio::test]
async fn an_acquire_that_was_asked_for_anew_without_an_answer_is_looked_for() {
  let (settled, asked) = settled_one(acquire(), [FREE, no_answer(), held_by("me", 7)]).await;
  assert_eq!(settled.unwrap(), Answer::Acquired { fence: 7 });
  assert_eq!(asked, ["look", "acquire", "look"]);
}

#[tokio::test]
async fn a_release_that_was_repeated_without_an_answer_is_not_called_refused() {
  // It may have been done by the one that got no answer.
  let replies = [held_by("me", 7), no_answer(), FREE];
  let (settled, asked) = settled_one(release(Some(7)), replies).await;
  assert!(is_ambiguous(&settled), "{settled:?}");
  assert_eq!(asked, ["look", "release", "look"]);
}

#[tokio::test]
async fn a_first_release_that_arrives_between_the_look_and_the_second_is_not_called_refused() {
  let (settled, _) = settled_one(release(Some(7)), [held_by("me", 7), Ok(Answer::Released(false))]).await;
  assert!(is_ambiguous(&settled), "{settled:?}");
}

#[tokio::test]
async fn questions_are_given_up_in_the_end() {
  let (settled, asked) = settled_one(refresh(), std::iter::repeat_with(no_answer).take(5)).await;
  assert!(is_ambiguous(&settled));
  assert_eq!(asked.len(), 5);
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_any_more_leaves_it_ambiguous() {
  for request in [acquire(), release(Some(7)), refresh()] {
    let (settled, asked) = settled_one(request, std::iter::repeat_with(no_connection).take(5)).await;
    assert!(is_ambiguous(&settled));
    assert_eq!(asked.len(), 5);
  }
}

#[tokio::test]
async fn a_database_that_can_be_reached_again_settles_it() {
  let (settled, asked) = settled_one(acquire(), [no_connection(), held_by("me", 7)]).await;
  assert_eq!(settled.unwrap(), Answer::Acquired { fence: 7 });
  assert_eq!(asked, ["look", "look"]);
}

#[tokio::test]
async fn a_database_that_is_closed_is_asked_no_more() {
  let closed = || Err(Error::new(ErrorKind::Closed, "closed"));
  let (settled, asked) = settled_one(acquire(), [closed()]).await;
  assert!(is_ambiguous(&settled));
  assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn those_of_a_batch_are_settled_together_and_in_their_places() {
  let rounds = [
    vec![held_by("me", 7), Ok(Answer::Refreshed), held_by("me", 7)],
    vec![Ok(Answer::Released(true))],
  ];
  let (answers, asked) = settled(&[acquire(), refresh(), release(Some(7))], rounds).await;
  let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
  assert_eq!(
    answers,
    [Answer::Acquired { fence: 7 }, Answer::Refreshed, Answer::Released(true)]
  );
  assert_eq!(asked, [vec!["look", "refresh", "look"], vec!["release"]]);
}

#[tokio::test]
async fn what_was_answered_is_left_alone() {
  let script = Script::default();
  let mut answers = vec![held(), no_connection()];
  settle(&script, &[acquire(), refresh()], &mut answers).await;
  assert_eq!(answers.remove(0).unwrap(), held().unwrap());
  assert_eq!(answers.remove(0).unwrap_err().kind(), ErrorKind::Connection);
  assert!(script.asked.lock().unwrap().is_empty());
}

//! The verbs, as functions over a lock. A cycle in memory takes about a microsecond, so what a call itself costs decides:
//! a method of a class, or a key and an owner as strings, would each double it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use napi::bindgen_prelude::{External, FnArgs, Function, spawn, within_runtime_if_available};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use super::outcome::{NativeFailure, NativeOutcome, outcome};
use crate::error::{Error, Result};
use crate::fence::Fence;
use crate::lock::Lock;
use crate::request::{Answer, Request};
use crate::task::Task;
use crate::ttl::Ttl;

#[napi]
#[derive(Clone, Copy)]
pub enum NativeVerb {
  Acquire,
  Release,
  ForceRelease,
  Refresh,
  State,
}

/// Makes the function that answers one verb on the calling thread, for locks of an immediate provider; for others it
/// answers null and does nothing. The argument is the ttl of an acquire or refresh in milliseconds, infinite if the lease
/// has no end, and the fence of a release, zero for any.
///
/// It is made of a closure because napi keeps no account of what that borrows, which is most of the cost of a call to an
/// exported function.
#[napi(
  catch_unwind,
  ts_return_type = "(lock: NativeLock, verb: NativeVerb, argument: number) => NativeOutcome | null"
)]
pub fn make_answer_now(env: &Env) -> napi::Result<Function<'_, (), Option<NativeOutcome>>> {
  env.create_function_from_closure("answerNow", |call| {
    let lock: &External<Lock> = call.get(0)?;
    Ok(match request(lock, call.get(1)?, call.get(2)?) {
      Ok(request) => lock.provider().answer_now(request).map(outcome),
      Err(error) => Some(outcome(Err(error))),
    })
  })
}

/// The ticket of a batch, and its outcomes.
type Completion = FnArgs<(u32, Vec<NativeOutcome>)>;

/// Weak: whoever waits for a batch keeps the process alive by other means.
type Completions = ThreadsafeFunction<Completion, (), Completion, Status, false, true>;

/// Where the outcomes of batches go, in the JavaScript context that made it. One for all: a promise for each would cost
/// more than most batches.
pub struct AnswerBoard(Arc<Completions>);

/// Makes the board whose outcomes a function hears. It must not throw.
#[napi(catch_unwind, ts_return_type = "NativeAnswerBoard")]
pub fn make_answer_board(
  #[napi(ts_arg_type = "(ticket: number, outcomes: Array<NativeOutcome>) => void")] hear: Function<'_, Completion, ()>,
) -> napi::Result<External<AnswerBoard>> {
  let completions = hear
    .build_threadsafe_function()
    .weak::<true>()
    .callee_handled::<false>()
    .build()?;
  Ok(External::new(AnswerBoard(Arc::new(completions))))
}

/// So many requests are written to a database in less time than a thread takes to wake.
const FEW: usize = 8;

/// Answers a batch, given as columns of equal length over locks of one provider: at once if that needs no waiting. Null:
/// the board hears the outcomes under that ticket.
#[napi(catch_unwind, ts_return_type = "Array<NativeOutcome> | null")]
pub fn answer(
  #[napi(ts_arg_type = "NativeAnswerBoard")] board: &External<AnswerBoard>,
  ticket: u32,
  #[napi(ts_arg_type = "Array<NativeLock>")] locks: Vec<&External<Lock>>,
  verbs: Vec<NativeVerb>,
  arguments: Vec<f64>,
) -> Option<Vec<NativeOutcome>> {
  let Some(provider) = locks.first().map(|lock| lock.provider().clone()) else {
    return Some(Vec::new());
  };
  let (requests, places) = Places::of(
    locks
      .into_iter()
      .zip(verbs)
      .zip(arguments)
      .map(|((lock, verb), argument)| request(lock, verb, argument)),
  );
  if let Some(answers) = provider.try_answer(&requests) {
    return Some(places.fill(answers));
  }
  let board = Arc::clone(&board.0);
  let count = requests.len();
  let answering = async move {
    // Whoever waits would wait for ever for an answer that a panic has taken along.
    let answers = AssertUnwindSafe(provider.answer(requests)).catch_unwind().await;
    let outcomes = places.fill(answers.unwrap_or_default());
    // It fails when the JavaScript context is gone, and whoever waited with it.
    let _ = board.call((ticket, outcomes).into(), ThreadsafeFunctionCallMode::NonBlocking);
  };
  if count > FEW {
    spawn(answering);
  } else {
    within_runtime_if_available(|| Task::begin(answering));
  }
  None
}

fn request(lock: &Lock, verb: NativeVerb, argument: f64) -> Result<Request> {
  Ok(match verb {
    NativeVerb::Acquire if argument == f64::INFINITY => lock.acquiring(None),
    NativeVerb::Acquire => lock.acquiring(Some(Ttl::from_milliseconds(argument)?)),
    NativeVerb::Release => lock.releasing(fence(argument)),
    NativeVerb::ForceRelease => lock.force_releasing(),
    NativeVerb::Refresh => lock.refreshing(Ttl::from_milliseconds(argument)?),
    NativeVerb::State => lock.looking(),
  })
}

/// Fences are whole, positive and below 2^53; zero is none.
#[expect(
  clippy::cast_possible_truncation,
  clippy::cast_sign_loss,
  reason = "it is whole and positive"
)]
pub(super) fn fence(argument: f64) -> Option<Fence> {
  (argument > 0.0).then_some(argument as Fence)
}

/// Where the answers go in a batch, some of whose members never became requests.
struct Places(Vec<Option<NativeFailure>>);

impl Places {
  fn of(batch: impl Iterator<Item = Result<Request>>) -> (Vec<Request>, Self) {
    let mut requests = Vec::new();
    let places = batch
      .map(|request| match request {
        Ok(request) => {
          requests.push(request);
          None
        }
        Err(error) => Some(error.into()),
      })
      .collect();
    (requests, Self(places))
  }

  fn fill(self, answers: Vec<Result<Answer>>) -> Vec<NativeOutcome> {
    let mut answers = answers.into_iter();
    self
      .0
      .into_iter()
      .map(|refused| match refused {
        Some(failure) => NativeOutcome::D(failure),
        None => outcome(answers.next().unwrap_or_else(|| Err(Error::unanswered()))),
      })
      .collect()
  }
}

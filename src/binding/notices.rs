//! What the engine says of its own accord: that a wait is over, that a lease stands otherwise than before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Either, External, FnArgs, Function, Null, PromiseRaw, within_runtime_if_available};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;

use super::outcome::{NativeFailure, NativeOutcome, outcome};
use crate::error::Result;
use crate::keeper::{Holding, Loss, Standing};
use crate::lock::Lock;
use crate::provider::Wait;
use crate::request::{Answer, Until};
use crate::ttl::Ttl;
use crate::waiters::Grant;

/// The ticket of the wait or lease; the outcome of a wait; else "held", "suspect", or the reason of a loss: "expired",
/// "stolen", "forced", "connection", "maxHold", "stalled", "closed".
type Notice = FnArgs<(u32, Option<NativeOutcome>, Option<&'static str>)>;

/// Weak: what nobody waits for does not keep the process alive.
type Notices = ThreadsafeFunction<Notice, (), Notice, Status, false, true>;

/// Where notices go, in the JavaScript context that made it. Tickets are the numbers of that context.
pub struct NoticeBoard(Arc<Notices>);

/// Makes the board whose notices a function hears. It must not throw.
#[napi(catch_unwind, ts_return_type = "NativeNoticeBoard")]
pub fn make_notice_board(
  #[napi(ts_arg_type = "(ticket: number, outcome?: NativeOutcome, standing?: string) => void")] hear: Function<
    '_,
    Notice,
    (),
  >,
) -> napi::Result<External<NoticeBoard>> {
  let notices = hear
    .build_threadsafe_function()
    .weak::<true>()
    .callee_handled::<false>()
    .build()?;
  Ok(External::new(NoticeBoard(Arc::new(notices))))
}

/// How a lease is to be kept, in milliseconds.
#[napi(object, object_to_js = false)]
#[derive(Clone, Copy)]
pub struct NativeKeeping {
  pub every: Option<f64>,
  pub max_hold: Option<f64>,
  pub max_stall: Option<f64>,
}

/// Waits for the key of a lock, in milliseconds; the outcome comes as a notice. If the lease is to be kept, it is from the
/// instant it is granted, under the number of the wait, and how it stands comes as notices of the same ticket. The number
/// is for `giveUpWait` and `letGo`.
#[napi(catch_unwind, ts_return_type = "number | NativeFailure")]
pub fn wait_for(
  #[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>,
  #[napi(ts_arg_type = "NativeNoticeBoard")] board: &External<NoticeBoard>,
  ticket: u32,
  ttl: f64,
  interval: f64,
  keeping: Option<NativeKeeping>,
) -> Either<f64, NativeFailure> {
  let ttl = match ttl_of(ttl) {
    Ok(ttl) => ttl,
    Err(error) => return Either::B(error.into()),
  };
  let notices = Arc::clone(&board.0);
  let context = Arc::clone(&board.0);
  let held: Lock = (**lock).clone();
  let wait = |id| Wait {
    ttl,
    interval: duration(interval),
    done: Box::new(move |granted| {
      if let (Ok(Some(grant)), Some(keeping)) = (&granted, keeping) {
        let holding = holding(&held, *grant, ttl, keeping, &notices, ticket);
        held.provider().keep_as(id, holding);
      }
      let answer = granted.map(|grant| match grant {
        Some(Grant { fence, .. }) => Answer::Acquired { fence },
        None => Answer::Held { until: Until::Unknown },
      });
      let is_told = tell(&notices, ticket, Some(outcome(answer)), None);
      if !is_told {
        drop(held.provider().let_go(id));
      }
      is_told
    }),
    is_gone: Box::new(move || context.aborted()),
  };
  Either::A(number(within_runtime_if_available(|| lock.provider().wait(lock, wait))))
}

/// Ends a wait. False: it has an outcome, which is on its way, or a try for it is under way, whose outcome is told, even if
/// the key is held.
#[napi(catch_unwind)]
pub fn give_up_wait(#[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>, id: f64) -> bool {
  lock.provider().give_up(lock.key(), id_of(id))
}

/// Keeps the lease of a lock, granted by that fence and asked for that many milliseconds ago; how it stands comes as
/// notices. The number is for `letGo`.
#[napi(catch_unwind, ts_return_type = "number | NativeFailure")]
pub fn keep(
  #[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>,
  #[napi(ts_arg_type = "NativeNoticeBoard")] board: &External<NoticeBoard>,
  ticket: u32,
  fence: f64,
  ttl: f64,
  age: f64,
  keeping: NativeKeeping,
) -> Either<f64, NativeFailure> {
  let ttl = match ttl_of(ttl) {
    Ok(ttl) => ttl,
    Err(error) => return Either::B(error.into()),
  };
  let now = Instant::now();
  let grant = Grant {
    fence: id_of(fence),
    asked: now.checked_sub(duration(age)).unwrap_or(now),
  };
  let holding = holding(lock, grant, ttl, keeping, &board.0, ticket);
  Either::A(number(within_runtime_if_available(|| lock.provider().keep(holding))))
}

fn holding(
  lock: &Lock,
  grant: Grant,
  ttl: Option<Ttl>,
  keeping: NativeKeeping,
  notices: &Arc<Notices>,
  ticket: u32,
) -> Holding {
  let (notices, context) = (Arc::clone(notices), Arc::clone(notices));
  Holding {
    key: lock.key().clone(),
    owner: lock.owner().clone(),
    fence: grant.fence,
    ttl,
    asked: grant.asked,
    every: keeping.every.map(duration),
    max_hold: keeping.max_hold.map(duration),
    max_stall: keeping.max_stall.map(duration),
    tell: Arc::new(move |standing| {
      tell(&notices, ticket, None, Some(word(standing)));
    }),
    is_gone: Box::new(move || context.aborted()),
  }
}

/// Ends the renewal of a lease. A promise if one is under way, for when that is over.
#[napi(catch_unwind, ts_return_type = "null | Promise<void>")]
pub fn let_go<'env>(
  env: &'env Env,
  #[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>,
  id: f64,
) -> napi::Result<Either<Null, PromiseRaw<'env, ()>>> {
  let Some(mut under_way) = lock.provider().let_go(id_of(id)) else {
    return Ok(Either::A(Null));
  };
  env
    .spawn_future(async move {
      // It fails when the renewal is over and has dropped its end.
      while under_way.changed().await.is_ok() {}
      Ok(())
    })
    .map(Either::B)
}

/// Says that a lease that is kept was refreshed, to last that many milliseconds from when it was asked for, which is some
/// milliseconds ago.
#[napi(catch_unwind, ts_return_type = "NativeFailure | null")]
pub fn refreshed(
  #[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>,
  id: f64,
  ttl: f64,
  age: f64,
) -> Option<NativeFailure> {
  let now = Instant::now();
  let asked = now.checked_sub(duration(age)).unwrap_or(now);
  match Ttl::from_milliseconds(ttl) {
    Ok(ttl) => {
      lock.provider().refreshed(id_of(id), asked, ttl);
      None
    }
    Err(error) => Some(error.into()),
  }
}

/// Says that the event loop is alive.
#[napi(catch_unwind)]
pub fn beat(#[napi(ts_arg_type = "NativeLock")] lock: &External<Lock>) {
  lock.provider().beat();
}

fn tell(notices: &Notices, ticket: u32, outcome: Option<NativeOutcome>, standing: Option<&'static str>) -> bool {
  let status = notices.call(
    (ticket, outcome, standing).into(),
    ThreadsafeFunctionCallMode::NonBlocking,
  );
  status == Status::Ok
}

fn word(standing: Standing) -> &'static str {
  match standing {
    Standing::Held => "held",
    Standing::Suspect => "suspect",
    Standing::Lost(Loss::Expired) => "expired",
    Standing::Lost(Loss::Stolen) => "stolen",
    Standing::Lost(Loss::Forced) => "forced",
    Standing::Lost(Loss::Connection) => "connection",
    Standing::Lost(Loss::MaxHold) => "maxHold",
    Standing::Lost(Loss::Stalled) => "stalled",
    Standing::Lost(Loss::Closed) => "closed",
  }
}

fn ttl_of(milliseconds: f64) -> Result<Option<Ttl>> {
  (milliseconds != f64::INFINITY)
    .then(|| Ttl::from_milliseconds(milliseconds))
    .transpose()
}

/// What is no duration is none at all; what is longer than the clock runs, never ends.
fn duration(milliseconds: f64) -> Duration {
  Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(if milliseconds > 0.0 {
    Duration::MAX
  } else {
    Duration::ZERO
  })
}

#[expect(
  clippy::cast_precision_loss,
  reason = "numbers are given one by one, and stay below 2^53"
)]
fn number(id: u64) -> f64 {
  id as f64
}

#[expect(
  clippy::cast_possible_truncation,
  clippy::cast_sign_loss,
  reason = "ids and fences are whole, positive and below 2^53"
)]
fn id_of(number: f64) -> u64 {
  number as u64
}

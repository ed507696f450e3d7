//! An adapter written in JavaScript, as an adapter like any other.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::verbs::NativeVerb;
use crate::adapters::LockAdapter;
use crate::error::{Error, ErrorKind, Result};
use crate::fence::{self, Fence};
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};

/// A verb for an adapter in JavaScript.
#[napi(object, object_from_js = false)]
pub struct NativeRequest {
  pub verb: NativeVerb,
  pub key: String,
  pub owner: String,
  /// Milliseconds; infinite if the lease has no end.
  pub ttl: f64,
}

/// What an adapter in JavaScript did.
#[napi(object, object_to_js = false)]
pub struct NativeReply {
  /// For an acquire, a release or a force-release 1 or 0; for a refresh 1 (refreshed), 0 (unowned) or -1 (unexpirable);
  /// for a state 1 if the key is held.
  pub answer: f64,
  /// The holder of a state.
  pub owner: Option<String>,
  /// Milliseconds left of the lease of a state; left out if it has no end.
  pub remaining: Option<f64>,
  /// Where the other side keeps what the adapter threw; then nothing else counts.
  pub thrown: Option<u32>,
}

/// `(requests: NativeRequest[]) => Promise<NativeReply[]>`, one reply a request. It must never reject.
///
/// Weak: an adapter that nobody waits for does not keep the process alive.
pub type Answering =
  ThreadsafeFunction<Vec<NativeRequest>, Promise<Vec<NativeReply>>, Vec<NativeRequest>, napi::Status, false, true>;

/// What JavaScript hands over for it.
pub type AnsweringFunction<'env> = Function<'env, Vec<NativeRequest>, Promise<Vec<NativeReply>>>;

pub struct JsAdapter {
  answering: Answering,
  last_fence: Mutex<Fence>,
}

impl JsAdapter {
  pub fn new(answering: Answering) -> Self {
    Self {
      answering,
      last_fence: Mutex::new(0),
    }
  }

  /// Contracts of JavaScript know no fences, so these grow within this process, and elsewhere with the clock.
  fn next_fence(&self) -> Fence {
    let mut last = self.last_fence.lock().unwrap_or_else(PoisonError::into_inner);
    *last = fence::after(*last);
    *last
  }

  fn read(&self, request: &Request, reply: NativeReply) -> Result<Answer> {
    if let Some(ticket) = reply.thrown {
      return Err(Error::new(ErrorKind::Adapter, "the adapter failed").caused_by(Thrown { ticket }));
    }
    let is_yes = reply.answer > 0.0;
    Ok(match request {
      Request::Acquire { .. } if is_yes => Answer::Acquired {
        fence: self.next_fence(),
      },
      Request::Acquire { .. } => Answer::Held { until: Until::Unknown },
      Request::Release { .. } | Request::ForceRelease { .. } => Answer::Released(is_yes),
      Request::Refresh { .. } if is_yes => Answer::Refreshed,
      Request::Refresh { .. } if reply.answer < 0.0 => Answer::Unexpirable,
      Request::Refresh { .. } => Answer::Unowned,
      Request::State { .. } => Answer::State(reply.owner.filter(|_| is_yes).map(|owner| {
        Holder {
          owner: Owner::stored(owner.into()),
          remaining: reply
            .remaining
            .and_then(|left| Duration::try_from_secs_f64(left / 1000.0).ok()),
          fence: 0,
        }
      })),
    })
  }
}

#[async_trait]
impl LockAdapter for JsAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    let asked = requests.iter().map(NativeRequest::from).collect();
    let replies = match self.answering.call_async_catch(asked).await {
      Ok(replies) => replies.await,
      Err(error) => Err(error),
    };
    match replies {
      Ok(replies) => requests
        .iter()
        .zip(replies)
        .map(|(request, reply)| self.read(request, reply))
        .collect(),
      // Only a JavaScript context that is going away gets here.
      Err(error) => {
        let unreached =
          Error::new(ErrorKind::Adapter, "the adapter could not be called").caused_by(Unreached(error.reason));
        vec![Err(unreached); requests.len()]
      }
    }
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

impl From<&Request> for NativeRequest {
  fn from(request: &Request) -> Self {
    let (verb, key, owner, ttl): (_, &Key, Option<&Owner>, _) = match request {
      Request::Acquire { key, owner, ttl } => (NativeVerb::Acquire, key, Some(owner), *ttl),
      Request::Release { key, owner, .. } => (NativeVerb::Release, key, Some(owner), None),
      Request::ForceRelease { key } => (NativeVerb::ForceRelease, key, None, None),
      Request::Refresh { key, owner, ttl, .. } => (NativeVerb::Refresh, key, Some(owner), Some(*ttl)),
      Request::State { key } => (NativeVerb::State, key, None, None),
    };
    Self {
      verb,
      key: key.as_str().to_owned(),
      owner: owner.map(|owner| owner.as_str().to_owned()).unwrap_or_default(),
      ttl: ttl.map_or(f64::INFINITY, |ttl| ttl.duration().as_secs_f64() * 1000.0),
    }
  }
}

/// What an adapter threw. The thing itself stays in JavaScript, where it arrives at the caller as the same object; only
/// this ticket for it goes through the engine.
#[derive(Debug)]
pub struct Thrown {
  pub ticket: u32,
}

impl fmt::Display for Thrown {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(formatter, "it threw (ticket {})", self.ticket)
  }
}

impl std::error::Error for Thrown {}

#[derive(Debug)]
struct Unreached(String);

impl fmt::Display for Unreached {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&self.0)
  }
}

impl std::error::Error for Unreached {}

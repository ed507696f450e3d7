use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, Value};

use super::{refusal, slot};
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// How long a fence is kept beyond its grant and the ttl of it, in milliseconds. The server's clock may be set back by as
/// much without a fence falling back.
const FENCE_RETENTION: u64 = 24 * 60 * 60 * 1000;

/// Answers all that is asked of a server at the same time: most of what a request costs there is what a call costs.
const CODE: &str = include_str!("answer.lua");

static HASH: LazyLock<String> = LazyLock::new(|| redis::Script::new(CODE).get_hash().to_owned());

/// A server does nothing else during a call; this many requests take it some hundred microseconds.
pub(super) const MOST_IN_A_CALL: u32 = 32;

/// How requests are written to a kind of server.
pub(super) struct Style {
  pub(super) key_prefix: String,
  /// Whether all keys of a call have to be in one slot.
  pub(super) is_cluster: bool,
}

impl Style {
  /// The key of a lock.
  pub(super) fn name(&self, key: &Key) -> String {
    format!("{}{key}", self.key_prefix)
  }

  /// Where releases of a lock are told.
  pub(super) fn channel(name: &str) -> String {
    slot::beside(name, "released")
  }

  /// How many requests a call may have.
  pub(super) fn most_in_a_call(&self) -> usize {
    if self.is_cluster { 1 } else { MOST_IN_A_CALL as usize }
  }

  /// The command that publishes on a channel of the slot.
  fn publish(&self) -> &'static str {
    if self.is_cluster { "SPUBLISH" } else { "PUBLISH" }
  }
}

/// In what way requests are sent.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) struct Way {
  /// With the text of the script in every call, for a server that does not know it. In the first alone, one that is told
  /// to forget in the middle would do the calls out of order.
  pub(super) is_teaching: bool,
  /// With the word that the node is to serve a slot it does not have yet.
  pub(super) is_asking: bool,
  /// Each in a call of its own.
  pub(super) is_apart: bool,
}

/// Requests as commands that are sent together.
pub(super) struct Calls {
  pub(super) pipeline: Pipeline,
  way: Way,
  /// How many requests each call has.
  sizes: Vec<usize>,
}

/// What a server said of a request.
pub(super) struct Reply {
  pub(super) value: Value,
  /// Whether it was said of several together, none of which was done.
  pub(super) is_shared: bool,
}

impl Calls {
  pub(super) fn new(style: &Style, way: Way, requests: &[&Request]) -> Self {
    let most = if way.is_apart { 1 } else { style.most_in_a_call() };
    let mut calls = Self {
      pipeline: Pipeline::new(),
      way,
      sizes: Vec::new(),
    };
    for together in requests.chunks(most) {
      calls.add(style, together);
    }
    calls
  }

  fn add(&mut self, style: &Style, requests: &[&Request]) {
    if self.way.is_asking {
      self.pipeline.cmd("ASKING");
    }
    self.sizes.push(requests.len());
    if self.way.is_teaching {
      self.pipeline.cmd("EVAL").arg(CODE);
    } else {
      self.pipeline.cmd("EVALSHA").arg(&*HASH);
    }
    let names: Vec<String> = requests.iter().map(|request| style.name(request.key())).collect();
    self.pipeline.arg(2 * names.len());
    for name in &names {
      self.pipeline.arg(name).arg(slot::beside(name, "fence"));
    }
    self.pipeline.arg(style.publish());
    for (request, name) in requests.iter().zip(&names) {
      self.add_arguments(request, name);
    }
  }

  fn add_arguments(&mut self, request: &Request, name: &str) {
    match request {
      Request::Acquire { owner, ttl, .. } => {
        let milliseconds = ttl.map(in_milliseconds);
        self.pipeline.arg("acquire").arg(owner.as_str());
        match milliseconds {
          Some(milliseconds) => self.pipeline.arg(milliseconds),
          None => self.pipeline.arg(""),
        }
        .arg(milliseconds.unwrap_or_default().saturating_add(FENCE_RETENTION))
      }
      Request::Release { owner, fence, .. } => {
        self.pipeline.arg("release").arg(owner.as_str());
        self.add_fence(*fence).arg(Style::channel(name))
      }
      Request::ForceRelease { .. } => self
        .pipeline
        .arg("force release")
        .arg(Style::channel(name))
        .arg("")
        .arg(""),
      Request::Refresh { owner, ttl, fence, .. } => {
        self.pipeline.arg("refresh").arg(owner.as_str());
        self.add_fence(*fence).arg(in_milliseconds(*ttl))
      }
      Request::State { .. } => self.pipeline.arg("state").arg("").arg("").arg(""),
    };
  }

  /// Empty: any fence will do.
  fn add_fence(&mut self, fence: Option<Fence>) -> &mut Pipeline {
    match fence {
      Some(fence) => self.pipeline.arg(fence),
      None => self.pipeline.arg(""),
    }
  }

  /// What was said of each request, by what was answered to each command.
  pub(super) fn replies(&self, values: Vec<Value>) -> Vec<Reply> {
    let of_calls = values.into_iter().skip(usize::from(self.way.is_asking));
    let of_calls = of_calls.step_by(1 + usize::from(self.way.is_asking));
    let mut replies = Vec::new();
    for (value, size) in of_calls.zip(&self.sizes) {
      match value {
        Value::Array(values) => replies.extend(values.into_iter().map(|value| Reply {
          value,
          is_shared: false,
        })),
        value => replies.extend((0..*size).map(|_| Reply {
          value: value.clone(),
          is_shared: *size > 1,
        })),
      }
    }
    replies
  }
}

/// Answered 1 if the key is the owner's by that grant, else 0.
pub(super) fn confirmation(style: &Style, key: &Key, owner: &Owner, fence: Fence) -> Cmd {
  let name = style.name(key);
  let mut command = redis::cmd("EVAL");
  command
    .arg(include_str!("confirm.lua"))
    .arg(2)
    .arg(&name)
    .arg(slot::beside(&name, "fence"))
    .arg(owner.as_str())
    .arg(fence);
  command
}

/// Rounded up, so that no lease is shorter than asked for.
fn in_milliseconds(ttl: Ttl) -> u64 {
  u64::try_from(ttl.duration().as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// What the server's answer to a request means.
pub(super) fn read(request: &Request, value: Value) -> Result<Answer> {
  let value = value.extract_error().map_err(|error| refusal::of(&error))?;
  match request {
    Request::Acquire { .. } => {
      let number: i64 = parse(value)?;
      Ok(match Fence::try_from(number) {
        Ok(fence) if fence > 0 => Answer::Acquired { fence },
        _ => Answer::Held {
          until: remaining(-1 - number).map_or(Until::Release, Until::Expiry),
        },
      })
    }
    Request::Release { .. } | Request::ForceRelease { .. } => Ok(Answer::Released(parse::<i64>(value)? > 0)),
    Request::Refresh { .. } => Ok(match parse::<i64>(value)? {
      1 => Answer::Refreshed,
      -1 => Answer::Unexpirable,
      _ => Answer::Unowned,
    }),
    Request::State { .. } => {
      let holder: Option<(String, i64, i64)> = parse(value)?;
      Ok(Answer::State(holder.map(|(owner, milliseconds, fence)| Holder {
        owner: Owner::stored(owner.into()),
        remaining: remaining(milliseconds),
        fence: Fence::try_from(fence).unwrap_or_default(),
      })))
    }
  }
}

/// `None`: no end.
fn remaining(milliseconds: i64) -> Option<Duration> {
  (milliseconds != -1).then(|| Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default()))
}

fn parse<T: FromRedisValue>(value: Value) -> Result<T> {
  redis::from_redis_value(value).map_err(|error| {
    Error::new(
      ErrorKind::Database,
      "the Redis server gave an answer of another shape: something else uses the key",
    )
    .caused_by(error)
  })
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn fractions_of_a_millisecond_are_rounded_up() {
    assert_eq!(in_milliseconds(Ttl::from_milliseconds(1.2).unwrap()), 2);
    assert_eq!(in_milliseconds(Ttl::from_milliseconds(0.0).unwrap()), 0);
  }
}

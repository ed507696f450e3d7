use std::sync::LazyLock;
use std::time::Duration;

use redis::{FromRedisValue, Pipeline, Value};

use super::{refusal, slot};
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// How long a fence is kept beyond its grant and the ttl of it, in milliseconds. The server's clock may be set back by as
/// much without a fence falling back.
const FENCE_RETENTION: u128 = 24 * 60 * 60 * 1000;

struct Script {
  code: &'static str,
  hash: LazyLock<String>,
}

macro_rules! script {
  ($file:literal) => {
    Script {
      code: include_str!($file),
      hash: LazyLock::new(|| redis::Script::new(include_str!($file)).get_hash().to_owned()),
    }
  };
}

static ACQUIRE: Script = script!("acquire.lua");
static RELEASE: Script = script!("release.lua");
static FORCE_RELEASE: Script = script!("force_release.lua");
static REFRESH: Script = script!("refresh.lua");
static STATE: Script = script!("state.lua");
static CONFIRM: Script = script!("confirm.lua");

/// How requests are written to a kind of server.
pub(super) struct Style {
  pub(super) key_prefix: String,
  /// The command that publishes on a channel of the slot.
  pub(super) publish: &'static str,
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
}

/// Commands to be sent together, each the call of a script.
pub(super) struct Calls<'style> {
  style: &'style Style,
  pub(super) pipeline: Pipeline,
  is_teaching: bool,
}

impl<'style> Calls<'style> {
  pub(super) fn new(style: &'style Style, count: usize) -> Self {
    Self {
      style,
      pipeline: Pipeline::with_capacity(count),
      is_teaching: false,
    }
  }

  /// Sends the text of the script with every call, for a server that does not know them. With the first alone, one that
  /// is told to forget in the middle would do the calls out of order.
  #[must_use]
  pub(super) fn teaching(mut self) -> Self {
    self.is_teaching = true;
    self
  }

  pub(super) fn add(&mut self, request: &Request) {
    let name = self.style.name(request.key());
    match request {
      Request::Acquire { owner, ttl, .. } => {
        let milliseconds = ttl.map(in_milliseconds);
        self
          .call(&ACQUIRE)
          .arg(2)
          .arg(&name)
          .arg(fence_name(&name))
          .arg(owner.as_str())
          .arg(milliseconds.map_or(String::new(), |milliseconds| milliseconds.to_string()))
          .arg((milliseconds.unwrap_or_default() + FENCE_RETENTION).to_string());
      }
      Request::Release { owner, fence, .. } => {
        let publish = self.style.publish;
        self
          .call(&RELEASE)
          .arg(2)
          .arg(&name)
          .arg(fence_name(&name))
          .arg(owner.as_str())
          .arg(text(*fence))
          .arg(Style::channel(&name))
          .arg(publish);
      }
      Request::ForceRelease { .. } => {
        let publish = self.style.publish;
        self
          .call(&FORCE_RELEASE)
          .arg(1)
          .arg(&name)
          .arg(Style::channel(&name))
          .arg(publish);
      }
      Request::Refresh { owner, ttl, fence, .. } => {
        self
          .call(&REFRESH)
          .arg(2)
          .arg(&name)
          .arg(fence_name(&name))
          .arg(owner.as_str())
          .arg(in_milliseconds(*ttl).to_string())
          .arg(text(*fence));
      }
      Request::State { .. } => {
        self.call(&STATE).arg(2).arg(&name).arg(fence_name(&name));
      }
    }
  }

  /// Answered 1 if the key is the owner's by that grant, else 0.
  pub(super) fn add_confirmation(&mut self, key: &Key, owner: &Owner, fence: Fence) {
    let name = self.style.name(key);
    self
      .call(&CONFIRM)
      .arg(2)
      .arg(&name)
      .arg(fence_name(&name))
      .arg(owner.as_str())
      .arg(fence.to_string());
  }

  fn call(&mut self, script: &Script) -> &mut Pipeline {
    if self.is_teaching {
      self.pipeline.cmd("EVAL").arg(script.code)
    } else {
      self.pipeline.cmd("EVALSHA").arg(&*script.hash)
    }
  }
}

/// Empty: any fence will do.
fn text(fence: Option<Fence>) -> String {
  fence.map_or(String::new(), |fence| fence.to_string())
}

fn fence_name(name: &str) -> String {
  slot::beside(name, "fence")
}

/// Rounded up, so that no lease is shorter than asked for.
fn in_milliseconds(ttl: Ttl) -> u128 {
  ttl.duration().as_micros().div_ceil(1000)
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

use std::sync::LazyLock;
use std::time::Duration;

use redis::{FromRedisValue, Pipeline, Value};

use super::error_of;
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// How long a fence is kept after its last grant, or after the lease has ended if that is later, in milliseconds. Within
/// a day the server's clock may be set back by as much as a day without a fence falling back.
const FENCE_RETENTION: u128 = 24 * 60 * 60 * 1000;

pub(super) struct Script {
  pub(super) code: &'static str,
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
static REFRESH: Script = script!("refresh.lua");
static STATE: Script = script!("state.lua");

pub(super) static SCRIPTS: [&Script; 4] = [&ACQUIRE, &RELEASE, &REFRESH, &STATE];

/// Adds the command for a request to a pipeline.
pub(super) fn write(request: &Request, prefix: &str, pipeline: &mut Pipeline) {
  match request {
    Request::Acquire { key, owner, ttl } => {
      let name = format!("{prefix}{key}");
      let milliseconds = ttl.map(in_milliseconds);
      call(&ACQUIRE, pipeline)
        .arg(2)
        .arg(&name)
        .arg(fence_name(&name))
        .arg(owner.as_str())
        .arg(milliseconds.map_or(String::new(), |milliseconds| milliseconds.to_string()))
        .arg((milliseconds.unwrap_or_default() + FENCE_RETENTION).to_string());
    }
    Request::Release { key, owner, fence } => {
      let name = format!("{prefix}{key}");
      call(&RELEASE, pipeline)
        .arg(2)
        .arg(&name)
        .arg(fence_name(&name))
        .arg(owner.as_str())
        .arg(text(*fence));
    }
    Request::ForceRelease { key } => {
      pipeline.cmd("DEL").arg(format!("{prefix}{key}"));
    }
    Request::Refresh { key, owner, ttl, fence } => {
      let name = format!("{prefix}{key}");
      call(&REFRESH, pipeline)
        .arg(2)
        .arg(&name)
        .arg(fence_name(&name))
        .arg(owner.as_str())
        .arg(in_milliseconds(*ttl).to_string())
        .arg(text(*fence));
    }
    Request::State { key } => {
      let name = format!("{prefix}{key}");
      call(&STATE, pipeline).arg(2).arg(&name).arg(fence_name(&name));
    }
  }
}

fn call<'pipeline>(script: &Script, pipeline: &'pipeline mut Pipeline) -> &'pipeline mut Pipeline {
  pipeline.cmd("EVALSHA").arg(&*script.hash)
}

/// Empty: any fence will do.
fn text(fence: Option<Fence>) -> String {
  fence.map_or(String::new(), |fence| fence.to_string())
}

/// In the slot of the lock: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>.
fn fence_name(name: &str) -> String {
  let tag = name.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
  match tag {
    Some((tag, _)) if !tag.is_empty() => format!("{name}:fence"),
    _ => format!("{{{name}}}:fence"),
  }
}

/// Rounded up, so that no lease is shorter than asked for.
fn in_milliseconds(ttl: Ttl) -> u128 {
  ttl.duration().as_micros().div_ceil(1000)
}

/// What the server's answer to a request means.
pub(super) fn read(request: &Request, value: Value) -> Result<Answer> {
  let value = value.extract_error().map_err(|error| error_of(&error))?;
  match request {
    Request::Acquire { .. } => {
      let (granted, number): (i64, i64) = parse(value)?;
      Ok(match granted {
        1 => Answer::Acquired {
          fence: Fence::try_from(number).unwrap_or_default(),
        },
        _ => Answer::Held {
          until: remaining(number).map_or(Until::Release, Until::Expiry),
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
  fn the_fence_is_in_the_slot_of_the_lock() {
    assert_eq!(fence_name("lock:k"), "{lock:k}:fence");
    assert_eq!(fence_name("lock:{user}:k"), "lock:{user}:k:fence");
    assert_eq!(fence_name("lock:{}:k"), "{lock:{}:k}:fence");
  }

  #[test]
  fn fractions_of_a_millisecond_are_rounded_up() {
    assert_eq!(in_milliseconds(Ttl::from_milliseconds(1.2).unwrap()), 2);
    assert_eq!(in_milliseconds(Ttl::from_milliseconds(0.0).unwrap()), 0);
  }
}

use std::fmt::Write;

use super::client::Value;
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::Request;
use crate::ttl::Ttl;

/// The members of a group as one JSON text, so that a statement is the same for any number of them: an array of
/// `{"key", "owner", "ttl", "fence"}`. What is missing is null; servers take their time for every member of an object.
pub(super) fn document(requests: &[&Request]) -> String {
  let mut text = String::from("[");
  for (place, request) in requests.iter().enumerate() {
    let parts = Parts::of(request);
    text.push_str(if place == 0 { "{\"key\":" } else { ",{\"key\":" });
    write_string(&mut text, request.key().as_str());
    if let Some(owner) = parts.owner {
      text.push_str(",\"owner\":");
      write_string(&mut text, owner);
    }
    for (name, number) in [("ttl", parts.ttl), ("fence", parts.fence)] {
      if let Some(number) = number {
        let _ = write!(text, ",\"{name}\":{number}");
      }
    }
    text.push('}');
  }
  text.push(']');
  text
}

/// What a request has besides its key, as values of a database.
pub(super) struct Parts<'request> {
  /// `None`: whoever it is.
  pub(super) owner: Option<&'request str>,
  /// Milliseconds. `None`: no end.
  pub(super) ttl: Option<i64>,
  /// `None`: any.
  pub(super) fence: Option<i64>,
}

impl<'request> Parts<'request> {
  pub(super) fn of(request: &'request Request) -> Self {
    let (owner, ttl, fence) = match request {
      Request::Acquire { owner, ttl, .. } => (Some(owner), *ttl, None),
      Request::Release { owner, fence, .. } => (Some(owner), None, *fence),
      Request::Refresh { owner, ttl, fence, .. } => (Some(owner), Some(*ttl), *fence),
      Request::ForceRelease { .. } | Request::State { .. } => (None, None, None),
    };
    Self {
      owner: owner.map(Owner::as_str),
      ttl: ttl.map(milliseconds),
      fence: fence.map(integer),
    }
  }
}

/// Rounded up, so that no lease is shorter than asked for.
fn milliseconds(ttl: Ttl) -> i64 {
  i64::try_from(ttl.duration().as_micros().div_ceil(1000)).unwrap_or(i64::MAX)
}

/// Fences stay below 2^53.
fn integer(fence: Fence) -> i64 {
  i64::try_from(fence).unwrap_or(i64::MAX)
}

impl From<Option<i64>> for Value {
  fn from(integer: Option<i64>) -> Self {
    integer.map_or(Self::Null, Self::Integer)
  }
}

fn write_string(text: &mut String, string: &str) {
  text.push('"');
  for character in string.chars() {
    match character {
      '"' => text.push_str("\\\""),
      '\\' => text.push_str("\\\\"),
      '\0'..='\u{1f}' => {
        let _ = write!(text, "\\u{:04x}", u32::from(character));
      }
      _ => text.push(character),
    }
  }
  text.push('"');
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::Key;

  #[test]
  fn names_are_escaped_and_what_is_missing_is_left_out() {
    let acquire = Request::Acquire {
      key: Key::new("a\"\\\n\u{e9}").unwrap(),
      owner: Owner::new("me").unwrap(),
      ttl: Some(Ttl::from_milliseconds(1.2).unwrap()),
    };
    let force = Request::ForceRelease {
      key: Key::new("b").unwrap(),
    };
    assert_eq!(
      document(&[&acquire, &force]),
      "[{\"key\":\"a\\\"\\\\\\u000a\u{e9}\",\"owner\":\"me\",\"ttl\":2},{\"key\":\"b\"}]"
    );
  }
}

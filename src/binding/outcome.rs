use std::error::Error as _;
use std::time::Duration;

use napi::bindgen_prelude::{Either4, Null};
use napi_derive::napi;

use super::js_adapter::Thrown;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Answer, Holder, Until};

/// What a request comes to:
///
/// - a number: for an acquire the fence if it is positive, else minus the milliseconds until the holder's lease is over
///   (minus infinity: it has no end; zero: not known); for a release 1 or 0; for a refresh 1 (refreshed), 0 (unowned)
///   or -1 (unexpirable);
/// - a holder or null, for a state;
/// - a failure.
#[napi]
pub type NativeOutcome = Either4<f64, NativeHolder, Null, NativeFailure>;

#[napi(object, object_from_js = false)]
pub struct NativeHolder {
  pub owner: String,
  /// Milliseconds; null if the lease has no end.
  pub remaining: Option<f64>,
  pub fence: f64,
}

#[napi(object, object_from_js = false)]
pub struct NativeFailure {
  /// "invalid-input", "configuration", "connection", "ambiguous", "database", "adapter" or "closed".
  pub kind: &'static str,
  pub message: String,
  /// What the driver or the adapter said.
  pub cause: Option<String>,
  /// Where JavaScript keeps what its adapter threw.
  pub thrown: Option<u32>,
}

impl From<Error> for NativeFailure {
  fn from(error: Error) -> Self {
    Self {
      kind: match error.kind() {
        ErrorKind::InvalidInput => "invalid-input",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Connection => "connection",
        ErrorKind::Ambiguous => "ambiguous",
        ErrorKind::Database => "database",
        ErrorKind::Adapter => "adapter",
        ErrorKind::Closed => "closed",
      },
      message: error.to_string(),
      cause: error.source().map(ToString::to_string),
      thrown: error
        .source()
        .and_then(|source| source.downcast_ref::<Thrown>())
        .map(|thrown| thrown.ticket),
    }
  }
}

impl From<Holder> for NativeHolder {
  fn from(holder: Holder) -> Self {
    Self {
      owner: holder.owner.as_str().to_owned(),
      remaining: holder.remaining.map(milliseconds),
      fence: as_number(holder.fence),
    }
  }
}

pub fn outcome(answer: Result<Answer>) -> NativeOutcome {
  match answer {
    Ok(Answer::Acquired { fence }) => Either4::A(as_number(fence)),
    Ok(Answer::Held { until }) => Either4::A(match until {
      Until::Expiry(remaining) => -milliseconds(remaining),
      Until::Release => f64::NEG_INFINITY,
      Until::Unknown => 0.0,
    }),
    Ok(Answer::Released(released)) => Either4::A(f64::from(u8::from(released))),
    Ok(Answer::Refreshed) => Either4::A(1.0),
    Ok(Answer::Unowned) => Either4::A(0.0),
    Ok(Answer::Unexpirable) => Either4::A(-1.0),
    Ok(Answer::State(Some(holder))) => Either4::B(holder.into()),
    Ok(Answer::State(None)) => Either4::C(Null),
    Err(error) => Either4::D(error.into()),
  }
}

fn milliseconds(duration: Duration) -> f64 {
  duration.as_secs_f64() * 1000.0
}

/// Exact: fences stay below 2^53.
#[expect(clippy::cast_precision_loss, reason = "fences stay below 2^53")]
fn as_number(fence: u64) -> f64 {
  fence as f64
}

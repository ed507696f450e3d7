//! What an error of the driver or the server means for the request it came for.

use mongodb::bson::Document;
use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind};

use crate::error::{Error, ErrorKind};

/// Codes of the server: <https://www.mongodb.com/docs/manual/reference/error-codes/>.
mod code {
  pub(super) const UNAUTHORIZED: i32 = 13;
  pub(super) const AUTHENTICATION_FAILED: i32 = 18;
  pub(super) const WRITE_CONFLICT: i32 = 112;
  pub(super) const DUPLICATE_KEY: i32 = 11000;
  pub(super) const CHANGE_STREAM_NEEDS_REPLICA_SET: i32 = 40573;
  /// Of a server that is no primary, and did nothing.
  pub(super) const NOT_PRIMARY: [i32; 3] = [10107, 13435, 13436];
  /// Of one that was interrupted, by its end, by an election, by `killOp` or by a time limit, or whose write has not
  /// reached a majority: what it was doing may be done.
  pub(super) const INTERRUPTED: [i32; 9] = [50, 64, 91, 100, 189, 262, 11600, 11601, 11602];
  pub(super) const NAMESPACE_NOT_FOUND: i32 = 26;
  /// Somebody makes, drops or changes the same collection or index.
  pub(super) const PASSING: [i32; 7] = [26, 48, 85, 86, 112, 117, 276];
}

/// What went wrong, and whether it is worth another try.
#[derive(Debug)]
pub(super) enum Failure {
  /// Another writer was faster. Nothing was done.
  Contention(Error),
  /// The connection was lost while it was made or lent. Nothing was done.
  Unsent(Error),
  Error(Error),
}

impl Failure {
  /// `was_sent`: whether the request had left for the server.
  pub(super) fn of(error: DriverError, was_sent: bool) -> Self {
    match code_of(&error) {
      Some(code::WRITE_CONFLICT | code::DUPLICATE_KEY) => Self::Contention(
        Error::new(
          ErrorKind::Connection,
          "the MongoDB server was too busy with this key: try again",
        )
        .caused_by(*error.kind),
      ),
      _ if is_loss(&error) && !was_sent => Self::Unsent(error_of(error, was_sent)),
      _ => Self::Error(error_of(error, was_sent)),
    }
  }

  /// A write that is done on the primary, but was not heard of from a majority.
  pub(super) fn of_write_concern(complaint: &Document) -> Self {
    let said = complaint.get_str("errmsg").unwrap_or("no reason was given");
    Self::Error(Error::new(
      ErrorKind::Ambiguous,
      format!("the MongoDB primary did the write, but no majority confirmed it: {said}"),
    ))
  }

  pub(super) fn into_error(self) -> Error {
    match self {
      Self::Contention(error) | Self::Unsent(error) | Self::Error(error) => error,
    }
  }
}

pub(super) fn error_of(error: DriverError, was_sent: bool) -> Error {
  let (kind, message) = match &*error.kind {
    DriverErrorKind::Command(command) => return refused(command.code, error),
    DriverErrorKind::Write(_) | DriverErrorKind::InsertMany(_) | DriverErrorKind::BulkWrite(_) => {
      (ErrorKind::Database, "the MongoDB server refused a write")
    }
    DriverErrorKind::InvalidArgument { .. } | DriverErrorKind::InvalidTlsConfig { .. } => {
      (ErrorKind::Configuration, "the MongoDB settings are not usable")
    }
    DriverErrorKind::Authentication { .. } => (
      ErrorKind::Configuration,
      "the MongoDB server refuses the user or the password: check the credentials and authSource",
    ),
    DriverErrorKind::IncompatibleServer { .. } => (
      ErrorKind::Configuration,
      "the MongoDB server is too old or too new for this release of holdfast",
    ),
    DriverErrorKind::Shutdown => return Error::closed(),
    DriverErrorKind::ServerSelection { .. } => (
      ErrorKind::Connection,
      "no MongoDB primary could be reached: check that it runs, and the hosts and the replica set of the URL",
    ),
    DriverErrorKind::DnsResolve { .. } => (
      ErrorKind::Connection,
      "the hosts of the MongoDB URL were not found: check the name and the network",
    ),
    _ if was_sent => (
      ErrorKind::Ambiguous,
      "the connection to the MongoDB server was lost before it answered",
    ),
    _ => (
      ErrorKind::Connection,
      "the MongoDB server could not be asked: check that it runs and can be reached",
    ),
  };
  Error::new(kind, message).caused_by(*error.kind)
}

fn refused(code: i32, error: DriverError) -> Error {
  let (kind, message) = match code {
    code::UNAUTHORIZED => (
      ErrorKind::Configuration,
      "the MongoDB user has not the rights that locks need: give it the role readWrite on the database",
    ),
    code::AUTHENTICATION_FAILED => (
      ErrorKind::Configuration,
      "the MongoDB server refuses the user or the password: check the credentials and authSource",
    ),
    code if code::NOT_PRIMARY.contains(&code) => (
      ErrorKind::Connection,
      "the MongoDB server is not the primary any more: try again",
    ),
    code if code::INTERRUPTED.contains(&code) => (
      ErrorKind::Ambiguous,
      "the MongoDB server was interrupted before it answered",
    ),
    _ => (ErrorKind::Database, "the MongoDB server refused a command"),
  };
  Error::new(kind, message).caused_by(*error.kind)
}

/// Of a connection, which says nothing about the next one.
fn is_loss(error: &DriverError) -> bool {
  match &*error.kind {
    DriverErrorKind::Io(error) => error.kind() != std::io::ErrorKind::TimedOut,
    DriverErrorKind::ConnectionPoolCleared { .. } => true,
    _ => false,
  }
}

pub(super) fn code_of(error: &DriverError) -> Option<i32> {
  match &*error.kind {
    DriverErrorKind::Command(command) => Some(command.code),
    _ => None,
  }
}

pub(super) fn is_unauthorized(error: &DriverError) -> bool {
  code_of(error) == Some(code::UNAUTHORIZED)
}

pub(super) fn is_missing_collection(error: &DriverError) -> bool {
  code_of(error) == Some(code::NAMESPACE_NOT_FOUND)
}

/// Whether others who change the same collection are in the way.
pub(super) fn is_passing(error: &DriverError) -> bool {
  code_of(error).is_some_and(|code| code::PASSING.contains(&code))
}

pub(super) fn is_duplicate_key(error: &DriverError) -> bool {
  code_of(error) == Some(code::DUPLICATE_KEY)
}

/// Whether the deployment is a single server, which has no change streams.
pub(super) fn has_no_change_streams(error: &DriverError) -> bool {
  code_of(error) == Some(code::CHANGE_STREAM_NEEDS_REPLICA_SET)
}

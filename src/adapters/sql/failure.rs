use std::fmt;

use super::dialect::Dialect;
use crate::error::{Error, ErrorKind};

/// Why a statement was not answered. Unless the error is [`Ambiguous`](ErrorKind::Ambiguous), nothing was done.
#[derive(Clone, Debug)]
pub enum Failure {
  /// Another transaction was in the way: trying again is worth it.
  Conflict(Error),
  /// The table, or a column of it, is not there.
  NoTable(Error),
  /// The database would not do this; it may well do the next thing.
  Refused(Error),
  /// The database could not be asked, so asking again at once is of no use.
  Error(Error),
}

/// What a database or its driver said when it failed.
#[derive(Clone, Debug, Default)]
pub struct Said {
  pub message: String,
  /// `SQLSTATE`, or what a JavaScript driver has as the `code` of its errors.
  pub code: String,
  /// MySQL's error number, or SQLite's.
  pub number: i64,
}

impl fmt::Display for Said {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&self.message)
  }
}

impl std::error::Error for Said {}

const PRIVILEGE: &str = "the database user may not do this: grant it the rights to create, alter, read and write the lock \
                         table, or create the table by the statements of the command line and grant the last two";
const READ_ONLY: &str = "the database is read-only here: connect to the primary server";
const LOGIN: &str = "the database refuses the user, the password, the database's name, or how this user connects: check \
                     them, and the ssl settings";
const PLAIN: &str = "the database takes encrypted connections only: allow them in the ssl settings";
const POOLER: &str = "a pooler gives each transaction another session and does not know prepared statements: switch them \
                      off by preparedStatements: false";
const UNAVAILABLE: &str = "the database accepts no statements now: it starts, stops, or has no connection left";
const LOST: &str = "the connection to the database was lost, or it gave no answer in time, after a statement was sent";
const UNREACHABLE: &str = "the database could not be reached: check that it runs, and its address";

impl Failure {
  #[must_use]
  pub fn into_error(self) -> Error {
    match self {
      Self::Conflict(error) | Self::NoTable(error) | Self::Refused(error) | Self::Error(error) => error,
    }
  }

  pub fn configuration(message: impl Into<String>) -> Self {
    Self::Error(Error::new(ErrorKind::Configuration, message))
  }

  #[must_use]
  pub fn unreachable(cause: Said) -> Self {
    Self::Error(Error::new(ErrorKind::Connection, UNREACHABLE).caused_by(cause))
  }

  #[must_use]
  pub fn lost(cause: Said) -> Self {
    Self::Error(Error::new(ErrorKind::Ambiguous, LOST).caused_by(cause))
  }

  /// What an error means in a dialect.
  #[must_use]
  pub fn of(dialect: Dialect, said: Said) -> Self {
    let failure = match dialect {
      Dialect::Postgres => Self::of_postgres,
      Dialect::Mysql => Self::of_mysql,
      Dialect::Sqlite => Self::of_sqlite,
    };
    failure(&said).unwrap_or_else(|| Self::of_client(said))
  }

  fn of_postgres(said: &Said) -> Option<Self> {
    Some(match said.code.as_str() {
      "40001" | "40P01" | "55P03" => Self::conflict(said),
      "42P01" | "42703" => Self::no_table(said),
      "42501" => Self::wrong(PRIVILEGE, said),
      "26000" | "42P05" => Self::wrong(POOLER, said),
      "25006" => Self::wrong(READ_ONLY, said),
      "3F000" => Self::wrong("there is no schema of this name: create it, or choose another", said),
      "28000" if said.message.ends_with("no encryption") || said.message.ends_with("SSL off") => {
        Self::wrong(PLAIN, said)
      }
      "28000" | "28P01" | "3D000" => Self::wrong(LOGIN, said),
      "53300" | "57P01" | "57P02" | "57P03" | "57014" => Self::unavailable(said),
      code if code.starts_with("08") && code.len() == 5 => Self::lost(said.clone()),
      code if is_sqlstate(code) => Self::refused(said),
      _ => return None,
    })
  }

  fn of_mysql(said: &Said) -> Option<Self> {
    Some(match said.number {
      1213 | 1205 => Self::conflict(said),
      1146 | 1054 => Self::no_table(said),
      1142 | 1143 | 1044 | 1227 | 1370 => Self::wrong(PRIVILEGE, said),
      1290 | 1792 | 1836 => Self::wrong(READ_ONLY, said),
      3159 => Self::wrong(PLAIN, said),
      1045 | 1049 | 1698 => Self::wrong(LOGIN, said),
      1040 | 1053 | 1203 | 1226 | 1317 | 1927 | 1969 | 3024 => Self::unavailable(said),
      1000..=1999 | 3000..=4999 => Self::refused(said),
      _ => return None,
    })
  }

  fn of_sqlite(said: &Said) -> Option<Self> {
    let is = |name: &str, number: i64| said.code.starts_with(name) || said.number & 0xFF == number;
    Some(match said {
      _ if is("SQLITE_BUSY", 5) || is("SQLITE_LOCKED", 6) || said.message.contains("database is locked") => {
        Self::conflict(said)
      }
      _ if ["no such table", "no such column", "has no column"]
        .iter()
        .any(|words| said.message.contains(words)) =>
      {
        Self::no_table(said)
      }
      _ if is("SQLITE_READONLY", 8) => Self::wrong("the SQLite file is read-only: let this process write to it", said),
      _ if is("SQLITE_", -1) || (1..=0xFFFF).contains(&said.number) => Self::refused(said),
      _ => return None,
    })
  }

  /// An error of a client, from before or after the database had its say.
  fn of_client(said: Said) -> Self {
    let pool = [
      "Timeout",
      "timeout exceeded when trying to connect",
      "AcquireTimeout",
      "Pool is closed",
      "pool is destroyed",
    ];
    match said.code.as_str() {
      "ECONNREFUSED" | "ENOTFOUND" | "EAI_AGAIN" | "EHOSTUNREACH" | "ENETUNREACH" => Self::unreachable(said),
      "ECONNRESET" | "EPIPE" | "ETIMEDOUT" => Self::lost(said),
      code if code.starts_with("PROTOCOL_") => Self::lost(said),
      _ if said.message.contains("Connection terminated") => Self::lost(said),
      _ if pool.iter().any(|words| said.message.contains(words)) => Self::unavailable(&said),
      _ => Self::refused(&said),
    }
  }

  fn conflict(said: &Said) -> Self {
    let message = "another transaction keeps the lock's row, and did not let go of it in time";
    Self::Conflict(Error::new(ErrorKind::Connection, message).caused_by(said.clone()))
  }

  fn no_table(said: &Said) -> Self {
    let message = "the lock table is missing or incomplete: call init";
    Self::NoTable(Error::new(ErrorKind::Configuration, message).caused_by(said.clone()))
  }

  fn wrong(message: &str, said: &Said) -> Self {
    Self::Error(Error::new(ErrorKind::Configuration, message).caused_by(said.clone()))
  }

  fn unavailable(said: &Said) -> Self {
    Self::Error(Error::new(ErrorKind::Connection, UNAVAILABLE).caused_by(said.clone()))
  }

  fn refused(said: &Said) -> Self {
    Self::Refused(Error::new(ErrorKind::Database, "the database refused a statement").caused_by(said.clone()))
  }
}

/// Five digits and capitals, as few error codes of an operating system are.
fn is_sqlstate(code: &str) -> bool {
  let is_one = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
  code.len() == 5 && code.bytes().all(is_one) && !code.starts_with('E')
}

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::session::Failure;
use crate::error::{Error, Result};

/// Where the database is.
#[derive(Clone, Debug)]
pub(super) enum Location {
  File(PathBuf),
  /// A database of this adapter's own.
  Memory,
}

impl Location {
  /// Reads what follows `sqlite:` in a URL. The path is taken as it stands, without percent-decoding.
  pub(super) fn parse(location: &str) -> Result<Self> {
    let path = location.strip_prefix("//").unwrap_or(location);
    if path == ":memory:" {
      return Ok(Self::Memory);
    }
    if path.is_empty() {
      return Err(Error::configuration(
        "the SQLite URL names no file: use \"sqlite:PATH\", for example \"sqlite:locks.db\"",
      ));
    }
    if path.contains(['?', '\0']) {
      return Err(Error::configuration(
        "the SQLite URL contains a NUL or a question mark: give only the path of the file, without options",
      ));
    }
    Ok(Self::File(path.into()))
  }

  /// Opens a connection that may write.
  pub(super) fn connect(&self) -> std::result::Result<Connection, Failure> {
    let Self::File(path) = self else {
      return Connection::open_in_memory().map_err(|error| Failure::from_sqlite(error, "open the in-memory database"));
    };
    if path.is_dir() {
      return Err(Failure::Error(Error::configuration(format!(
        "{} is a directory: name a file in it",
        path.display()
      ))));
    }
    if let Some(missing) = missing_directory(path) {
      return Err(Failure::Error(Error::configuration(format!(
        "the directory {} of the database file does not exist: create it, or name another path",
        missing.display()
      ))));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
      .map_err(|error| Failure::from_sqlite(error, &format!("open {}", path.display())))?;
    // Asked of the connection and not of the file's mode, which tells nothing about the mount or the user.
    if connection.is_readonly("main").unwrap_or(false) {
      return Err(Failure::Error(Error::configuration(format!(
        "{} is read-only: let this process write to it and to its directory",
        path.display()
      ))));
    }
    Ok(connection)
  }
}

fn missing_directory(path: &Path) -> Option<&Path> {
  path
    .parent()
    .filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
}

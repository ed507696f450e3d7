use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// The longest key or owner, in bytes of UTF-8.
///
/// One limit for every database, so that a key that works on one works on all. It is what fits an index everywhere: a
/// PostgreSQL B-tree entry takes 2704 bytes, an InnoDB one 3072.
pub const MAX_NAME_BYTES: usize = 1024;

/// What is locked. Compared byte for byte; cheap to clone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Key(Arc<str>);

/// Who holds it. Compared byte for byte; cheap to clone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Owner(Arc<str>);

impl Key {
  /// # Errors
  ///
  /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if `key` is empty, longer than [`MAX_NAME_BYTES`], or contains a
  /// NUL character, which PostgreSQL text cannot hold.
  pub fn new(key: impl Into<Arc<str>>) -> Result<Self> {
    checked("key", key.into()).map(Self)
  }

  #[must_use]
  pub fn as_str(&self) -> &str {
    &self.0
  }
}

impl Owner {
  /// # Errors
  ///
  /// As [`Key::new`].
  pub fn new(owner: impl Into<Arc<str>>) -> Result<Self> {
    checked("owner", owner.into()).map(Self)
  }

  /// An owner read from a database, where another program may have written what [`Owner::new`] would refuse.
  pub(crate) fn stored(owner: Arc<str>) -> Self {
    Self(owner)
  }

  /// An owner nobody else has: a random UUID.
  #[must_use]
  pub fn unique() -> Self {
    Self(uuid::Uuid::new_v4().to_string().into())
  }

  #[must_use]
  pub fn as_str(&self) -> &str {
    &self.0
  }
}

fn checked(what: &str, name: Arc<str>) -> Result<Arc<str>> {
  if name.is_empty() {
    return Err(Error::invalid_input(format!(
      "the {what} is empty: give it at least one character"
    )));
  }
  if name.len() > MAX_NAME_BYTES {
    return Err(Error::invalid_input(format!(
      "the {what} has {} bytes, the limit is {MAX_NAME_BYTES}: shorten it, or use a hash of it",
      name.len()
    )));
  }
  if name.contains('\0') {
    return Err(Error::invalid_input(format!(
      "the {what} contains a NUL character: remove it, or encode the {what}"
    )));
  }
  Ok(name)
}

impl fmt::Display for Key {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&self.0)
  }
}

impl fmt::Display for Owner {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&self.0)
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::error::ErrorKind;

  #[test]
  fn a_name_at_the_limit_is_accepted_and_one_byte_more_is_not() {
    assert!(Key::new("k".repeat(MAX_NAME_BYTES)).is_ok());
    let error = Key::new("k".repeat(MAX_NAME_BYTES + 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("1025 bytes"), "{error}");
  }

  #[test]
  fn the_limit_counts_bytes_not_characters() {
    assert!(Owner::new("é".repeat(MAX_NAME_BYTES / 2)).is_ok());
    assert!(Owner::new("é".repeat(MAX_NAME_BYTES / 2 + 1)).is_err());
  }

  #[test]
  fn empty_names_and_nul_characters_are_refused() {
    assert!(Key::new("").unwrap_err().to_string().contains("empty"));
    assert!(Owner::new("a\0b").unwrap_err().to_string().contains("NUL"));
  }

  #[test]
  fn unique_owners_differ() {
    assert_ne!(Owner::unique(), Owner::unique());
  }
}

use std::fmt;

use crate::error::{Error, Result};

/// Fits every database's identifiers (PostgreSQL has the shortest, 63 bytes) with room for a suffix.
const MAX_BYTES: usize = 48;

/// A table's name that needs no escaping: ASCII letters, digits and underscores, not beginning with a digit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TableName(String);

impl TableName {
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if `name` is anything else.
  pub fn new(name: &str) -> Result<Self> {
    let fits = (1..=MAX_BYTES).contains(&name.len())
      && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
      && !name.starts_with(|first: char| first.is_ascii_digit());
    if !fits {
      return Err(Error::configuration(format!(
        "the table name {name:?} is not usable: use 1 to {MAX_BYTES} ASCII letters, digits and underscores, \
         not beginning with a digit"
      )));
    }
    Ok(Self(name.to_owned()))
  }

  #[must_use]
  pub fn as_str(&self) -> &str {
    &self.0
  }
}

/// A table and, in PostgreSQL, the schema it is in; without one, the first of the connection's search path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table {
  pub schema: Option<TableName>,
  pub name: TableName,
}

impl Table {
  /// The table is called `lock` unless `name` says otherwise.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if a name is not usable.
  pub fn new(name: Option<&str>, schema: Option<&str>) -> Result<Self> {
    Ok(Self {
      schema: schema.map(TableName::new).transpose()?,
      name: TableName::new(name.unwrap_or("lock"))?,
    })
  }

  /// Each part between two of this quotation mark.
  pub(super) fn quoted(&self, mark: char) -> String {
    let name = format!("{mark}{}{mark}", self.name.as_str());
    match &self.schema {
      Some(schema) => format!("{mark}{}{mark}.{name}", schema.as_str()),
      None => name,
    }
  }
}

impl fmt::Display for Table {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(schema) = &self.schema {
      write!(formatter, "{}.", schema.as_str())?;
    }
    formatter.write_str(self.name.as_str())
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn plain_identifiers_are_table_names() {
    for name in ["lock", "_lock", "Lock2", &"l".repeat(MAX_BYTES)] {
      assert_eq!(TableName::new(name).unwrap().as_str(), name);
    }
  }

  #[test]
  fn anything_that_would_need_escaping_is_refused() {
    for name in [
      "",
      "2locks",
      "a b",
      "a\"b",
      "a;b",
      "a.b",
      "schloß",
      "a\0b",
      &"l".repeat(MAX_BYTES + 1),
    ] {
      assert!(TableName::new(name).is_err(), "{name:?}");
    }
  }
}

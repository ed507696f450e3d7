use super::Table;
use super::failure::Failure;

/// What the comment of a table says that this release made. A later one may make tables that this one cannot use.
pub(super) const LAYOUT: &str = "holdfast lock layout 1";

/// A column as the database describes it.
#[derive(Clone)]
pub(super) struct Column {
  pub(super) name: String,
  pub(super) kind: String,
  /// Whether a value of it alone names a row.
  pub(super) is_unique: bool,
  pub(super) table_comment: String,
}

/// Refuses a table that is no lock table. The first types are those of keys and owners, the last that of the expiration.
pub(super) fn check(table: &Table, columns: &[Column], texts: &[&str], integer: &str) -> Result<(), Failure> {
  let find = |name: &str| columns.iter().find(|column| column.name == name);
  let is_text = |column: &Column| texts.iter().any(|text| column.kind.starts_with(text));
  let (Some(key), Some(owner), Some(expiration)) = (find("key"), find("owner"), find("expiration")) else {
    return Err(other_shape(table, columns));
  };
  if !is_text(key) || !is_text(owner) || !expiration.kind.starts_with(integer) {
    return Err(other_shape(table, columns));
  }
  if !key.is_unique {
    return Err(Failure::configuration(format!(
      "the column \"key\" of the table {table} is not unique, so two holders could share a key: make it the primary \
       key, or choose another tableName"
    )));
  }
  match key.table_comment.strip_prefix("holdfast lock layout ") {
    Some(version) if version != "1" => Err(Failure::configuration(format!(
      "the table {table} has the layout version {version}, and this release of holdfast knows 1: upgrade holdfast, or \
       choose another tableName"
    ))),
    _ => Ok(()),
  }
}

fn other_shape(table: &Table, columns: &[Column]) -> Failure {
  let found: Vec<String> = columns
    .iter()
    .map(|column| format!("{} {}", column.name, column.kind))
    .collect();
  Failure::configuration(format!(
    "the table {table} has the columns ({}), and locks need (key, owner, expiration): choose another tableName, or \
     rename that table",
    found.join(", ")
  ))
}

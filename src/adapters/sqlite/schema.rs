use rusqlite::{Connection, OptionalExtension};

use super::session::Failure;
use crate::adapters::sql::TableName;
use crate::error::{Error, ErrorKind};

const VERSION: i64 = 1;

/// The statements of one pair of tables, composed once.
pub(super) struct Statements {
  pub(super) acquire: String,
  pub(super) release: String,
  pub(super) force_release: String,
  pub(super) refresh: String,
  pub(super) find: String,
  pub(super) last_fence: String,
  pub(super) keep_fence: String,
  pub(super) remove_some_expired: String,
  pub(super) any_live: String,
  pub(super) drop: String,
}

impl Statements {
  pub(super) fn new(table: &TableName) -> Self {
    let lock = format!("\"{}\"", table.as_str());
    let meta = format!("\"{}_meta\"", table.as_str());
    Self {
      acquire: format!(
        "INSERT INTO {lock} (key, owner, expiration, fence) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration, fence = excluded.fence \
         WHERE expiration <= ?5"
      ),
      release: format!(
        "DELETE FROM {lock} WHERE key = ?1 AND owner = ?2 AND (expiration IS NULL OR expiration > ?3) \
         AND fence = coalesce(?4, fence)"
      ),
      force_release: format!("DELETE FROM {lock} WHERE key = ?1 AND (expiration IS NULL OR expiration > ?2)"),
      refresh: format!(
        "UPDATE {lock} SET expiration = ?3 WHERE key = ?1 AND owner = ?2 AND expiration > ?4 \
         AND fence = coalesce(?5, fence)"
      ),
      find: format!(
        "SELECT owner, expiration, fence FROM {lock} WHERE key = ?1 AND (expiration IS NULL OR expiration > ?2)"
      ),
      last_fence: format!("SELECT value FROM {meta} WHERE name = 'fence'"),
      keep_fence: format!(
        "INSERT INTO {meta} (name, value) VALUES ('fence', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
      ),
      remove_some_expired: format!(
        "DELETE FROM {lock} WHERE key IN (SELECT key FROM {lock} WHERE expiration <= ?1 LIMIT 1000)"
      ),
      any_live: format!("SELECT EXISTS (SELECT 1 FROM {lock} WHERE expiration IS NULL OR expiration > ?1)"),
      drop: format!("DROP TABLE {lock}; DROP TABLE {meta}"),
    }
  }
}

/// Creates the tables, or checks and completes what is there. Runs in a transaction of the caller's.
pub(super) fn ensure(connection: &Connection, table: &TableName) -> Result<(), Failure> {
  let name = table.as_str();
  match existing_columns(connection, name)? {
    None => execute(
      connection,
      &format!(
        "CREATE TABLE \"{name}\" (key TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, expiration INTEGER, \
         fence INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
      ),
    )?,
    Some(columns) => adopt(connection, name, &columns)?,
  }
  let meta = format!("{name}_meta");
  match existing_columns(connection, &meta)? {
    None => execute(
      connection,
      &format!("CREATE TABLE \"{meta}\" (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"),
    )?,
    Some(columns) => require_columns(&meta, &columns, &["name", "value"])?,
  }
  execute(
    connection,
    &format!("INSERT OR IGNORE INTO \"{meta}\" (name, value) VALUES ('version', {VERSION})"),
  )?;
  check_version(connection, name)
}

/// Takes over a table that was there. One of three columns is what Kysely's lock adapters make; it only lacks `fence`.
fn adopt(connection: &Connection, table: &str, columns: &[String]) -> Result<(), Failure> {
  require_columns(table, columns, &["key", "owner", "expiration"])?;
  if !key_is_unique(connection, table)? {
    return Err(Failure::Error(Error::configuration(format!(
      "the column \"key\" of the table \"{table}\" is not unique, so two holders could share a key: make it the \
       primary key, or choose another tableName"
    ))));
  }
  if !has_column(columns, "fence") {
    execute(
      connection,
      &format!("ALTER TABLE \"{table}\" ADD COLUMN fence INTEGER NOT NULL DEFAULT 0"),
    )?;
  }
  Ok(())
}

fn has_column(columns: &[String], name: &str) -> bool {
  columns.iter().any(|column| column.eq_ignore_ascii_case(name))
}

fn require_columns(table: &str, columns: &[String], required: &[&str]) -> Result<(), Failure> {
  if required.iter().all(|name| has_column(columns, name)) {
    return Ok(());
  }
  Err(Failure::Error(Error::configuration(format!(
    "the table \"{table}\" has the columns ({}), and locks need ({}): choose another tableName, or rename that table",
    columns.join(", "),
    required.join(", ")
  ))))
}

/// `None` if there is no such table.
fn existing_columns(connection: &Connection, table: &str) -> Result<Option<Vec<String>>, Failure> {
  let read = || -> rusqlite::Result<Vec<String>> {
    connection
      .prepare("SELECT name FROM pragma_table_info(?1)")?
      .query_map([table], |row| row.get(0))?
      .collect()
  };
  let columns = read().map_err(reading_schema)?;
  Ok((!columns.is_empty()).then_some(columns))
}

fn key_is_unique(connection: &Connection, table: &str) -> Result<bool, Failure> {
  connection
    .query_row(
      "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) AS index_list WHERE index_list.\"unique\" \
       AND (SELECT group_concat(lower(name)) FROM pragma_index_info(index_list.name)) = 'key')",
      [table],
      |row| row.get(0),
    )
    .map_err(reading_schema)
}

fn check_version(connection: &Connection, table: &str) -> Result<(), Failure> {
  let version: Option<i64> = connection
    .query_row(
      &format!("SELECT value FROM \"{table}_meta\" WHERE name = 'version'"),
      [],
      |row| row.get(0),
    )
    .optional()
    .map_err(reading_schema)?;
  match version {
    Some(version) if version > VERSION => Err(Failure::Error(Error::new(
      ErrorKind::Configuration,
      format!(
        "the table \"{table}\" has the layout version {version}, and this release of holdfast knows {VERSION}: \
         upgrade holdfast, or choose another tableName"
      ),
    ))),
    _ => Ok(()),
  }
}

fn execute(connection: &Connection, statement: &str) -> Result<(), Failure> {
  connection
    .execute_batch(statement)
    .map_err(|error| Failure::from_sqlite(error, "create the lock tables"))
}

fn reading_schema(error: rusqlite::Error) -> Failure {
  Failure::from_sqlite(error, "read the schema")
}

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use super::{NOW_MICROSECONDS, hexadecimal};
use crate::adapters::sql::Table;
use crate::adapters::sql::client::{SqlClient, Value};
use crate::adapters::sql::failure::Failure;
use crate::adapters::sql::layout::{self, LAYOUT};

/// The table itself: how it is made, completed, swept and dropped.
pub(super) struct Schema {
  table: Table,
  expired: Arc<str>,
  remove: Arc<str>,
  any_live: Arc<str>,
  columns: Arc<str>,
  drop: Arc<str>,
}

impl Schema {
  pub(super) fn new(table: &Table) -> Self {
    let lock = table.quoted('`');
    let name = table.name.as_str();
    let now = format!("({NOW_MICROSECONDS} DIV 1000)");
    let expired_key = "JSON_TABLE(CONVERT(UNHEX(?) USING utf8mb4), '$[*]' COLUMNS (`key` VARCHAR(2048) PATH '$.key')) \
                       AS asked";
    Self {
      table: table.clone(),
      // Looked for first: a delete that looked for them would lock every row it passes.
      expired: format!(
        "SELECT HEX(`key`) AS name FROM {lock} WHERE expiration <= {now} AND fence <= {NOW_MICROSECONDS} - ? LIMIT 1000"
      )
      .into(),
      remove: format!(
        "DELETE held FROM {expired_key} STRAIGHT_JOIN {lock} AS held ON held.`key` = UNHEX(asked.`key`) \
         WHERE held.expiration <= {now} AND held.fence <= {NOW_MICROSECONDS} - ?"
      )
      .into(),
      any_live: format!("SELECT CAST(EXISTS (SELECT 1 FROM {lock} AS held WHERE held.expiration IS NULL OR held.expiration > {now}) AS SIGNED) AS any_live").into(),
      columns: format!(
        "SELECT CAST(columns.COLUMN_NAME AS CHAR) AS name, CAST(columns.COLUMN_TYPE AS CHAR) AS type, \
         CAST(EXISTS (SELECT 1 FROM information_schema.STATISTICS AS s WHERE s.TABLE_SCHEMA = DATABASE() \
         AND s.TABLE_NAME = '{name}' AND s.NON_UNIQUE = 0 GROUP BY s.INDEX_NAME \
         HAVING COUNT(*) = 1 AND MAX(s.COLUMN_NAME) = columns.COLUMN_NAME) AS SIGNED) AS indexes, \
         CAST(tables.TABLE_COMMENT AS CHAR) AS comment, CAST(columns.CHARACTER_SET_NAME AS CHAR) AS charset \
         FROM information_schema.COLUMNS AS columns JOIN information_schema.TABLES AS tables \
         ON tables.TABLE_SCHEMA = columns.TABLE_SCHEMA AND tables.TABLE_NAME = columns.TABLE_NAME \
         WHERE columns.TABLE_SCHEMA = DATABASE() AND columns.TABLE_NAME = '{name}' ORDER BY columns.ORDINAL_POSITION"
      )
      .into(),
      drop: format!("DROP TABLE IF EXISTS {lock}").into(),
    }
  }

  async fn columns(&self, client: &dyn SqlClient) -> Result<Vec<(layout::Column, String)>, Failure> {
    let reply = client.query(&self.columns, Vec::new()).await?;
    let text = |row: usize, column: usize| reply.value(row, column).as_str().unwrap_or_default().to_lowercase();
    Ok(
      (0..reply.rows.len())
        .map(|row| {
          let column = layout::Column {
            name: text(row, 0),
            kind: text(row, 1),
            is_unique: reply.value(row, 2).integer() == Some(1),
            table_comment: text(row, 3),
          };
          (column, text(row, 4))
        })
        .collect(),
    )
  }

  fn check(&self, columns: &[(layout::Column, String)]) -> Result<(), Failure> {
    let columns: Vec<layout::Column> = columns.iter().map(|(column, _)| column.clone()).collect();
    layout::check(&self.table, &columns, &["varchar", "varbinary"], "bigint")
  }

  /// What turns a table of the package this layout comes from into one that tells keys apart by their bytes. The
  /// programs that made it go on working with it.
  fn missing(&self, columns: &[(layout::Column, String)]) -> Vec<String> {
    let lock = self.table.quoted('`');
    let mut statements = Vec::new();
    let mut changes = Vec::new();
    for (column, charset) in columns {
      if column.name == "key" && !column.kind.starts_with("varbinary") {
        if charset != "utf8mb4" {
          statements.push(format!(
            "ALTER TABLE {lock} MODIFY `key` {} CHARACTER SET utf8mb4 NOT NULL",
            column.kind
          ));
        }
        changes.push("MODIFY `key` VARBINARY(1024) NOT NULL".to_owned());
      }
      if column.name == "owner" && (column.kind != "varchar(1024)" || charset != "utf8mb4") {
        changes.push("MODIFY owner VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL".to_owned());
      }
    }
    for name in ["fence", "batch"] {
      if !columns.iter().any(|(column, _)| column.name == name) {
        changes.push(format!("ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0"));
      }
    }
    if !changes.is_empty() {
      statements.push(format!("ALTER TABLE {lock} {}", changes.join(", ")));
    }
    statements
  }

  pub(super) fn definition(&self) -> Vec<String> {
    vec![format!(
      "CREATE TABLE IF NOT EXISTS {} (`key` VARBINARY(1024) NOT NULL PRIMARY KEY, \
       owner VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, expiration BIGINT NULL, \
       fence BIGINT NOT NULL DEFAULT 0, batch BIGINT NOT NULL DEFAULT 0) \
       ENGINE = InnoDB ROW_FORMAT = DYNAMIC COMMENT = '{LAYOUT}'",
      self.table.quoted('`')
    )]
  }

  pub(super) async fn ensure(&self, client: &dyn SqlClient, is_in_transaction: bool) -> Result<(), Failure> {
    let mut columns = self.columns(client).await?;
    if columns.is_empty() {
      outside(is_in_transaction)?;
      for statement in self.definition() {
        client.query(&statement.into(), Vec::new()).await?;
      }
      columns = self.columns(client).await?;
    }
    self.check(&columns)?;
    for statement in self.missing(&columns) {
      outside(is_in_transaction)?;
      match client.query(&statement.into(), Vec::new()).await {
        Ok(_) => {}
        // Two that complete a table at once: the one that lost finds it complete the next time.
        Err(Failure::Refused(error)) => return Err(Failure::Conflict(error)),
        Err(failure) => return Err(failure),
      }
    }
    Ok(())
  }

  pub(super) async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
    let columns = self.columns(client).await?;
    if columns.is_empty() {
      return Ok(true);
    }
    if self.check(&columns).is_err() || client.query(&self.any_live, Vec::new()).await?.value(0, 0).integer() != Some(0)
    {
      return Ok(false);
    }
    client.query(&self.drop, Vec::new()).await?;
    Ok(true)
  }

  pub(super) async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
    let age = Value::Integer(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    let expired = client.query(&self.expired, vec![age.clone()]).await?;
    let mut keys = String::from("[");
    for row in &expired.rows {
      let separator = if keys.len() == 1 { "" } else { "," };
      let key = row.first().and_then(Value::as_str).unwrap_or_default();
      let _ = write!(keys, "{separator}{{\"key\":\"{key}\"}}");
    }
    keys.push(']');
    if expired.rows.is_empty() {
      return Ok(0);
    }
    let reply = client.query(&self.remove, vec![hexadecimal(&keys), age]).await?;
    Ok(reply.affected_rows)
  }
}

fn outside(is_in_transaction: bool) -> Result<(), Failure> {
  if is_in_transaction {
    return Err(Failure::configuration(
      "the lock table is missing or incomplete, and MySQL would commit the transaction to create it: call init of an \
       adapter over the client itself first",
    ));
  }
  Ok(())
}

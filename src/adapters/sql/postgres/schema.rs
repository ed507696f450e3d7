use std::sync::Arc;
use std::time::Duration;

use super::{NOW, NOW_MICROSECONDS};
use crate::adapters::sql::Table;
use crate::adapters::sql::client::{Reply, SqlClient, Value};
use crate::adapters::sql::failure::Failure;
use crate::adapters::sql::layout::{self, LAYOUT};

/// The table itself: how it is made, completed, swept and dropped.
pub(super) struct Schema {
  table: Table,
  remove_some_expired: Arc<str>,
  columns: Arc<str>,
  drop: Arc<str>,
}

impl Schema {
  pub(super) fn new(table: &Table) -> Self {
    let lock = table.quoted('"');
    Self {
      table: table.clone(),
      // Rows that somebody keeps are for the next time, so that nobody waits here, and nobody in a circle.
      remove_some_expired: format!(
        "DELETE FROM {lock} WHERE key IN (SELECT key FROM {lock} WHERE expiration <= {NOW} \
         AND fence <= {NOW_MICROSECONDS} - $1::text::bigint LIMIT 1000 FOR UPDATE SKIP LOCKED)"
      )
      .into(),
      columns: format!(
        "SELECT attribute.attname::text AS name, format_type(attribute.atttypid, attribute.atttypmod) AS type, \
         (SELECT count(*) FROM pg_catalog.pg_index AS i WHERE i.indrelid = attribute.attrelid AND i.indisunique \
         AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = attribute.attnum) AS indexes, \
         coalesce(obj_description(attribute.attrelid, 'pg_class'), '') AS comment \
         FROM pg_catalog.pg_attribute AS attribute WHERE attribute.attrelid = to_regclass('{lock}') \
         AND attribute.attnum > 0 AND NOT attribute.attisdropped ORDER BY attribute.attnum"
      )
      .into(),
      drop: format!(
        "DO $$ BEGIN IF to_regclass('{lock}') IS NOT NULL THEN \
         LOCK TABLE {lock} IN ACCESS EXCLUSIVE MODE; \
         IF NOT EXISTS (SELECT FROM {lock} WHERE expiration IS NULL OR expiration > {NOW}) THEN DROP TABLE {lock}; \
         END IF; END IF; END $$"
      )
      .into(),
    }
  }

  async fn columns(&self, client: &dyn SqlClient) -> Result<Vec<layout::Column>, Failure> {
    let reply = client.query(&self.columns, Vec::new()).await?;
    Ok(
      reply
        .rows
        .iter()
        .map(|row| {
          let text = |column: usize| row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned();
          layout::Column {
            name: text(0),
            kind: text(1),
            is_unique: row.get(2).and_then(Value::integer).is_some_and(|indexes| indexes > 0),
            table_comment: text(3),
          }
        })
        .collect(),
    )
  }

  /// What an existing table lacks. The column types of the package this layout comes from hold 255 characters.
  fn missing(&self, columns: &[layout::Column]) -> Option<String> {
    let mut changes = Vec::new();
    for name in ["fence", "waited"] {
      if !columns.iter().any(|column| column.name == name) {
        changes.push(format!("ADD COLUMN IF NOT EXISTS {name} bigint NOT NULL DEFAULT 0"));
      }
    }
    for column in columns {
      if ["key", "owner"].contains(&column.name.as_str()) && column.kind != "text" {
        changes.push(format!("ALTER COLUMN {} TYPE text", column.name));
      }
    }
    (!changes.is_empty()).then(|| format!("ALTER TABLE {} {}", self.table.quoted('"'), changes.join(", ")))
  }

  pub(super) fn definition(&self) -> Vec<String> {
    let lock = self.table.quoted('"');
    vec![
      format!(
        "CREATE TABLE IF NOT EXISTS {lock} (key text COLLATE \"C\" NOT NULL PRIMARY KEY, \
         owner text COLLATE \"C\" NOT NULL, expiration bigint, fence bigint NOT NULL DEFAULT 0, \
         waited bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50)"
      ),
      format!("COMMENT ON TABLE {lock} IS '{LAYOUT}'"),
    ]
  }

  pub(super) async fn ensure(&self, client: &dyn SqlClient) -> Result<(), Failure> {
    let mut columns = self.columns(client).await?;
    if columns.is_empty() {
      for statement in self.definition() {
        beaten(client.query(&statement.into(), Vec::new()).await)?;
      }
      columns = self.columns(client).await?;
    }
    layout::check(&self.table, &columns, &["text", "character varying"], "bigint")?;
    if let Some(statement) = self.missing(&columns) {
      beaten(client.query(&statement.into(), Vec::new()).await)?;
    }
    Ok(())
  }

  pub(super) async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
    let columns = self.columns(client).await?;
    if layout::check(&self.table, &columns, &["text", "character varying"], "bigint").is_ok() {
      client.query(&self.drop, Vec::new()).await?;
      return Ok(self.columns(client).await?.is_empty());
    }
    Ok(columns.is_empty())
  }

  pub(super) async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
    let age = Value::text(age.as_micros().to_string());
    Ok(client.query(&self.remove_some_expired, vec![age]).await?.affected_rows)
  }
}

/// "IF NOT EXISTS" does not keep two that create the same at once from an error; whoever loses tries again, and finds
/// it made.
fn beaten(result: Result<Reply, Failure>) -> Result<(), Failure> {
  match result {
    Ok(_) => Ok(()),
    Err(Failure::Refused(error)) => Err(Failure::Conflict(error)),
    Err(failure) => Err(failure),
  }
}

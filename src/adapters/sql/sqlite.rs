use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Table;
use super::client::{Reply, SqlClient, Value};
use super::dialect::Statements as Composed;
use super::document::Parts;
use super::failure::Failure;
use super::layout;
use super::waves::Verb;
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::{Answer, Holder, Request, Until};

/// Milliseconds by the clock of SQLite's host, to the millisecond, in every version. It is the same wherever it stands
/// in a statement.
const NOW: &str = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";

/// Two tables and two triggers.
const SCHEMA: usize = 4;

/// The layout of the other kind of SQLite adapter, so that both can share a file: the table, and beside it one with the
/// last fence. There a transaction keeps the fence together with the grant; here a trigger does, so that a grant is one
/// statement.
///
/// One statement a verb: SQLite runs in the client's process, where a statement more costs microseconds. A writer is
/// alone in the file, so a deleted row leaves nothing behind that a later fence could fall short of.
pub(super) struct Statements {
  table: Table,
  acquire: Arc<str>,
  release: Arc<str>,
  force_release: Arc<str>,
  refresh: Arc<str>,
  find: Arc<str>,
  remove_some_expired: Arc<str>,
  any_live: Arc<str>,
  schema: Arc<str>,
  columns: Arc<str>,
}

impl Statements {
  pub(super) fn new(table: &Table) -> Self {
    let name = table.name.as_str();
    let lock = format!("\"{name}\"");
    let live = format!("(expiration IS NULL OR expiration > {NOW})");
    let next_fence =
      format!("max(coalesce((SELECT value FROM \"{name}_meta\" WHERE name = 'fence'), 0) + 1, {NOW} * 1000)");
    Self {
      table: table.clone(),
      acquire: format!(
        "INSERT INTO {lock} (key, owner, expiration, fence) VALUES (?, ?, {NOW} + ?, {next_fence}) \
         ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration, fence = excluded.fence \
         WHERE expiration <= {NOW} RETURNING fence"
      )
      .into(),
      release: format!(
        "DELETE FROM {lock} WHERE key = ? AND owner = ? AND fence = coalesce(?, fence) AND {live} RETURNING 1 AS released"
      )
      .into(),
      force_release: format!("DELETE FROM {lock} WHERE key = ? AND {live} RETURNING 1 AS released").into(),
      refresh: format!(
        "UPDATE {lock} SET expiration = {NOW} + ? WHERE key = ? AND owner = ? AND fence = coalesce(?, fence) \
         AND expiration > {NOW} RETURNING 1 AS refreshed"
      )
      .into(),
      find: format!("SELECT owner, expiration - {NOW} AS remaining, fence FROM {lock} WHERE key = ? AND {live}").into(),
      remove_some_expired: format!(
        "DELETE FROM {lock} WHERE key IN (SELECT key FROM {lock} WHERE expiration <= {NOW} AND fence <= {NOW} * 1000 - ? \
         LIMIT 1000) RETURNING 1 AS removed"
      )
      .into(),
      any_live: format!("SELECT EXISTS (SELECT 1 FROM {lock} WHERE {live}) AS any_live").into(),
      schema: format!(
        "SELECT name, sql FROM sqlite_master WHERE name IN ('{name}', '{name}_meta', '{name}_fence', '{name}_fence_update')"
      )
      .into(),
      columns: format!(
        "SELECT info.name AS name, upper(info.type) AS type, (SELECT count(*) FROM pragma_index_list('{name}') AS list \
         WHERE list.\"unique\" AND (SELECT group_concat(lower(name)) FROM pragma_index_info(list.name)) = info.name) \
         AS indexes FROM pragma_table_info('{name}') AS info"
      )
      .into(),
    }
  }

  async fn one(&self, client: &dyn SqlClient, request: &Request) -> Result<Answer, Failure> {
    let Parts { owner, ttl, fence } = Parts::of(request);
    let key = Value::text(request.key().as_str());
    let owner = owner.map_or(Value::Null, Value::text);
    match request {
      Request::Acquire { .. } => {
        let reply = client
          .query(&self.acquire, vec![key.clone(), owner, ttl.into()])
          .await?;
        if let Some(fence) = reply.value(0, 0).integer() {
          return Ok(Answer::Acquired {
            fence: Fence::try_from(fence).unwrap_or_default(),
          });
        }
        let until = match self.holder(client, key).await? {
          Some(Holder { remaining, .. }) => remaining.map_or(Until::Release, Until::Expiry),
          None => Until::Unknown,
        };
        Ok(Answer::Held { until })
      }
      Request::Release { .. } => {
        self
          .removed(client, &self.release, vec![key, owner, fence.into()])
          .await
      }
      Request::ForceRelease { .. } => self.removed(client, &self.force_release, vec![key]).await,
      Request::Refresh { .. } => {
        let asked = vec![ttl.into(), key.clone(), owner.clone(), fence.into()];
        if !client.query(&self.refresh, asked).await?.rows.is_empty() {
          return Ok(Answer::Refreshed);
        }
        Ok(match self.holder(client, key).await? {
          Some(holder)
            if owner.as_str() == Some(holder.owner.as_str())
              && holder.remaining.is_none()
              && fence.is_none_or(|fence| Fence::try_from(fence) == Ok(holder.fence)) =>
          {
            Answer::Unexpirable
          }
          _ => Answer::Unowned,
        })
      }
      Request::State { .. } => Ok(Answer::State(self.holder(client, key).await?)),
    }
  }

  async fn removed(&self, client: &dyn SqlClient, statement: &Arc<str>, values: Vec<Value>) -> Result<Answer, Failure> {
    Ok(Answer::Released(
      !client.query(statement, values).await?.rows.is_empty(),
    ))
  }

  async fn holder(&self, client: &dyn SqlClient, key: Value) -> Result<Option<Holder>, Failure> {
    let reply = client.query(&self.find, vec![key]).await?;
    Ok(reply.value(0, 0).as_str().map(|owner| {
      Holder {
        owner: Owner::stored(owner.into()),
        remaining: reply
          .value(0, 1)
          .integer()
          .map(|remaining| Duration::from_millis(u64::try_from(remaining).unwrap_or_default())),
        fence: reply
          .value(0, 2)
          .integer()
          .and_then(|fence| Fence::try_from(fence).ok())
          .unwrap_or_default(),
      }
    }))
  }

  async fn columns(&self, client: &dyn SqlClient) -> Result<Vec<layout::Column>, Failure> {
    let reply = client.query(&self.columns, Vec::new()).await?;
    let text = |row: usize, column: usize| reply.value(row, column).as_str().unwrap_or_default().to_owned();
    Ok(
      (0..reply.rows.len())
        .map(|row| layout::Column {
          name: text(row, 0),
          kind: text(row, 1),
          is_unique: reply.value(row, 2).integer().is_some_and(|indexes| indexes > 0),
          table_comment: String::new(),
        })
        .collect(),
    )
  }

  async fn existing(&self, client: &dyn SqlClient) -> Result<Reply, Failure> {
    client.query(&self.schema, Vec::new()).await
  }
}

#[async_trait]
impl Composed for Statements {
  /// Each is a transaction of its own, so one that fails must fail alone: what was done before it stays done.
  fn max_group(&self) -> usize {
    1
  }

  async fn answer(&self, client: &dyn SqlClient, _: Verb, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
      answers.push(self.one(client, request).await?);
    }
    Ok(answers)
  }

  fn definition(&self) -> Vec<String> {
    let name = self.table.name.as_str();
    vec![
      format!(
        "CREATE TABLE IF NOT EXISTS \"{name}\" (key TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, \
         expiration INTEGER, fence INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
      ),
      format!(
        "CREATE TABLE IF NOT EXISTS \"{name}_meta\" (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) \
         WITHOUT ROWID"
      ),
      format!("INSERT OR IGNORE INTO \"{name}_meta\" (name, value) VALUES ('version', 1)"),
      format!(
        "CREATE TRIGGER IF NOT EXISTS \"{name}_fence\" AFTER INSERT ON \"{name}\" BEGIN {} END",
        keep_fence(name)
      ),
      format!(
        "CREATE TRIGGER IF NOT EXISTS \"{name}_fence_update\" AFTER UPDATE OF fence ON \"{name}\" BEGIN {} END",
        keep_fence(name)
      ),
    ]
  }

  async fn ensure(&self, client: &dyn SqlClient, _: bool) -> Result<(), Failure> {
    if self.existing(client).await?.rows.len() == SCHEMA {
      let version = format!(
        "SELECT value FROM \"{}_meta\" WHERE name = 'version'",
        self.table.name.as_str()
      );
      let version = client.query(&version.into(), Vec::new()).await?;
      if version.value(0, 0).integer().is_some_and(|version| version > 1) {
        return Err(Failure::configuration(format!(
          "the table {} was made by a later release of holdfast: upgrade holdfast, or choose another tableName",
          self.table
        )));
      }
      return Ok(());
    }
    let columns = self.columns(client).await?;
    if !columns.is_empty() {
      layout::check(&self.table, &columns, &["TEXT", "VARCHAR"], "")?;
      if !columns.iter().any(|column| column.name == "fence") {
        let add = format!(
          "ALTER TABLE \"{}\" ADD COLUMN fence INTEGER NOT NULL DEFAULT 0",
          self.table.name.as_str()
        );
        match client.query(&add.into(), Vec::new()).await {
          // Somebody else was faster.
          Err(Failure::Refused(error)) if error.to_string().contains("duplicate column") => {}
          result => drop(result?),
        }
      }
    }
    for statement in self.definition() {
      client.query(&statement.into(), Vec::new()).await?;
    }
    Ok(())
  }

  async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
    let name = self.table.name.as_str();
    if self.existing(client).await?.rows.len() < SCHEMA {
      return Ok(true);
    }
    if client.query(&self.any_live, Vec::new()).await?.value(0, 0).integer() != Some(0) {
      return Ok(false);
    }
    client
      .query(&format!("DROP TABLE IF EXISTS \"{name}\"").into(), Vec::new())
      .await?;
    client
      .query(&format!("DROP TABLE IF EXISTS \"{name}_meta\"").into(), Vec::new())
      .await?;
    Ok(true)
  }

  async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
    let age = Value::Integer(i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    Ok(client.query(&self.remove_some_expired, vec![age]).await?.rows.len() as u64)
  }
}

fn keep_fence(name: &str) -> String {
  format!(
    "INSERT INTO \"{name}_meta\" (name, value) VALUES ('fence', NEW.fence) \
     ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value);"
  )
}

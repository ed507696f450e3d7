use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::Table;
use super::client::{Reply, SqlClient, Value};
use super::dialect::Statements as Composed;
use super::document::{Parts, document};
use super::failure::Failure;
use super::layout::{self, LAYOUT};
use super::waves::Verb;
use crate::error::{Error, ErrorKind};
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::{Answer, Holder, Request, Until};

/// Microseconds since the epoch by the server's clock, whatever the time zone of the server or the session, and without
/// the hour that a change from summer time has twice. It is the time at which the statement began, so that a lease is
/// never shorter for its holder than the holder thinks.
const NOW_MICROSECONDS: &str = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/// What stands for a lease without end among remaining milliseconds. Ttls are far below it, and fences far above.
const NO_END: i64 = 1 << 43;

/// The statements work on MySQL 8 and on MariaDB, neither of which tells which rows it changed.
///
/// A verb on one key is one statement: what became of an acquire comes back as the last insert id, which is the fence if
/// it was granted, and else what remains of the holder's lease. For more keys at once it takes a second look, in which a
/// row that the first statement changed is known by the number that this batch has given it.
///
/// Texts travel as hexadecimal digits: no `sql_mode`, character set or way of quoting of a client changes them. Keys are
/// binary, and owners are compared as such, so no collation matters.
pub(super) struct Statements {
  table: Table,
  acquire: Arc<str>,
  acquire_one: Arc<str>,
  granted: Arc<str>,
  release: Arc<str>,
  release_one: Arc<str>,
  released: Arc<str>,
  refresh: Arc<str>,
  refresh_one: Arc<str>,
  owned: Arc<str>,
  state: Arc<str>,
  expired: Arc<str>,
  remove: Arc<str>,
  any_live: Arc<str>,
  columns: Arc<str>,
  drop: Arc<str>,
}

impl Statements {
  pub(super) fn new(table: &Table) -> Self {
    let lock = table.quoted('`');
    let name = table.name.as_str();
    let now = format!("({NOW_MICROSECONDS} DIV 1000)");
    let key = "`key` VARCHAR(1024) CHARACTER SET utf8mb4 PATH '$.key'";
    let owner = "owner VARCHAR(1024) CHARACTER SET utf8mb4 PATH '$.owner'";
    let fence = "fence BIGINT PATH '$.fence'";
    let asked = |columns: &[&str]| {
      format!(
        "JSON_TABLE(CONVERT(UNHEX(?) USING utf8mb4), '$[*]' COLUMNS ({})) AS asked",
        columns.join(", ")
      )
    };
    let (n, ttl) = ("n BIGINT PATH '$.n'", "ttl BIGINT PATH '$.ttl'");
    let lease = asked(&[key, owner, ttl]);
    let grant = asked(&[key, owner, fence]);
    let ttl_of_grant = asked(&[key, owner, ttl, fence]);
    let place_of_grant = asked(&[n, key, owner, fence]);
    let place = asked(&[n, key]);
    let expired_key = asked(&["`key` VARCHAR(2048) PATH '$.key'"]);
    let same_key = "held.`key` = CAST(asked.`key` AS BINARY)";
    let live = format!("(held.expiration IS NULL OR held.expiration > {now})");
    let same_grant = "(asked.owner IS NULL OR CAST(held.owner AS BINARY) = CAST(asked.owner AS BINARY)) \
                      AND (asked.fence IS NULL OR held.fence = asked.fence)";
    let this_grant = "CAST(held.owner AS BINARY) = COALESCE(UNHEX(?), CAST(held.owner AS BINARY)) \
                      AND held.fence = COALESCE(?, held.fence)";
    let free = format!("{lock}.expiration <= {now}");
    // Assignments take effect from left to right, so what the others look at comes last.
    let take_over = format!(
      "ON DUPLICATE KEY UPDATE \
       owner = IF({free}, VALUES(owner), {lock}.owner), \
       batch = IF({free}, VALUES(batch), {lock}.batch), \
       fence = IF({free}, LAST_INSERT_ID(GREATEST({lock}.fence + 1, VALUES(fence))), \
       {lock}.fence + 0 * LAST_INSERT_ID(COALESCE({lock}.expiration - {now}, {NO_END}))), \
       expiration = IF({free}, VALUES(expiration), {lock}.expiration)"
    );
    Self {
      table: table.clone(),
      acquire: format!(
        "INSERT INTO {lock} (batch, `key`, owner, expiration, fence) \
         SELECT ?, CAST(asked.`key` AS BINARY), asked.owner, {now} + asked.ttl, LAST_INSERT_ID({NOW_MICROSECONDS}) \
         FROM {lease} {take_over}"
      )
      .into(),
      acquire_one: format!(
        "INSERT INTO {lock} (batch, `key`, owner, expiration, fence) \
         VALUES (?, UNHEX(?), CONVERT(UNHEX(?) USING utf8mb4), {now} + ?, LAST_INSERT_ID({NOW_MICROSECONDS})) \
         {take_over}"
      )
      .into(),
      granted: format!(
        "SELECT asked.n AS n, CAST(held.batch = ? AS SIGNED) AS is_granted, held.fence AS fence, \
         CAST(COALESCE(held.expiration - {now}, {NO_END}) AS SIGNED) AS remaining \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key}"
      )
      .into(),
      release: format!(
        "UPDATE {grant} STRAIGHT_JOIN {lock} AS held ON {same_key} SET held.expiration = 0, held.batch = ? \
         WHERE {live} AND {same_grant}"
      )
      .into(),
      release_one: format!(
        "UPDATE {lock} AS held SET held.expiration = 0 WHERE held.`key` = UNHEX(?) AND {live} AND {this_grant}"
      )
      .into(),
      released: format!(
        "SELECT asked.n AS n, CAST(held.batch = ? AS SIGNED) AS is_released \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key}"
      )
      .into(),
      refresh: format!(
        "UPDATE {ttl_of_grant} STRAIGHT_JOIN {lock} AS held ON {same_key} SET held.expiration = {now} + asked.ttl \
         WHERE held.expiration > {now} AND {same_grant}"
      )
      .into(),
      refresh_one: format!(
        "UPDATE {lock} AS held SET held.expiration = {now} + ? \
         WHERE held.`key` = UNHEX(?) AND held.expiration > {now} AND {this_grant}"
      )
      .into(),
      owned: format!(
        "SELECT asked.n AS n, CAST(held.expiration IS NULL AS SIGNED) AS has_no_end \
         FROM {place_of_grant} STRAIGHT_JOIN {lock} AS held ON {same_key} WHERE {live} AND {same_grant}"
      )
      .into(),
      state: format!(
        "SELECT asked.n AS n, held.owner AS owner, \
         CAST(COALESCE(held.expiration - {now}, {NO_END}) AS SIGNED) AS remaining, held.fence AS fence \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key} WHERE {live}"
      )
      .into(),
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
      any_live: format!("SELECT CAST(EXISTS (SELECT 1 FROM {lock} AS held WHERE {live}) AS SIGNED) AS any_live").into(),
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

  async fn acquire(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let batch = batch();
    if let [request] = requests {
      let Parts { owner, ttl, .. } = Parts::of(request);
      let parameters = vec![batch.clone(), key(request), hexadecimal_or_null(owner), ttl.into()];
      let reply = client.query(&self.acquire_one, parameters).await?;
      if let Some(answer) = of_insert_id(reply.insert_id) {
        return Ok(vec![answer]);
      }
    } else {
      let asked = hexadecimal(&document(requests));
      client.query(&self.acquire, vec![batch.clone(), asked]).await?;
    }
    let asked = hexadecimal(&document(requests));
    let reply = client.query(&self.granted, vec![batch, asked]).await?;
    // A row that is gone already was over and swept.
    let mut answers = vec![Answer::Held { until: Until::Unknown }; requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      answers[place] = match (number(row, 1), number(row, 2)) {
        (Some(1), Some(fence)) => Answer::Acquired { fence: positive(fence) },
        _ => Answer::Held {
          until: until(number(row, 3).unwrap_or_default()),
        },
      };
    }
    Ok(answers)
  }

  async fn release(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    if let [request] = requests {
      let Parts { owner, fence, .. } = Parts::of(request);
      let parameters = vec![key(request), hexadecimal_or_null(owner), fence.into()];
      let reply = client.query(&self.release_one, parameters).await?;
      return Ok(vec![Answer::Released(reply.affected_rows > 0)]);
    }
    let (batch, asked) = (batch(), hexadecimal(&document(requests)));
    let reply = client.query(&self.release, vec![asked.clone(), batch.clone()]).await?;
    let length = requests.len() as u64;
    if reply.affected_rows == length || reply.affected_rows == 0 {
      return Ok(vec![Answer::Released(reply.affected_rows > 0); requests.len()]);
    }
    let changed = reply.affected_rows;
    let reply = client.query(&self.released, vec![batch, asked]).await?;
    let mut answers = vec![Answer::Released(false); requests.len()];
    let mut found = 0;
    for (place, row) in placed(&reply, requests.len()) {
      if number(row, 1) == Some(1) {
        answers[place] = Answer::Released(true);
        found += 1;
      }
    }
    if found == changed {
      return Ok(answers);
    }
    // Somebody took a key in the meantime, and so the number of this batch off its row.
    Err(Failure::Error(Error::new(
      ErrorKind::Ambiguous,
      "which of the locks were released cannot be told, since some were taken again at once",
    )))
  }

  async fn refresh(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let asked = hexadecimal(&document(requests));
    let reply = if let [request] = requests {
      let Parts { owner, ttl, fence } = Parts::of(request);
      let parameters = vec![ttl.into(), key(request), hexadecimal_or_null(owner), fence.into()];
      client.query(&self.refresh_one, parameters).await?
    } else {
      client.query(&self.refresh, vec![asked.clone()]).await?
    };
    if reply.affected_rows == requests.len() as u64 {
      return Ok(vec![Answer::Refreshed; requests.len()]);
    }
    // What is owned and has an end was refreshed, even where a client does not count a row that kept its value.
    let reply = client.query(&self.owned, vec![asked]).await?;
    let mut answers = vec![Answer::Unowned; requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      answers[place] = match number(row, 1) {
        Some(1) => Answer::Unexpirable,
        _ => Answer::Refreshed,
      };
    }
    Ok(answers)
  }

  async fn state(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let reply = client
      .query(&self.state, vec![hexadecimal(&document(requests))])
      .await?;
    let mut answers = vec![Answer::State(None); requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      let remaining = number(row, 2).unwrap_or_default();
      answers[place] = Answer::State(row.get(1).and_then(Value::as_str).map(|owner| Holder {
        owner: Owner::stored(owner.into()),
        remaining: (remaining != NO_END).then(|| Duration::from_millis(positive(remaining))),
        fence: positive(number(row, 3).unwrap_or_default()),
      }));
    }
    Ok(answers)
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
}

#[async_trait]
impl Composed for Statements {
  async fn answer(&self, client: &dyn SqlClient, verb: Verb, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    match verb {
      Verb::Acquire => self.acquire(client, requests).await,
      Verb::Release => self.release(client, requests).await,
      Verb::Refresh => self.refresh(client, requests).await,
      Verb::State => self.state(client, requests).await,
    }
  }

  fn definition(&self) -> Vec<String> {
    vec![format!(
      "CREATE TABLE IF NOT EXISTS {} (`key` VARBINARY(1024) NOT NULL PRIMARY KEY, \
       owner VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, expiration BIGINT NULL, \
       fence BIGINT NOT NULL DEFAULT 0, batch BIGINT NOT NULL DEFAULT 0) \
       ENGINE = InnoDB ROW_FORMAT = DYNAMIC COMMENT = '{LAYOUT}'",
      self.table.quoted('`')
    )]
  }

  async fn ensure(&self, client: &dyn SqlClient, is_in_transaction: bool) -> Result<(), Failure> {
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

  async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
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

  async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
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

/// A number that no other batch has, exact in JavaScript.
fn batch() -> Value {
  let random = u64::from_be_bytes(uuid::Uuid::new_v4().as_u64_pair().1.to_be_bytes());
  Value::Integer(i64::try_from(random & ((1 << 53) - 1)).unwrap_or_default())
}

fn key(request: &Request) -> Value {
  hexadecimal(request.key().as_str())
}

fn hexadecimal_or_null(text: Option<&str>) -> Value {
  text.map_or(Value::Null, hexadecimal)
}

fn hexadecimal(text: &str) -> Value {
  const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
  let mut digits = String::with_capacity(2 * text.len());
  for byte in text.bytes() {
    digits.push(char::from(DIGITS[usize::from(byte >> 4)]));
    digits.push(char::from(DIGITS[usize::from(byte & 0xF)]));
  }
  Value::Text(digits)
}

/// `None`: the client does not tell.
fn of_insert_id(insert_id: u64) -> Option<Answer> {
  let no_end = positive(NO_END);
  match insert_id {
    0 => None,
    fence if fence > no_end => Some(Answer::Acquired { fence }),
    remaining => Some(Answer::Held {
      until: until(i64::try_from(remaining).unwrap_or_default()),
    }),
  }
}

fn until(remaining: i64) -> Until {
  match remaining {
    NO_END => Until::Release,
    remaining if remaining > 0 => Until::Expiry(Duration::from_millis(positive(remaining))),
    _ => Until::Unknown,
  }
}

fn positive(number: i64) -> Fence {
  Fence::try_from(number).unwrap_or_default()
}

fn number(row: &[Value], column: usize) -> Option<i64> {
  row.get(column).and_then(Value::integer)
}

/// Rows with their places in the group, which is their first column.
fn placed(reply: &Reply, length: usize) -> impl Iterator<Item = (usize, &[Value])> {
  reply.rows.iter().filter_map(move |row| {
    let place = usize::try_from(number(row, 0)?).ok()?;
    (place < length).then_some((place, row.as_slice()))
  })
}

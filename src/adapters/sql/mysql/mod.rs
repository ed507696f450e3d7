mod schema;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::schema::Schema;
use crate::adapters::sql::Table;
use crate::adapters::sql::client::{Reply, SqlClient, Value};
use crate::adapters::sql::dialect::Statements as Composed;
use crate::adapters::sql::document::{Parts, document};
use crate::adapters::sql::failure::Failure;
use crate::adapters::sql::waves::Verb;
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
pub(in crate::adapters::sql) struct Statements {
  schema: Schema,
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
}

impl Statements {
  pub(in crate::adapters::sql) fn new(table: &Table) -> Self {
    let lock = table.quoted('`');
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
      schema: Schema::new(table),
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
    self.schema.definition()
  }

  async fn ensure(&self, client: &dyn SqlClient, is_in_transaction: bool) -> Result<(), Failure> {
    self.schema.ensure(client, is_in_transaction).await
  }

  async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
    self.schema.drop_table(client).await
  }

  async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
    self.schema.remove_some_expired(client, age).await
  }
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

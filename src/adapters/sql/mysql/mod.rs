mod listed;
mod schema;
mod verbs;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;

use self::listed::Listed;
use self::schema::Schema;
use crate::adapters::sql::Table;
use crate::adapters::sql::client::{SqlClient, Value};
use crate::adapters::sql::dialect::Statements as Composed;
use crate::adapters::sql::failure::Failure;
use crate::adapters::sql::waves::Verb;
use crate::request::{Answer, Request};

/// Microseconds since the epoch by the server's clock, whatever the time zone of the server or the session, and without
/// the hour that a change from summer time has twice. It is the time at which the statement began, so that a lease is
/// never shorter for its holder than the holder thinks.
const NOW_MICROSECONDS: &str = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/// How many requests share a statement at most.
const MAX_GROUP: usize = 512;

/// What stands for a lease without end among remaining milliseconds. Ttls are far below it, and fences far above.
const NO_END: i64 = 1 << 43;

/// The statements work on MySQL 8 and on MariaDB, neither of which tells which rows it changed.
///
/// A verb on one key is one statement: what became of an acquire comes back as the last insert id, which is the fence if
/// it was granted, and else what remains of the holder's lease. So is one on many keys, if all that was asked for was done,
/// which the number of changed rows tells. Else it takes a second look, in which a row that the first statement changed is
/// known by the number that this batch has given it; one that was refreshed by its end, which is no earlier than when that
/// was, the last insert id. One that was released and taken again at once has another number, and a fence from after the
/// release, of which the last insert id tells as well.
///
/// Texts travel as hexadecimal digits: no `sql_mode`, character set or way of quoting of a client changes them. Keys are
/// binary, and owners are compared as such, so no collation matters.
pub(in crate::adapters::sql) struct Statements {
  schema: Schema,
  /// Whatever is asked.
  acquire: Arc<str>,
  acquire_one: Arc<str>,
  granted: Arc<str>,
  /// Whatever is asked.
  release: Arc<str>,
  release_one: Arc<str>,
  released: Arc<str>,
  refresh: Arc<str>,
  refresh_one: Arc<str>,
  owned: Arc<str>,
  state: Arc<str>,
  listed: Listed,
  /// Whether the last batch has found a free row for each of its keys, as the next one will where keys are used again.
  /// Only asked on connections of this crate: a row that is looked for and not there keeps others from the gap it would
  /// be in, until the transaction is over.
  are_keys_known: AtomicBool,
  is_ours: bool,
}

impl Statements {
  pub(in crate::adapters::sql) fn new(table: &Table, is_ours: bool) -> Self {
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
    let (n, ttl) = ("n FOR ORDINALITY", "ttl BIGINT PATH '$.ttl'");
    let lease = asked(&[key, owner, ttl]);
    let grant = asked(&[key, owner, fence]);
    let ttl_of_grant = asked(&[key, owner, ttl, fence]);
    let place_of_grant = asked(&[n, key, owner, fence]);
    let place = asked(&[n, key]);
    let same_key = "held.`key` = CAST(asked.`key` AS BINARY)";
    let live = format!("(held.expiration IS NULL OR held.expiration > {now})");
    // And tells when.
    let end = format!("held.expiration = 0 * LAST_INSERT_ID({NOW_MICROSECONDS})");
    let same_grant = "(asked.owner IS NULL OR CAST(held.owner AS BINARY) = CAST(asked.owner AS BINARY)) \
                      AND (asked.fence IS NULL OR held.fence = asked.fence)";
    let this_grant = "CAST(held.owner AS BINARY) = COALESCE(UNHEX(?), CAST(held.owner AS BINARY)) \
                      AND held.fence = COALESCE(?, held.fence)";
    Self {
      schema: Schema::new(table),
      acquire: format!(
        "INSERT INTO {lock} (batch, `key`, owner, expiration, fence) \
         SELECT ?, CAST(asked.`key` AS BINARY), asked.owner, {now} + asked.ttl, LAST_INSERT_ID({NOW_MICROSECONDS}) \
         FROM {lease} {}",
        take_over_many(&lock)
      )
      .into(),
      acquire_one: format!(
        "INSERT INTO {lock} (batch, `key`, owner, expiration, fence) \
         VALUES (?, UNHEX(?), CONVERT(UNHEX(?) USING utf8mb4), {now} + ?, LAST_INSERT_ID({NOW_MICROSECONDS})) \
         {}",
        take_over_one(&lock)
      )
      .into(),
      granted: format!(
        "SELECT CAST(asked.n AS SIGNED) AS n, CAST(held.batch = ? AS SIGNED) AS is_granted, held.fence AS fence, \
         CAST(COALESCE(held.expiration - {now}, {NO_END}) AS SIGNED) AS remaining \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key}"
      )
      .into(),
      release: format!(
        "UPDATE {grant} STRAIGHT_JOIN {lock} AS held ON {same_key} SET {end}, held.batch = ? \
         WHERE {live} AND {same_grant}"
      )
      .into(),
      release_one: format!(
        "UPDATE {lock} AS held SET held.expiration = 0 WHERE held.`key` = UNHEX(?) AND {live} AND {this_grant}"
      )
      .into(),
      released: format!(
        "SELECT CAST(asked.n AS SIGNED) AS n, CAST(held.batch = ? AS SIGNED) AS is_released, held.fence AS fence \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key}"
      )
      .into(),
      refresh: format!(
        "UPDATE {ttl_of_grant} STRAIGHT_JOIN {lock} AS held ON {same_key} \
         SET held.expiration = LAST_INSERT_ID({now}) + asked.ttl WHERE held.expiration > {now} AND {same_grant}"
      )
      .into(),
      refresh_one: format!(
        "UPDATE {lock} AS held SET held.expiration = {now} + ? \
         WHERE held.`key` = UNHEX(?) AND held.expiration > {now} AND {this_grant}"
      )
      .into(),
      owned: format!(
        "SELECT CAST(asked.n AS SIGNED) AS n, CAST(held.expiration IS NULL AS SIGNED) AS has_no_end \
         FROM {place_of_grant} STRAIGHT_JOIN {lock} AS held ON {same_key} \
         WHERE {same_grant} AND ({live} OR held.expiration >= NULLIF(?, 0))"
      )
      .into(),
      state: format!(
        "SELECT CAST(asked.n AS SIGNED) AS n, held.owner AS owner, \
         CAST(COALESCE(held.expiration - {now}, {NO_END}) AS SIGNED) AS remaining, held.fence AS fence \
         FROM {place} STRAIGHT_JOIN {lock} AS held ON {same_key} WHERE {live}"
      )
      .into(),
      listed: Listed::new(&lock, &now, &end, &live),
      are_keys_known: AtomicBool::new(false),
      is_ours,
    }
  }
}

/// All have the fence that comes back as the last insert id. A row whose fence is not below it is not taken.
fn take_over_many(lock: &str) -> String {
  let is_below = format!(" AND {lock}.fence < VALUES(fence)");
  take_over(lock, &is_below, &format!("VALUES(fence), {lock}.fence"))
}

fn take_over_one(lock: &str) -> String {
  let fence = format!(
    "LAST_INSERT_ID(GREATEST({lock}.fence + 1, VALUES(fence))), {lock}.fence + \
     0 * LAST_INSERT_ID(COALESCE({lock}.expiration - VALUES(fence) DIV 1000, {NO_END}))"
  );
  take_over(lock, "", &fence)
}

/// The fence of a row that is to be inserted is the time. Assignments take effect from left to right: the first says for
/// the others whether the row is taken.
fn take_over(lock: &str, further: &str, fence: &str) -> String {
  let taken = format!("{lock}.batch = VALUES(batch)");
  format!(
    "ON DUPLICATE KEY UPDATE batch = IF({lock}.expiration <= VALUES(fence) DIV 1000{further}, VALUES(batch), {lock}.batch), \
     owner = IF({taken}, VALUES(owner), {lock}.owner), \
     fence = IF({taken}, {fence}), \
     expiration = IF({taken}, VALUES(expiration), {lock}.expiration)"
  )
}

#[async_trait]
impl Composed for Statements {
  fn max_group(&self) -> usize {
    MAX_GROUP
  }

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

fn hexadecimal(text: &str) -> Value {
  const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
  let mut digits = String::with_capacity(2 * text.len());
  for byte in text.bytes() {
    digits.push(char::from(DIGITS[usize::from(byte >> 4)]));
    digits.push(char::from(DIGITS[usize::from(byte & 0xF)]));
  }
  Value::Text(digits)
}

fn key(request: &Request) -> Value {
  hexadecimal(request.key().as_str())
}

fn hexadecimal_or_null(text: Option<&str>) -> Value {
  text.map_or(Value::Null, hexadecimal)
}

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

/// The server's clock at the moment it is read, not at the begin of a transaction that may have waited. `date_part` gives
/// a double, which is exact to a microsecond until the year 2100; `extract` a decimal, with which a batch takes a third more.
const NOW: &str = "floor(date_part('epoch', clock_timestamp()) * 1000)::bigint";
const NOW_MICROSECONDS: &str = "floor(date_part('epoch', clock_timestamp()) * 1000000)::bigint";

/// How long a statement of ours waits for a row that another transaction keeps. It holds up all that travel with it.
const LOCK_TIMEOUT: &str = "250ms";

/// One statement a verb, for any number of keys. Each answers one row a member: its place and what became of it.
///
/// Everything a statement sets is local to its own transaction, so that a pooler may give each another session. What is
/// asked is addressed to one statement: should a pooler that does not know prepared statements have put another of the
/// same name into its place, that one finds nothing to do and answers no rows.
pub(in crate::adapters::sql) struct Statements {
  schema: Schema,
  acquire: Addressed,
  release: Addressed,
  refresh: Addressed,
  state: Addressed,
}

struct Addressed {
  address: String,
  /// For members in a document, which is its parameter.
  of_many: Arc<str>,
  /// For a single one, whose parts are its parameters: quicker to read, and to plan.
  of_one: Arc<str>,
}

impl Statements {
  pub(in crate::adapters::sql) fn new(table: &Table, is_ours: bool) -> Self {
    let lock = table.quoted('"');
    let channel = channel(table);
    let addressed = |verb: &str, compose: &dyn Fn(&str) -> String| {
      let address = format!("{verb} {table}");
      let many = format!(
        "ROWS FROM (json_to_recordset($1::json -> '{address}') AS (key text, owner text, ttl bigint, fence bigint)) \
         WITH ORDINALITY AS asked (key, owner, ttl, fence, n)"
      );
      let one = format!(
        "(SELECT 1::bigint AS n, $2::text AS key, $3::text AS owner, $4::text::bigint AS ttl, \
         $5::text::bigint AS fence WHERE $1::text = '{address}') AS asked"
      );
      Addressed {
        of_many: compose(&many).into(),
        of_one: compose(&one).into(),
        address,
      }
    };
    // A release need not reach the disk before it is answered: lost in a crash, it is a lease that lives to its end.
    // One that has none would live for ever, so that its release does.
    let (bounded_wait, cheap_commit) = if is_ours {
      (
        // In a query of its own, which is asked once and not for each row.
        format!("CASE WHEN (SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', true)) IS NOT NULL THEN asked.n END"),
        "CASE WHEN bool_and(released.expiration IS NULL OR released.expiration = 0) OVER () \
         THEN set_config('synchronous_commit', 'off', true) END"
          .to_owned(),
      )
    } else {
      ("asked.n".to_owned(), "NULL::text".to_owned())
    };
    Self {
      schema: Schema::new(table),
      // A key that is seen to be held is left alone: locking its row, only to leave it as it is, would cost a commit.
      acquire: addressed("acquire", &|asked| {
        format!(
          "WITH asked AS MATERIALIZED (\
           SELECT {bounded_wait} AS n, asked.key, asked.owner, asked.ttl, held.expiration - {NOW} AS remaining, \
           held.key IS NOT NULL AS is_known \
           FROM {asked} \
           LEFT JOIN {lock} AS held ON held.key = asked.key), \
           granted AS (\
           INSERT INTO {lock} AS held (key, owner, expiration, fence) \
           SELECT key, owner, {NOW} + ttl, {NOW_MICROSECONDS} FROM asked \
           WHERE NOT is_known OR remaining <= 0 ORDER BY key COLLATE \"C\" \
           ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration, \
           fence = greatest(held.fence + 1, excluded.fence) \
           WHERE held.expiration <= {NOW} RETURNING key, fence) \
           SELECT asked.n AS n, granted.fence AS fence, asked.is_known::int::bigint AS is_known, \
           asked.remaining AS remaining \
           FROM asked LEFT JOIN granted ON granted.key = asked.key"
        )
      }),
      release: addressed("release", &|asked| {
        format!(
          "WITH asked AS MATERIALIZED (\
           SELECT {bounded_wait} AS n, asked.key, asked.owner, asked.fence \
           FROM {asked}), \
           released AS (\
           UPDATE {lock} AS held SET expiration = CASE WHEN held.expiration IS NULL THEN -1 ELSE 0 END FROM asked \
           WHERE held.key = asked.key AND (held.expiration IS NULL OR held.expiration > {NOW}) \
           AND (asked.owner IS NULL OR held.owner = asked.owner) AND (asked.fence IS NULL OR held.fence = asked.fence) \
           RETURNING asked.n, held.key, held.expiration, held.waited) \
           SELECT asked.n AS n, (released.n IS NOT NULL)::int::bigint AS is_released, \
           CASE WHEN released.waited > {NOW} THEN pg_notify('{channel}', released.key)::text END AS told, \
           {cheap_commit} AS committed \
           FROM asked LEFT JOIN released ON released.n = asked.n"
        )
      }),
      refresh: addressed("refresh", &|asked| {
        format!(
          "WITH asked AS MATERIALIZED (\
           SELECT {bounded_wait} AS n, asked.key, asked.owner, asked.ttl, asked.fence \
           FROM {asked}), \
           refreshed AS (\
           UPDATE {lock} AS held SET expiration = {NOW} + asked.ttl FROM asked \
           WHERE held.key = asked.key AND held.owner = asked.owner AND held.expiration > {NOW} \
           AND (asked.fence IS NULL OR held.fence = asked.fence) RETURNING asked.n) \
           SELECT asked.n AS n, \
           CASE WHEN refreshed.n IS NOT NULL THEN 1::bigint WHEN held.key IS NOT NULL THEN -1::bigint ELSE 0::bigint END \
           AS refreshed \
           FROM asked LEFT JOIN refreshed ON refreshed.n = asked.n \
           LEFT JOIN {lock} AS held ON held.key = asked.key AND held.owner = asked.owner AND held.expiration IS NULL \
           AND (asked.fence IS NULL OR held.fence = asked.fence)"
        )
      }),
      state: addressed("state", &|asked| {
        format!(
          "SELECT asked.n AS n, held.owner::text AS owner, held.expiration - {NOW} AS remaining, held.fence AS fence \
           FROM {asked} LEFT JOIN {lock} AS held \
           ON held.key = asked.key AND (held.expiration IS NULL OR held.expiration > {NOW})"
        )
      }),
    }
  }
}

impl Addressed {
  async fn ask(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Reply, Failure> {
    let [request] = requests else {
      let document = format!("{{\"{}\":{}}}", self.address, document(requests));
      return client.query(&self.of_many, vec![Value::Text(document)]).await;
    };
    let Parts { owner, ttl, fence } = Parts::of(request);
    let number = |number: Option<i64>| number.map_or(Value::Null, |number| Value::text(number.to_string()));
    let parameters = vec![
      Value::text(self.address.as_str()),
      Value::text(request.key().as_str()),
      owner.map_or(Value::Null, Value::text),
      number(ttl),
      number(fence),
    ];
    client.query(&self.of_one, parameters).await
  }
}

/// Where releases are told of.
pub(in crate::adapters) fn channel(table: &Table) -> String {
  format!("holdfast:{}", table.name.as_str())
}

/// Says that somebody waits for a key, until so many milliseconds from now; a key that has no row is free.
pub(in crate::adapters) fn wait_for(table: &Table) -> String {
  let lock = table.quoted('"');
  format!(
    "UPDATE {lock} SET waited = {NOW} + $2::text::bigint WHERE key = $1::text \
     AND set_config('lock_timeout', '{LOCK_TIMEOUT}', true) IS NOT NULL \
     AND waited < {NOW} + $2::text::bigint / 2"
  )
}

#[async_trait]
impl Composed for Statements {
  async fn answer(&self, client: &dyn SqlClient, verb: Verb, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let (addressed, read): (&Addressed, fn(&[Value]) -> Answer) = match verb {
      Verb::Acquire => (&self.acquire, acquired),
      Verb::Release => (&self.release, |row| Answer::Released(number(row, 1) == Some(1))),
      Verb::Refresh => (&self.refresh, |row| match number(row, 1) {
        Some(1) => Answer::Refreshed,
        Some(-1) => Answer::Unexpirable,
        _ => Answer::Unowned,
      }),
      Verb::State => (&self.state, state),
    };
    let reply = addressed.ask(client, requests).await?;
    in_order(&reply, requests.len(), read)
  }

  fn definition(&self) -> Vec<String> {
    self.schema.definition()
  }

  async fn ensure(&self, client: &dyn SqlClient, _: bool) -> Result<(), Failure> {
    self.schema.ensure(client).await
  }

  async fn drop_table(&self, client: &dyn SqlClient) -> Result<bool, Failure> {
    self.schema.drop_table(client).await
  }

  async fn remove_some_expired(&self, client: &dyn SqlClient, age: Duration) -> Result<u64, Failure> {
    self.schema.remove_some_expired(client, age).await
  }
}

fn acquired(row: &[Value]) -> Answer {
  match (number(row, 1), number(row, 2), number(row, 3)) {
    (Some(fence), ..) => Answer::Acquired {
      fence: Fence::try_from(fence).unwrap_or_default(),
    },
    (None, Some(1), None) => Answer::Held { until: Until::Release },
    (None, Some(1), Some(remaining)) if remaining > 0 => Answer::Held {
      until: Until::Expiry(milliseconds(remaining)),
    },
    // Somebody else was granted it in this very moment.
    _ => Answer::Held { until: Until::Unknown },
  }
}

fn state(row: &[Value]) -> Answer {
  Answer::State(row.get(1).and_then(Value::as_str).map(|owner| {
    Holder {
      owner: Owner::stored(owner.into()),
      remaining: number(row, 2).map(milliseconds),
      fence: number(row, 3)
        .and_then(|fence| Fence::try_from(fence).ok())
        .unwrap_or_default(),
    }
  }))
}

fn number(row: &[Value], column: usize) -> Option<i64> {
  row.get(column).and_then(Value::integer)
}

fn milliseconds(remaining: i64) -> Duration {
  Duration::from_millis(u64::try_from(remaining).unwrap_or_default())
}

/// Rows come in any order; the first column is the place in the group, counted from one.
fn in_order(reply: &Reply, length: usize, read: impl Fn(&[Value]) -> Answer) -> Result<Vec<Answer>, Failure> {
  let mut answers: Vec<Option<Answer>> = vec![None; length];
  for row in &reply.rows {
    let place = number(row, 0).and_then(|place| usize::try_from(place - 1).ok());
    if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
      *answer = Some(read(row));
    }
  }
  answers.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| {
    Failure::Refused(Error::new(
      ErrorKind::Configuration,
      "another statement was executed than the one sent: a pooler mixes up prepared statements, so switch them off by \
       preparedStatements: false",
    ))
  })
}

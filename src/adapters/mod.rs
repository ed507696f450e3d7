//! One module per database, each behind [`LockAdapter`].

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};

#[cfg(test)]
mod contract;
pub mod memory;
pub mod mongodb;
pub mod mysql;
pub mod no_op;
pub mod postgres;
pub mod redis;
pub mod sql;
pub mod sqlite;
mod watch;

pub use watch::Watch;
use watch::Watches;

/// Speaks to one database.
///
/// What every adapter promises, checked for every one of them by `contract`:
///
/// - Each request is atomic: of two racing for one key, one at most is [`Answer::Acquired`].
/// - Requests come in slices, those of one turn of the event loop together, so that they can share a statement, a
///   pipeline or a transaction. They are answered in order, one answer a request; requests on one key take effect in the
///   order given. One that fails, fails alone, unless the database itself is what failed.
/// - Contention is an answer. Serialization failures, deadlocks and busy files are retried inside, a bounded number of
///   times; then an acquire is answered [`Answer::Held`]. An outage is an error, never "held".
/// - Expiry is computed and judged by the database's clock. A lease ends at the instant its ttl is over, not after it.
/// - Fences grow strictly per key, through release, expiry, force-release, cleanup and restart.
/// - Keys and owners are compared byte for byte.
/// - What was certainly not done fails with [`Connection`](crate::ErrorKind::Connection) or another kind; what was sent
///   and got no answer fails with [`Ambiguous`](crate::ErrorKind::Ambiguous). Either comes within the adapter's timeouts.
#[async_trait]
pub trait LockAdapter: Send + Sync + 'static {
  /// Answers on the calling thread if that needs no waiting. `None`: it would, and nothing was done.
  fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>>;

  /// Answers, however long it takes within the adapter's own limits. The first use initializes the adapter.
  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>>;

  /// Makes sure that a lease that was found by a [look](Request::State) counts as a grant, as an answer to an acquire
  /// does. `false`: it is over, or somebody else's.
  ///
  /// # Errors
  ///
  /// [`Ambiguous`](crate::ErrorKind::Ambiguous) if that could not be made sure of. The lease may last.
  async fn confirm(&self, _key: &Key, _owner: &Owner, _fence: Fence) -> Result<bool> {
    Ok(true)
  }

  /// Begins to listen for releases of a key by anybody. Those that happen after it has returned are heard. `None`: this
  /// database does not tell.
  ///
  /// # Errors
  ///
  /// If the subscription could not be made. Waiting then goes on by the interval alone.
  async fn watch(&self, _key: &Key) -> Result<Option<Watch>> {
    Ok(None)
  }

  /// Whether anybody but this adapter can hold, and wait for, its keys.
  fn is_shared(&self) -> bool {
    true
  }

  /// How much it is best asked at the same time.
  fn pace(&self) -> Pace {
    Pace::default()
  }

  /// The same adapter, if it never waits: then gathering requests gains nothing, and even a slice costs too much.
  fn immediate(&self) -> Option<&dyn Immediate> {
    None
  }

  /// Connects and creates what the adapter needs in the database. Does nothing the second time.
  ///
  /// # Errors
  ///
  /// If the database cannot be reached or is not fit for use.
  async fn init(&self) -> Result<()>;

  /// Removes what [`init`](LockAdapter::init) made, unless a live lease is in it; the next use makes it anew.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  async fn deinit(&self) -> Result<()>;

  /// Deletes expired leases and tells how many. Never needed for correctness.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  async fn remove_all_expired(&self) -> Result<u64>;

  /// Lets go of the database. What is asked afterwards fails with [`Closed`](crate::ErrorKind::Closed). Leases stay.
  async fn close(&self);
}

/// How much is asked at the same time, for most requests in the least time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
  /// The most requests in a slice. Those that are together share what a statement costs, but the first of them is
  /// answered when the last one is.
  pub batch_size: u32,
  /// The most slices under way. One grows while another is under way; two at a time may be in each other's way.
  pub most_under_way: u32,
  /// Whether slices that are under way together take effect in the order they were asked, where they share a key. Else
  /// those that do are never under way together.
  pub keeps_order: bool,
}

impl Default for Pace {
  /// For a database where a transaction costs most.
  fn default() -> Self {
    Self {
      batch_size: 256,
      most_under_way: 1,
      keeps_order: true,
    }
  }
}

/// An adapter that answers every request on the calling thread.
pub trait Immediate {
  /// # Errors
  ///
  /// If the adapter was closed.
  fn answer_now(&self, request: Request) -> Result<Answer>;
}

/// What a URL leaves open.
#[derive(Clone, Debug, Default)]
pub struct Options {
  /// The table of the leases, for adapters that have one.
  pub table_name: Option<String>,
  /// What stands in front of every key, for adapters that have no table.
  pub key_prefix: Option<String>,
}

const SCHEMES: &str = "\"memory:\", \"sqlite:PATH\", \"postgres://HOST/DATABASE\", \"mysql://HOST/DATABASE\", \
   \"redis://HOST\" or \"mongodb://HOST\"";

/// The adapter that `url` names, not yet connected:
///
/// | URL | adapter |
/// | --- | --- |
/// | `memory:` | memory, an instance of its own |
/// | `memory:NAME` | memory, the instance that everyone in this process shares under that name |
/// | `mongodb://HOST:PORT/DATABASE`, `mongodb+srv://HOST/DATABASE` | the MongoDB deployment there |
/// | `no-op:` | one that grants everything and keeps nothing |
/// | `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, `postgresql://…` | the PostgreSQL server there |
/// | `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, `mariadb://…` | the MySQL or MariaDB server there |
/// | `redis://HOST:PORT/DATABASE` and [others](redis::settings::Settings::of_url) | the Redis server, cluster or master there |
/// | `sqlite:PATH`, `sqlite://PATH` | the SQLite file at that path, relative to the working directory |
/// | `sqlite::memory:` | a SQLite database of its own in memory |
///
/// # Errors
///
/// [`Configuration`](crate::ErrorKind::Configuration) if the URL or an option is not understood.
pub fn open(url: &str, options: &Options) -> Result<Arc<dyn LockAdapter>> {
  match url.split_once(':') {
    Some(("memory", "")) => Ok(Arc::new(memory::MemoryAdapter::new())),
    Some(("memory", name)) => Ok(Arc::new(memory::MemoryAdapter::named(name))),
    Some(("mongodb" | "mongodb+srv", _)) => {
      let settings = mongodb::Settings {
        url: url.to_owned(),
        database: None,
        collection: options
          .table_name
          .as_deref()
          .unwrap_or(mongodb::DEFAULT_COLLECTION)
          .to_owned(),
        timeouts: mongodb::Timeouts::default(),
      };
      Ok(Arc::new(mongodb::MongodbAdapter::new(settings)?))
    }
    Some(("no-op", "")) => Ok(Arc::new(no_op::NoOpAdapter::default())),
    Some(("postgres" | "postgresql", _)) => {
      Ok(Arc::new(postgres::PostgresAdapter::new(&postgres::PostgresSettings {
        server: sql::Server::at(url),
        table_name: options.table_name.clone(),
        ..Default::default()
      })?))
    }
    Some(("mysql" | "mariadb", _)) => Ok(Arc::new(mysql::MysqlAdapter::new(&mysql::MysqlSettings {
      server: sql::Server::at(url),
      table_name: options.table_name.clone(),
    })?)),
    Some((
      "redis" | "rediss" | "redis+unix" | "redis+sentinel" | "rediss+sentinel" | "redis+cluster" | "rediss+cluster",
      _,
    )) => Ok(Arc::new(redis::RedisAdapter::open(url, options.key_prefix.as_deref())?)),
    Some(("sqlite", location)) => Ok(Arc::new(sqlite::SqliteAdapter::new(location, options)?)),
    Some((scheme, _)) => Err(Error::configuration(format!(
      "no adapter answers to \"{scheme}:\": use {SCHEMES}"
    ))),
    // Without a scheme the text may be a password typed into the wrong place, so it is not repeated.
    None => Err(Error::configuration(format!(
      "the adapter URL has no scheme: use {SCHEMES}"
    ))),
  }
}

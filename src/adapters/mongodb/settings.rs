use std::time::Duration;

use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern};

use super::failure::error_of;
use crate::error::{Error, ErrorKind, Result};

/// Where the leases are, and how long anything there may take.
#[derive(Clone, Debug)]
pub struct Settings {
  /// `mongodb://` or `mongodb+srv://`, as MongoDB's drivers read it. Concerns, read preference, retries and timeouts in
  /// it are not used.
  pub url: String,
  /// `None`: the one in the path of the URL, else `test`, as the drivers have it.
  pub database: Option<String>,
  pub collection: String,
  pub timeouts: Timeouts,
}

/// How long anything may take: a request is answered or fails within the sum.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
  /// For everything before a request is sent: finding the primary, and a connection to it.
  pub connect: Duration,
  /// For the answer to one that was sent.
  pub command: Duration,
}

pub const DEFAULT_COLLECTION: &str = "lock";

/// More connections than this gain nothing, since the server works on the leases of one collection.
const CONNECTIONS: u32 = 16;

const TIMEOUT_RANGE: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);

impl Default for Timeouts {
  fn default() -> Self {
    Self {
      connect: Duration::from_secs(5),
      command: Duration::from_secs(5),
    }
  }
}

impl Timeouts {
  /// In milliseconds; `None` is the default.
  ///
  /// # Errors
  ///
  /// [`Configuration`](ErrorKind::Configuration) if one is not between a millisecond and ten minutes.
  pub fn from_milliseconds(connect: Option<f64>, command: Option<f64>) -> Result<Self> {
    let default = Self::default();
    Ok(Self {
      connect: timeout("connectTimeout", connect, default.connect)?,
      command: timeout("commandTimeout", command, default.command)?,
    })
  }
}

fn timeout(name: &str, milliseconds: Option<f64>, default: Duration) -> Result<Duration> {
  let Some(milliseconds) = milliseconds else {
    return Ok(default);
  };
  Duration::try_from_secs_f64(milliseconds / 1000.0)
    .ok()
    .filter(|timeout| TIMEOUT_RANGE.contains(timeout))
    .ok_or_else(|| {
      Error::configuration(format!(
        "the {name} is {milliseconds} ms: pass 1 to 600000 milliseconds, or leave it out"
      ))
    })
}

impl Settings {
  /// # Errors
  ///
  /// [`Configuration`](ErrorKind::Configuration) if one of them cannot be used. What can only be told by the driver or
  /// the server is told at the first use.
  pub fn checked(self) -> Result<Self> {
    if !self.url.starts_with("mongodb://") && !self.url.starts_with("mongodb+srv://") {
      // Not the URL itself: it may have a password in it.
      return Err(Error::configuration(
        "the MongoDB URL does not begin with \"mongodb://\" or \"mongodb+srv://\": pass \"mongodb://HOST/DATABASE\"",
      ));
    }
    if let Some(database) = &self.database {
      check_database(database)?;
    }
    check_collection(&self.collection)?;
    Ok(self)
  }

  /// What the driver is to connect with. Looks up the hosts of a `mongodb+srv` URL.
  pub(super) async fn client_options(&self) -> Result<ClientOptions> {
    let parsing = tokio::time::timeout(self.timeouts.connect, ClientOptions::parse(&self.url)).await;
    let parsed = parsing.map_err(|_| {
      Error::new(
        ErrorKind::Connection,
        format!(
          "the hosts of the MongoDB URL were not found within {:?}: check the network and the name server",
          self.timeouts.connect
        ),
      )
    })?;
    let mut options = parsed.map_err(|error| error_of(error, false))?;
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.read_concern = Some(ReadConcern::majority());
    options.write_concern = Some(WriteConcern::majority());
    // A command that was sent is not sent again: whether it took effect is for others to find out.
    options.retry_writes = Some(false);
    options.retry_reads = Some(false);
    options.server_selection_timeout = Some(self.timeouts.connect);
    options.connect_timeout = Some(self.timeouts.connect);
    options.max_pool_size = Some(CONNECTIONS);
    options.min_pool_size = None;
    Ok(options)
  }
}

/// <https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions>, those of all platforms.
fn check_database(name: &str) -> Result<()> {
  if name.is_empty()
    || name.len() > 63
    || name.contains(['/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0'])
  {
    return Err(Error::configuration(
      "the database is not named as MongoDB wants it: use 1 to 63 bytes without / \\ . \" $ * < > : | ? and spaces",
    ));
  }
  Ok(())
}

fn check_collection(name: &str) -> Result<()> {
  if name.is_empty() || name.len() > 128 || name.contains(['$', '\0']) || name.starts_with("system.") {
    return Err(Error::configuration(
      "the collectionName is not one MongoDB takes: use 1 to 128 bytes without \"$\", not beginning with \"system.\"",
    ));
  }
  Ok(())
}

#[cfg(test)]
mod tests {
  use super::*;

  fn settings(url: &str, database: Option<&str>, collection: &str) -> Settings {
    Settings {
      url: url.to_owned(),
      database: database.map(str::to_owned),
      collection: collection.to_owned(),
      timeouts: Timeouts::default(),
    }
  }

  #[test]
  fn names_that_mongodb_does_not_take_are_refused() {
    for (database, collection) in [
      ("", "lock"),
      ("a.b", "lock"),
      ("a b", "lock"),
      ("test", ""),
      ("test", "a$b"),
      ("test", "system.lock"),
    ] {
      let error = settings("mongodb://localhost", Some(database), collection)
        .checked()
        .unwrap_err();
      assert_eq!(error.kind(), ErrorKind::Configuration, "{database:?} {collection:?}");
    }
    assert!(settings("mongodb+srv://host", None, "a.lock").checked().is_ok());
  }

  #[test]
  fn urls_of_something_else_are_refused_without_being_repeated() {
    let error = settings("mongo://user:secret@host", None, "lock")
      .checked()
      .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!error.to_string().contains("secret"), "{error}");
  }

  #[test]
  fn timeouts_are_a_millisecond_to_ten_minutes() {
    for milliseconds in [0.0, -1.0, 0.5, f64::NAN, f64::INFINITY, 600_001.0] {
      for (connect, command) in [(Some(milliseconds), None), (None, Some(milliseconds))] {
        assert!(Timeouts::from_milliseconds(connect, command).is_err(), "{milliseconds}");
      }
    }
    let timeouts = Timeouts::from_milliseconds(Some(1.0), Some(600_000.0)).unwrap();
    assert_eq!(timeouts.connect, Duration::from_millis(1));
    assert_eq!(timeouts.command, Duration::from_secs(600));
  }

  #[tokio::test]
  async fn what_a_url_says_of_concerns_and_retries_is_not_used() {
    let url =
      "mongodb://localhost/locks?readPreference=secondary&w=0&retryWrites=true&readConcernLevel=local&maxPoolSize=1";
    let options = settings(url, None, "lock").client_options().await.unwrap();
    assert_eq!(
      options.selection_criteria,
      Some(SelectionCriteria::ReadPreference(ReadPreference::Primary))
    );
    assert_eq!(options.write_concern, Some(WriteConcern::majority()));
    assert_eq!((options.retry_writes, options.retry_reads), (Some(false), Some(false)));
    assert_eq!(options.default_database.as_deref(), Some("locks"));
  }

  #[tokio::test]
  async fn a_url_the_driver_does_not_understand_is_a_configuration_error_without_the_password() {
    let error = settings("mongodb://user:secret@host/?tls=perhaps", None, "lock")
      .client_options()
      .await
      .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!error.to_string().contains("secret"), "{error}");
  }
}

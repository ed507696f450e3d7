use redis::{ConnectionAddr, IntoConnectionInfo};

use super::settings::{Address, Credentials, Place, Settings, Translation};
use super::tls::TlsSettings;
use crate::error::{Error, Result};

impl Settings {
  /// Where and as whom a URL says to connect:
  ///
  /// | URL | what is connected to |
  /// | --- | --- |
  /// | `redis://[USER][:PASSWORD]@HOST[:PORT][/DATABASE]` | a server |
  /// | `redis+unix:///PATH[?db=DATABASE&user=USER&pass=PASSWORD]` | a server on this host, through its Unix socket |
  /// | `redis+sentinel://[USER][:PASSWORD]@HOST:PORT[,HOST:PORT…]/NAME[/DATABASE]` | the master that sentinels know by that name; user and password are the master's |
  /// | `redis+cluster://[USER][:PASSWORD]@HOST:PORT[,HOST:PORT…]` | a cluster, through any of those nodes |
  ///
  /// With `rediss` in place of `redis` the connections are encrypted; those to sentinels are not.
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if it is none of them.
  pub fn of_url(url: &str) -> Result<Self> {
    let (scheme, rest) = url.split_once("://").ok_or_else(unusable)?;
    let (encrypted, kind) = match scheme.split_once('+').unwrap_or((scheme, "")) {
      ("redis", kind) => (false, kind),
      ("rediss", kind) => (true, kind),
      _ => return Err(unusable()),
    };
    let mut settings = match kind {
      "" => server(&format!("redis://{rest}")),
      "unix" if !encrypted => server(&format!("redis+unix://{rest}")),
      "sentinel" => sentinels(rest),
      "cluster" => cluster(rest),
      _ => Err(unusable()),
    }?;
    settings.tls = encrypted.then(TlsSettings::default);
    Ok(settings)
  }
}

fn server(url: &str) -> Result<Settings> {
  let info = url
    .into_connection_info()
    .map_err(|error| unusable().caused_by(error))?;
  let address = match info.addr() {
    ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
    ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => Address::tcp(host, *port),
    _ => return Err(unusable()),
  };
  let session = info.redis_settings();
  let mut settings = Settings::new(Place::Server(address));
  settings.credentials = Credentials {
    username: session.username().map(str::to_owned),
    password: session.password().map(str::to_owned),
  };
  settings.database = session.db();
  Ok(settings)
}

fn sentinels(rest: &str) -> Result<Settings> {
  let (authority, path) = rest.split_once('/').ok_or_else(unusable)?;
  let (name, database) = path.split_once('/').unwrap_or((path, ""));
  if name.is_empty() {
    return Err(unusable());
  }
  let (sentinels, mut settings) = several(authority, database)?;
  settings.place = Place::Sentinels {
    sentinels,
    name: name.to_owned(),
    credentials: Credentials::default(),
    tls: None,
    translation: Translation::default(),
  };
  Ok(settings)
}

fn cluster(rest: &str) -> Result<Settings> {
  let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
  let (nodes, mut settings) = several(authority, database)?;
  settings.place = Place::Cluster {
    nodes,
    translation: Translation::default(),
  };
  Ok(settings)
}

/// Hosts with a comma between them, and the settings of the first as a server.
fn several(authority: &str, database: &str) -> Result<(Vec<Address>, Settings)> {
  let (credentials, hosts) = match authority.rsplit_once('@') {
    Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
    None => (String::new(), authority),
  };
  let mut first = None;
  let mut addresses = Vec::new();
  for host in hosts.split(',') {
    let settings = server(&format!("redis://{credentials}{host}/{database}"))?;
    if let Place::Server(address) = &settings.place {
      addresses.push(address.clone());
    }
    first.get_or_insert(settings);
  }
  Ok((addresses, first.ok_or_else(unusable)?))
}

/// Not the URL itself: it may have a password in it.
fn unusable() -> Error {
  Error::configuration(
    "the Redis URL is not usable: pass \"redis://HOST:PORT/DATABASE\", \"rediss://HOST\", \"redis+unix:///PATH\", \
     \"redis+sentinel://HOST:PORT,HOST:PORT/NAME\" or \"redis+cluster://HOST:PORT,HOST:PORT\"",
  )
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::error::ErrorKind;

  #[test]
  fn a_server_is_read_of_its_url() {
    let settings = Settings::of_url("rediss://me:p%40ss@[::1]:7000/3").unwrap();
    assert!(matches!(settings.place, Place::Server(address) if address == Address::tcp("::1", 7000)));
    assert_eq!(settings.credentials.username.as_deref(), Some("me"));
    assert_eq!(settings.credentials.password.as_deref(), Some("p@ss"));
    assert_eq!(settings.database, 3);
    assert!(settings.tls.is_some());
  }

  #[test]
  fn a_unix_socket_is_read_of_its_url() {
    let settings = Settings::of_url("redis+unix:///run/redis.sock?db=2&pass=secret").unwrap();
    assert!(
      matches!(settings.place, Place::Server(Address::Unix(path)) if path == std::path::Path::new("/run/redis.sock"))
    );
    assert_eq!(settings.credentials.password.as_deref(), Some("secret"));
    assert_eq!(settings.database, 2);
  }

  #[test]
  fn sentinels_are_read_of_their_url() {
    let settings = Settings::of_url("redis+sentinel://:secret@one:26379,two/main/1").unwrap();
    let Place::Sentinels { sentinels, name, .. } = settings.place else {
      panic!("sentinels");
    };
    assert_eq!(
      sentinels,
      [Address::tcp("one", 26_379), Address::tcp("two", Address::PORT)]
    );
    assert_eq!(name, "main");
    assert_eq!(settings.credentials.password.as_deref(), Some("secret"));
    assert_eq!(settings.database, 1);
  }

  #[test]
  fn a_cluster_is_read_of_its_url() {
    let settings = Settings::of_url("redis+cluster://one:7000,two:7001").unwrap();
    assert!(matches!(settings.place, Place::Cluster { nodes, .. } if nodes.len() == 2));
  }

  #[test]
  fn other_urls_are_refused_without_being_repeated() {
    for url in [
      "redis",
      "redis://user:secret@:nonsense",
      "rediss+unix:///secret",
      "redis+sentinel://secret:1",
      "redis+sentinel://secret:1/",
      "redis+cluster://",
      "redis+secret://host",
      "https://secret",
    ] {
      let error = Settings::of_url(url).err().unwrap_or_else(|| panic!("{url}"));
      assert_eq!(error.kind(), ErrorKind::Configuration);
      assert!(!error.to_string().contains("secret"), "{error}");
    }
  }
}

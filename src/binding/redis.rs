//! Providers over Redis, from settings that were read of a client or a URL.

use std::path::PathBuf;
use std::sync::Arc;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::outcome::NativeFailure;
use super::provider::NativeLockProvider;
use crate::adapters::redis::RedisAdapter;
use crate::adapters::redis::settings::{Address, Credentials, Place, Replicas, Settings, Translation, timeout};
use crate::adapters::redis::tls::{Identity, TlsSettings};
use crate::error::{Error, Result};
use crate::provider::LockProvider;

/// Exactly one of `url`, `path` and `nodes` is given.
#[napi(object, object_to_js = false)]
pub struct NativeRedisOptions {
  pub url: Option<String>,
  /// Of a Unix socket.
  pub path: Option<String>,
  /// The server, or some sentinels, or some nodes of a cluster.
  pub nodes: Option<Vec<NativeRedisAddress>>,
  pub is_cluster: bool,
  /// The nodes are sentinels that watch a master.
  pub sentinel: Option<NativeRedisSentinel>,
  /// Addresses behind a NAT.
  pub translation: Option<Vec<NativeRedisTranslation>>,
  /// Those of a URL are taken if this is left out.
  pub credentials: Option<NativeRedisCredentials>,
  /// Not with a URL, which has its own.
  pub database: Option<f64>,
  pub tls: Option<NativeRedisTls>,
  pub key_prefix: Option<String>,
  /// Milliseconds.
  pub command_timeout: Option<f64>,
  /// Milliseconds.
  pub connect_timeout: Option<f64>,
  pub replicas: Option<f64>,
  /// Milliseconds.
  pub replicas_timeout: Option<f64>,
}

#[napi(object, object_to_js = false)]
pub struct NativeRedisAddress {
  pub host: String,
  pub port: f64,
}

#[napi(object, object_to_js = false)]
pub struct NativeRedisTranslation {
  /// `HOST:PORT`, as the servers know each other.
  pub from: String,
  pub to: NativeRedisAddress,
}

#[napi(object, object_to_js = false)]
pub struct NativeRedisCredentials {
  pub username: Option<String>,
  pub password: Option<String>,
}

#[napi(object, object_to_js = false)]
pub struct NativeRedisSentinel {
  /// Of the master.
  pub name: String,
  pub credentials: NativeRedisCredentials,
  pub tls: Option<NativeRedisTls>,
}

/// Certificates and keys are PEM.
#[napi(object, object_to_js = false)]
pub struct NativeRedisTls {
  pub ca: Vec<String>,
  pub cert: Option<String>,
  pub key: Option<String>,
  pub reject_unauthorized: bool,
  pub servername: Option<String>,
}

/// A provider over Redis. Nothing is connected to yet.
#[napi(catch_unwind)]
pub fn open_redis_provider(options: NativeRedisOptions) -> Either<NativeLockProvider, NativeFailure> {
  match settings(options).and_then(RedisAdapter::new) {
    Ok(adapter) => Either::A(NativeLockProvider::over(LockProvider::new(Arc::new(adapter)))),
    Err(error) => Either::B(error.into()),
  }
}

fn settings(options: NativeRedisOptions) -> Result<Settings> {
  let mut settings = match &options.url {
    Some(url) => Settings::of_url(url)?,
    None => Settings::new(Place::Server(Address::tcp("localhost", Address::PORT))),
  };
  if options.url.is_none() {
    settings.place = place(
      options.path,
      options.nodes,
      options.is_cluster,
      options.sentinel,
      options.translation,
    )?;
  }
  if let Some(credentials) = options.credentials {
    settings.credentials = credentials.into();
  }
  if let Some(number) = options.database {
    settings.database = whole("db", number)?;
  }
  if let Some(tls) = options.tls {
    settings.tls = Some(tls_settings(tls)?);
  }
  if let Some(key_prefix) = options.key_prefix {
    settings.key_prefix = key_prefix;
  }
  if let Some(milliseconds) = options.command_timeout {
    settings.command_timeout = timeout("commandTimeout", milliseconds)?;
  }
  if let Some(milliseconds) = options.connect_timeout {
    settings.connect_timeout = timeout("connectTimeout", milliseconds)?;
  }
  if let Some(count) = options.replicas {
    settings.replicas = Some(Replicas {
      count: whole("replicas", count)?,
      timeout: match options.replicas_timeout {
        Some(milliseconds) => timeout("replicasTimeout", milliseconds)?,
        None => Settings::REPLICAS_TIMEOUT.min(settings.command_timeout / 2),
      },
    });
  }
  Ok(settings)
}

fn place(
  path: Option<String>,
  nodes: Option<Vec<NativeRedisAddress>>,
  is_cluster: bool,
  sentinel: Option<NativeRedisSentinel>,
  translation: Option<Vec<NativeRedisTranslation>>,
) -> Result<Place> {
  if let Some(path) = path {
    return Ok(Place::Server(Address::Unix(PathBuf::from(path))));
  }
  let nodes: Vec<Address> = nodes
    .unwrap_or_default()
    .into_iter()
    .map(address)
    .collect::<Result<_>>()?;
  let translation: Translation = translation
    .unwrap_or_default()
    .into_iter()
    .map(|NativeRedisTranslation { from, to }| {
      let known = Address::parse(&from)
        .ok_or_else(|| Error::configuration(format!("\"{from}\" in the natMap is not \"HOST:PORT\"")))?;
      Ok((known, address(to)?))
    })
    .collect::<Result<_>>()?;
  if let Some(NativeRedisSentinel { name, credentials, tls }) = sentinel {
    return Ok(Place::Sentinels {
      sentinels: nodes,
      name,
      credentials: credentials.into(),
      tls: tls.map(tls_settings).transpose()?,
      translation,
    });
  }
  if is_cluster {
    return Ok(Place::Cluster { nodes, translation });
  }
  nodes
    .into_iter()
    .next()
    .map(Place::Server)
    .ok_or_else(|| Error::configuration("no Redis server is named: pass a host"))
}

fn address(NativeRedisAddress { host, port }: NativeRedisAddress) -> Result<Address> {
  Ok(Address::tcp(host, whole("port", port)?))
}

fn tls_settings(tls: NativeRedisTls) -> Result<TlsSettings> {
  let identity = match (tls.cert, tls.key) {
    (None, None) => None,
    (Some(certificates), Some(key)) => Some(Identity {
      certificates: certificates.into_bytes(),
      key: key.into_bytes(),
    }),
    _ => {
      return Err(Error::configuration(
        "tls has only one of cert and key: pass both or none",
      ));
    }
  };
  Ok(TlsSettings {
    authorities: tls.ca.into_iter().map(String::into_bytes).collect(),
    identity,
    accepts_any_certificate: !tls.reject_unauthorized,
    server_name: tls.servername,
  })
}

/// Numbers are doubles in JavaScript.
fn whole<T: TryFrom<i64>>(name: &str, number: f64) -> Result<T> {
  let refused = || Error::configuration(format!("the {name} is {number}: use a whole number in its range"));
  if number.fract() != 0.0 || number.abs() > 2_f64.powi(53) {
    return Err(refused());
  }
  #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
  let number = number as i64;
  T::try_from(number).map_err(|_| refused())
}

impl From<NativeRedisCredentials> for Credentials {
  fn from(NativeRedisCredentials { username, password }: NativeRedisCredentials) -> Self {
    Self { username, password }
  }
}

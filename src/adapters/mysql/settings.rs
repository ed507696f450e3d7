use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::adapters::sql::{Pem, Server, TlsMode};
use crate::error::{Error, Result};

/// How a [`MysqlAdapter`](super::MysqlAdapter) is set up.
#[derive(Clone, Default)]
pub struct MysqlSettings {
  pub server: Server,
  /// Default "lock".
  pub table_name: Option<String>,
}

impl MysqlSettings {
  /// Everything but the password, if that is to be asked for.
  pub(super) fn connect_options(&self) -> Result<MySqlConnectOptions> {
    let server = &self.server;
    server.check()?;
    let mut options = match &server.url {
      Some(url) => options_of_url(url)?,
      None => MySqlConnectOptions::new(),
    };
    if let Some(host) = &server.host {
      options = options.host(host);
    }
    if let Some(port) = server.port {
      options = options.port(port);
    }
    if let Some(socket) = &server.socket {
      options = options.socket(socket);
    }
    if let Some(user) = &server.user {
      options = options.username(user);
    }
    if let Some(database) = &server.database {
      options = options.database(database);
    }
    options = match server.tls.mode {
      Some(TlsMode::Disable) => options.ssl_mode(MySqlSslMode::Disabled),
      Some(TlsMode::Prefer) => options.ssl_mode(MySqlSslMode::Preferred),
      Some(TlsMode::Require) => options.ssl_mode(MySqlSslMode::Required),
      Some(TlsMode::VerifyAuthority) => options.ssl_mode(MySqlSslMode::VerifyCa),
      Some(TlsMode::VerifyFull) => options.ssl_mode(MySqlSslMode::VerifyIdentity),
      None => options,
    };
    options = match &server.tls.authority {
      Some(Pem::Text(text)) => options.ssl_ca_from_pem(text.clone().into_bytes()),
      Some(Pem::File(path)) => options.ssl_ca(path),
      None => options,
    };
    options = match &server.tls.certificate {
      Some(Pem::Text(text)) => options.ssl_client_cert_from_pem(text),
      Some(Pem::File(path)) => options.ssl_client_cert(path),
      None => options,
    };
    options = match &server.tls.key {
      Some(Pem::Text(text)) => options.ssl_client_key_from_pem(text),
      Some(Pem::File(path)) => options.ssl_client_key(path),
      None => options,
    };
    if options.get_database().is_none() {
      return Err(Error::configuration(
        "the MySQL settings name no database, and the lock table has to be in one: add it to the URL",
      ));
    }
    Ok(options.disable_statement_logging())
  }
}

fn options_of_url(url: &str) -> Result<MySqlConnectOptions> {
  let is_ours = url.starts_with("mysql:") || url.starts_with("mariadb:");
  is_ours
    .then(|| MySqlConnectOptions::from_str(url).ok())
    .flatten()
    // Neither the URL nor what the parser says of it: there may be a password in it.
    .ok_or_else(|| {
      Error::configuration("the MySQL URL is not usable: pass \"mysql://USER:PASSWORD@HOST:PORT/DATABASE\"")
    })
}

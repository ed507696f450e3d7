use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::adapters::sql::{Pem, Server, Table, TlsMode};
use crate::error::{Error, Result};

/// How a [`PostgresAdapter`](super::PostgresAdapter) is set up.
#[derive(Clone)]
pub struct PostgresSettings {
  pub server: Server,
  /// Default "lock".
  pub table_name: Option<String>,
  /// The schema of the table; the first of the search path unless set.
  pub schema: Option<String>,
  /// Whether statements are prepared once a connection and then called by name. Switch it off behind a pooler that gives
  /// each transaction another session and does not know prepared statements; three round trips more a statement.
  pub prepares: bool,
  /// Whether releases may be listened for, over a connection of its own while somebody waits.
  pub listens: bool,
}

impl Default for PostgresSettings {
  fn default() -> Self {
    Self {
      server: Server::default(),
      table_name: None,
      schema: None,
      prepares: true,
      listens: true,
    }
  }
}

impl PostgresSettings {
  pub(super) fn table(&self) -> Result<Table> {
    Table::new(self.table_name.as_deref(), self.schema.as_deref())
  }

  /// Everything but the password, if that is to be asked for.
  pub(super) fn connect_options(&self) -> Result<PgConnectOptions> {
    let server = &self.server;
    server.check()?;
    let mut options = match &server.url {
      Some(url) => options_of_url(url)?,
      None => PgConnectOptions::new_without_pgpass(),
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
      Some(TlsMode::Disable) => options.ssl_mode(PgSslMode::Disable),
      Some(TlsMode::Prefer) => options.ssl_mode(PgSslMode::Prefer),
      Some(TlsMode::Require) => options.ssl_mode(PgSslMode::Require),
      Some(TlsMode::VerifyAuthority) => options.ssl_mode(PgSslMode::VerifyCa),
      Some(TlsMode::VerifyFull) => options.ssl_mode(PgSslMode::VerifyFull),
      None => options,
    };
    options = match &server.tls.authority {
      Some(Pem::Text(text)) => options.ssl_root_cert_from_pem(text.clone().into_bytes()),
      Some(Pem::File(path)) => options.ssl_root_cert(path),
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
    if options.get_application_name().is_none() {
      options = options.application_name("holdfast");
    }
    // Poolers refuse settings at the start of a session that they do not know; nothing here needs this one.
    Ok(options.extra_float_digits(None).disable_statement_logging())
  }
}

fn options_of_url(url: &str) -> Result<PgConnectOptions> {
  let is_ours = url.starts_with("postgres:") || url.starts_with("postgresql:");
  is_ours
    .then(|| PgConnectOptions::from_str(url).ok())
    .flatten()
    // Neither the URL nor what the parser says of it: there may be a password in it.
    .ok_or_else(|| {
      Error::configuration("the PostgreSQL URL is not usable: pass \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"")
    })
}

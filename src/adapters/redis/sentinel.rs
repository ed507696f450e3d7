use redis::Value;
use tokio::time::{Duration, Instant};

use super::connection::{Connection, Dialer};
use super::settings::{Address, Translation};
use crate::error::{Error, ErrorKind, Result};

/// Of several sentinels, one that does not answer must not use up the time for the others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who knows where the master is: <https://redis.io/docs/latest/develop/reference/sentinel-clients/>.
pub(super) struct Sentinels {
  pub(super) addresses: Vec<Address>,
  pub(super) name: String,
  pub(super) dialer: Dialer,
  pub(super) translation: Translation,
}

impl Sentinels {
  /// A connection to the server that is the master by the word of a sentinel and its own.
  pub(super) async fn find(&self, server: &Dialer) -> Result<(Address, Connection)> {
    let mut last = None;
    for sentinel in &self.addresses {
      match tokio::time::timeout(PATIENCE, self.ask(sentinel)).await {
        Ok(Ok(Some(address))) => match tokio::time::timeout(PATIENCE, Self::confirm(server, &address)).await {
          Ok(Ok(connection)) => return Ok((address, connection)),
          Ok(Err(error)) => last = Some(error),
          Err(_) => last = Some(silence(&address)),
        },
        Ok(Ok(None)) => {
          last = Some(Error::configuration(format!(
            "the sentinel at {sentinel} knows no master \"{}\": check the name",
            self.name
          )));
        }
        Ok(Err(error)) => last = Some(error),
        Err(_) => last = Some(silence(sentinel)),
      }
    }
    Err(last.unwrap_or_else(|| Error::configuration("no sentinel is named: name one at least")))
  }

  async fn ask(&self, sentinel: &Address) -> Result<Option<Address>> {
    let connection = self.dialer.dial(sentinel).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.name);
    let answer = connection.ask(command, Instant::now() + PATIENCE).await?;
    let named: Option<(String, u16)> = redis::from_redis_value(answer).unwrap_or_default();
    Ok(named.map(|(host, port)| {
      let known = Address::tcp(host, port);
      self.translation.get(&known).cloned().unwrap_or(known)
    }))
  }

  /// A sentinel may not have heard yet that the master has been replaced.
  async fn confirm(server: &Dialer, address: &Address) -> Result<Connection> {
    let connection = server.dial(address).await?;
    let answer = connection.ask(redis::cmd("ROLE"), Instant::now() + PATIENCE).await;
    let role: Option<String> = match answer {
      Ok(Value::Array(parts)) => parts
        .into_iter()
        .next()
        .and_then(|part| redis::from_redis_value(part).ok()),
      // A user without the right to ask is told by READONLY as well, only later.
      _ => None,
    };
    match role.as_deref() {
      None | Some("master") => Ok(connection),
      Some(role) => Err(Error::new(
        ErrorKind::Connection,
        format!("the sentinels name {address}, which is a {role}: a fail-over is under way"),
      )),
    }
  }
}

fn silence(address: &Address) -> Error {
  Error::new(
    ErrorKind::Connection,
    format!("{address} did not answer within {} s", PATIENCE.as_secs()),
  )
}

//! Grants that count only when replicas have them: <https://redis.io/docs/latest/commands/wait/>.

use tokio::time::Instant;

use super::connection::Connection;
use super::node::Node;
use super::script::{Calls, Style, Way, confirmation, read};
use super::settings::Replicas;
use crate::error::{Error, ErrorKind, Result};
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};

/// Waits until enough replicas have the grants; takes those back that too few have, and makes errors of them.
///
/// It must be the connection over which they were made: of another one, the server would wait for nothing.
pub(super) async fn confirm(
  replicas: Replicas,
  style: &Style,
  node: &Node,
  connection: &Connection,
  grants: &mut [(&Request, &mut Result<Answer>)],
  deadline: Instant,
) {
  // Some of the time is kept to take back what is not confirmed.
  let now = Instant::now();
  let limit = now + deadline.saturating_duration_since(now) * 3 / 4;
  if let Err(reason) = wait(replicas, connection, limit).await {
    take_back(style, node, grants, &reason, deadline).await;
  }
}

/// Waits until enough replicas have what was written over that connection. If they do not have it: why.
async fn wait(replicas: Replicas, connection: &Connection, limit: Instant) -> std::result::Result<(), String> {
  let Replicas { count, timeout } = replicas;
  let mut wait = redis::cmd("WAIT");
  wait.arg(count).arg(timeout.as_millis().max(1).to_string());
  let heard: Result<u32> = match connection.ask(wait, limit).await {
    Ok(value) => redis::from_redis_value(value)
      .map_err(|error| Error::new(ErrorKind::Database, "the Redis server does not know WAIT").caused_by(error)),
    Err(error) => Err(error),
  };
  match heard {
    Ok(heard) if heard >= count => Ok(()),
    Ok(heard) => Err(format!(
      "{heard} of {count} replicas had heard of the grant after {} ms",
      timeout.as_millis()
    )),
    Err(error) => Err(format!(
      "the Redis server did not tell how many replicas have heard of the grant ({error})"
    )),
  }
}

/// Makes sure that a grant whose answer was lost is one that counts. `false`: it is over.
///
/// Nothing is taken back: the owner may have had the key by that grant before.
pub(super) async fn confirm_found(
  replicas: Replicas,
  style: &Style,
  node: &Node,
  (key, owner, fence): (&Key, &Owner, Fence),
  deadline: Instant,
) -> Result<bool> {
  let unconfirmed = |reason: String| {
    Error::new(
      ErrorKind::Ambiguous,
      format!("{reason}: it may last until its ttl is over, and does not count"),
    )
  };
  let connection = node
    .connection(deadline)
    .await
    .map_err(|error| unconfirmed(error.to_string()))?;
  let answer = connection.ask(confirmation(style, key, owner, fence), deadline).await;
  let answer = answer.map_err(|error| {
    node.forget(&connection);
    unconfirmed(error.to_string())
  })?;
  let is_found: bool = redis::from_redis_value(answer).map_err(|error| unconfirmed(error.to_string()))?;
  if is_found {
    wait(replicas, &connection, deadline).await.map_err(unconfirmed)?;
  }
  Ok(is_found)
}

async fn take_back(
  style: &Style,
  node: &Node,
  grants: &mut [(&Request, &mut Result<Answer>)],
  reason: &str,
  deadline: Instant,
) {
  let releases: Vec<Request> = grants
    .iter()
    .filter_map(|(request, answer)| release(request, answer))
    .collect();
  let way = Way {
    is_teaching: true,
    is_apart: true,
    ..Way::default()
  };
  let calls = Calls::new(style, way, &releases.iter().collect::<Vec<_>>());
  let values = match node.connection(deadline).await {
    Ok(connection) => connection.send(&calls.pipeline, deadline).await.ok(),
    Err(_) => None,
  };
  let mut replies = calls.replies(values.unwrap_or_default()).into_iter();
  for ((_, answer), release) in grants.iter_mut().zip(&releases) {
    let is_back = replies.next().is_some_and(|reply| read(release, reply.value).is_ok());
    **answer = Err(if is_back {
      Error::new(ErrorKind::Connection, format!("{reason}, so it was taken back"))
    } else {
      Error::new(
        ErrorKind::Ambiguous,
        format!("{reason}, and it could not be taken back: it may last until its ttl is over"),
      )
    });
  }
}

/// What ends that very grant.
fn release(request: &Request, answer: &Result<Answer>) -> Option<Request> {
  match (request, answer) {
    (Request::Acquire { key, owner, .. }, Ok(Answer::Acquired { fence })) => Some(Request::Release {
      key: key.clone(),
      owner: owner.clone(),
      fence: Some(*fence),
    }),
    _ => None,
  }
}

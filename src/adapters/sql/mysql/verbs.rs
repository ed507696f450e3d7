use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{NO_END, Statements, hexadecimal, hexadecimal_or_null, key};
use crate::adapters::sql::client::{Reply, SqlClient, Value};
use crate::adapters::sql::document::{Parts, document};
use crate::adapters::sql::failure::Failure;
use crate::error::{Error, ErrorKind};
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::{Answer, Holder, Request, Until};

/// Asking the statements, and reading what they answer.
impl Statements {
  pub(super) async fn acquire(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let batch = batch();
    let asked = || hexadecimal(&document(requests));
    if let [request] = requests {
      let Parts { owner, ttl, .. } = Parts::of(request);
      let parameters = vec![batch.clone(), key(request), hexadecimal_or_null(owner), ttl.into()];
      let reply = client.query(&self.acquire_one, parameters).await?;
      if let Some(answer) = of_insert_id(reply.insert_id) {
        return Ok(vec![answer]);
      }
    } else if let Some(fence) = self.acquire_all(client, &batch, requests).await? {
      return Ok(vec![Answer::Acquired { fence }; requests.len()]);
    }
    let looked = client.query(&self.granted, vec![batch, asked()]).await;
    let reply = looked.map_err(unknown)?;
    // A row that is gone already was over and swept.
    let mut answers = vec![Answer::Held { until: Until::Unknown }; requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      answers[place] = match (number(row, 1), number(row, 2)) {
        (Some(1), Some(fence)) => Answer::Acquired { fence: positive(fence) },
        _ => Answer::Held {
          until: until(number(row, 3).unwrap_or_default()),
        },
      };
    }
    if requests.len() > 1 {
      self.acquire_left(client, requests, &mut answers).await?;
    }
    Ok(answers)
  }

  /// The fence, which is the same for all. `None`: there are some that were not taken, and maybe some that were.
  async fn acquire_all(
    &self,
    client: &dyn SqlClient,
    batch: &Value,
    requests: &[&Request],
  ) -> Result<Option<Fence>, Failure> {
    let number = requests.len() as u64;
    let listed = self
      .are_keys_known
      .load(Ordering::Relaxed)
      .then(|| self.listed.acquire(batch, requests))
      .flatten();
    let is_begun = listed.is_some();
    if let Some((statement, parameters)) = listed {
      let reply = client.query(statement, parameters).await?;
      if reply.affected_rows == number {
        return Ok(Some(reply.insert_id));
      }
    }
    let asked = client.query(&self.acquire, vec![batch.clone(), hexadecimal(&document(requests))]);
    let reply = match asked.await {
      // What has been taken is found by a second look.
      Err(Failure::Conflict(_) | Failure::Refused(_)) if is_begun => return Ok(None),
      Err(failure) if is_begun => return Err(unknown(failure)),
      reply => reply?,
    };
    // A row that was taken counts twice, and no other does.
    let are_all = reply.affected_rows == 2 * number && reply.insert_id != 0;
    self.are_keys_known.store(are_all && self.is_ours, Ordering::Relaxed);
    Ok(are_all.then_some(reply.insert_id))
  }

  /// What was left though it is free: its fence is ahead of the clock, or it has become free since.
  async fn acquire_left(
    &self,
    client: &dyn SqlClient,
    requests: &[&Request],
    answers: &mut [Answer],
  ) -> Result<(), Failure> {
    for (request, answer) in requests.iter().zip(answers) {
      if *answer != (Answer::Held { until: Until::Unknown }) {
        continue;
      }
      match Box::pin(self.acquire(client, &[request])).await {
        Ok(mut again) => *answer = again.pop().unwrap_or_else(|| answer.clone()),
        Err(Failure::Conflict(_) | Failure::Refused(_)) => {}
        Err(failure) => return Err(unknown(failure)),
      }
    }
    Ok(())
  }

  pub(super) async fn release(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    if let [request] = requests {
      let Parts { owner, fence, .. } = Parts::of(request);
      let parameters = vec![key(request), hexadecimal_or_null(owner), fence.into()];
      let reply = client.query(&self.release_one, parameters).await?;
      return Ok(vec![Answer::Released(reply.affected_rows > 0)]);
    }
    let batch = batch();
    let asked = || hexadecimal(&document(requests));
    let (statement, parameters) = self
      .listed
      .release(&batch, requests)
      .unwrap_or_else(|| (&self.release, vec![asked(), batch.clone()]));
    let Reply {
      affected_rows: changed,
      insert_id: released_at,
      ..
    } = client.query(statement, parameters).await?;
    if changed == requests.len() as u64 || changed == 0 {
      return Ok(vec![Answer::Released(changed > 0); requests.len()]);
    }
    let looked = client.query(&self.released, vec![batch, asked()]).await;
    let reply = looked.map_err(unknown)?;
    // Whether it was released; `None` where somebody took it after the release, and with that the number of this batch off
    // it, or where the row is gone, which was over and swept.
    let mut seen = vec![None; requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      seen[place] = match (number(row, 1), number(row, 2)) {
        (Some(1), _) => Some(true),
        // Whoever takes a key gets a fence that is no earlier than the time.
        (_, Some(fence)) if positive(fence) < released_at => Some(false),
        _ => None,
      };
    }
    let count = |what| seen.iter().filter(|seen| **seen == what).count() as u64;
    let (released, untold) = (count(Some(true)), count(None));
    if changed != released && changed != released + untold {
      return Err(Failure::Error(Error::new(
        ErrorKind::Ambiguous,
        "which of the locks were released cannot be told, since some were taken again at once",
      )));
    }
    let is_released = |seen: Option<bool>| seen.unwrap_or(changed > released);
    Ok(seen.into_iter().map(is_released).map(Answer::Released).collect())
  }

  pub(super) async fn refresh(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let asked = hexadecimal(&document(requests));
    let reply = if let [request] = requests {
      let Parts { owner, ttl, fence } = Parts::of(request);
      let parameters = vec![ttl.into(), key(request), hexadecimal_or_null(owner), fence.into()];
      client.query(&self.refresh_one, parameters).await?
    } else {
      client.query(&self.refresh, vec![asked.clone()]).await?
    };
    if reply.affected_rows == requests.len() as u64 {
      return Ok(vec![Answer::Refreshed; requests.len()]);
    }
    // What is owned and has an end was refreshed, even where a client does not count a row that kept its value.
    let refreshed_at = i64::try_from(reply.insert_id).unwrap_or_default();
    let looked = client
      .query(&self.owned, vec![asked, Value::Integer(refreshed_at)])
      .await;
    let reply = looked.map_err(unknown)?;
    let mut answers = vec![Answer::Unowned; requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      answers[place] = match number(row, 1) {
        Some(1) => Answer::Unexpirable,
        _ => Answer::Refreshed,
      };
    }
    Ok(answers)
  }

  pub(super) async fn state(&self, client: &dyn SqlClient, requests: &[&Request]) -> Result<Vec<Answer>, Failure> {
    let reply = client
      .query(&self.state, vec![hexadecimal(&document(requests))])
      .await?;
    let mut answers = vec![Answer::State(None); requests.len()];
    for (place, row) in placed(&reply, requests.len()) {
      let remaining = number(row, 2).unwrap_or_default();
      answers[place] = Answer::State(row.get(1).and_then(Value::as_str).map(|owner| Holder {
        owner: Owner::stored(owner.into()),
        remaining: (remaining != NO_END).then(|| Duration::from_millis(positive(remaining))),
        fence: positive(number(row, 3).unwrap_or_default()),
      }));
    }
    Ok(answers)
  }
}

/// After a statement that may have done something, of which the second look was to tell.
fn unknown(failure: Failure) -> Failure {
  let message = "a statement was executed, and what came of it could not be asked for";
  Failure::Error(Error::new(ErrorKind::Ambiguous, message).caused_by(failure.into_error()))
}

/// A number that no other batch has, exact in JavaScript.
fn batch() -> Value {
  let random = u64::from_be_bytes(uuid::Uuid::new_v4().as_u64_pair().1.to_be_bytes());
  Value::Integer(i64::try_from(random & ((1 << 53) - 1)).unwrap_or_default())
}

/// `None`: the client does not tell.
fn of_insert_id(insert_id: u64) -> Option<Answer> {
  let no_end = positive(NO_END);
  match insert_id {
    0 => None,
    fence if fence > no_end => Some(Answer::Acquired { fence }),
    remaining => Some(Answer::Held {
      until: until(i64::try_from(remaining).unwrap_or_default()),
    }),
  }
}

fn until(remaining: i64) -> Until {
  match remaining {
    NO_END => Until::Release,
    remaining if remaining > 0 => Until::Expiry(Duration::from_millis(positive(remaining))),
    _ => Until::Unknown,
  }
}

fn positive(number: i64) -> Fence {
  Fence::try_from(number).unwrap_or_default()
}

fn number(row: &[Value], column: usize) -> Option<i64> {
  row.get(column).and_then(Value::integer)
}

/// Rows with their places in the group, which are their first column, counted from one.
fn placed(reply: &Reply, length: usize) -> impl Iterator<Item = (usize, &[Value])> {
  reply.rows.iter().filter_map(move |row| {
    let place = usize::try_from(number(row, 0)? - 1).ok()?;
    (place < length).then_some((place, row.as_slice()))
  })
}

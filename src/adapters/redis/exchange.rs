use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use redis::{ServerErrorKind, Value};
use tokio::time::{Duration, Instant, sleep};

use super::connection::{Connection, Failure};
use super::node::Node;
use super::refusal;
use super::replicas;
use super::script::{Calls, Reply, Style, Way, read};
use super::servers::Servers;
use super::settings::Replicas;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Answer, Request};

/// A request is sent on at most this often: to learn a script, to another node, over another connection.
const ROUNDS: u32 = 8;

/// Before what a cluster cannot answer in this moment is asked again; doubled every time.
const PAUSE: Duration = Duration::from_millis(20);

/// Brings requests to their servers and answers back.
///
/// A request is sent again only if it was certainly not done: it did not leave, or the server refused it.
pub(super) struct Exchange<'a> {
  pub(super) servers: &'a Servers,
  pub(super) style: &'a Style,
  pub(super) replicas: Option<Replicas>,
  pub(super) requests: &'a [Request],
  pub(super) deadline: Instant,
}

/// Requests for one server, to be sent together.
struct Parcel {
  node: Arc<Node>,
  members: Vec<usize>,
  way: Way,
}

enum Outcome {
  Answered(Result<Answer>),
  /// Not done; the error is for the case that it cannot be tried again.
  NotDone(Again, Error),
}

enum Again {
  /// There, in that way.
  At(Arc<Node>, Way),
  /// Wherever its key is served now.
  Anywhere,
  /// The same after a pause.
  Later,
}

impl Exchange<'_> {
  pub(super) async fn answers(&self) -> Vec<Result<Answer>> {
    let mut answers: Vec<Option<Result<Answer>>> = vec![None; self.requests.len()];
    let mut parcels = Vec::new();
    for (index, answer) in answers.iter_mut().enumerate() {
      *answer = self.address(&mut parcels, index, None).await.err().map(Err);
    }
    for round in 0..ROUNDS {
      let mut undone = Vec::new();
      for (index, outcome) in self.carry_all(parcels, round).await {
        match outcome {
          Outcome::Answered(answer) => answers[index] = Some(answer),
          Outcome::NotDone(again, error) => {
            answers[index] = Some(Err(error));
            undone.push((index, again));
          }
        }
      }
      if undone.is_empty() || round + 1 == ROUNDS || Instant::now() >= self.deadline {
        break;
      }
      if undone.iter().any(|(_, again)| matches!(again, Again::Later)) {
        sleep(PAUSE * 2_u32.pow(round)).await;
      }
      parcels = Vec::new();
      for (index, again) in undone {
        let place = match again {
          Again::At(node, way) => Some((node, way)),
          Again::Anywhere | Again::Later => None,
        };
        // If nobody serves the key now, what went wrong before is the better answer.
        let _ = self.address(&mut parcels, index, place).await;
      }
    }
    answers
      .into_iter()
      .map(|answer| answer.unwrap_or_else(|| Err(unanswered())))
      .collect()
  }

  /// Puts a request into the parcel for its server.
  async fn address(&self, parcels: &mut Vec<Parcel>, index: usize, place: Option<(Arc<Node>, Way)>) -> Result<()> {
    let (node, way) = match (place, self.servers) {
      (Some(place), _) => place,
      (None, Servers::One(node)) => (node.clone(), Way::default()),
      (None, servers) => {
        let name = self.style.name(self.requests[index].key());
        (servers.node_for(&name, self.deadline).await?, Way::default())
      }
    };
    match parcels
      .iter_mut()
      .find(|parcel| Arc::ptr_eq(&parcel.node, &node) && parcel.way == way)
    {
      Some(parcel) => parcel.members.push(index),
      None => parcels.push(Parcel {
        node,
        members: vec![index],
        way,
      }),
    }
    Ok(())
  }

  async fn carry_all(&self, mut parcels: Vec<Parcel>, round: u32) -> Vec<(usize, Outcome)> {
    if parcels.len() == 1
      && let Some(only) = parcels.pop()
    {
      return self.carry(only, round).await;
    }
    let carried = join_all(parcels.into_iter().map(|parcel| self.carry(parcel, round))).await;
    carried.into_iter().flatten().collect()
  }

  async fn carry(&self, Parcel { node, members, mut way }: Parcel, round: u32) -> Vec<(usize, Outcome)> {
    // A server that is taught between two calls would do them out of order.
    let is_one_call = members.len() <= self.style.most_in_a_call();
    way.is_teaching |= !is_one_call && self.has_shared_key(&members);
    let connection = match node.connection(self.deadline).await {
      Ok(connection) => connection,
      Err(error) => {
        self.servers.doubt();
        // Another node of a cluster may have taken over.
        let may_move = round == 0 && matches!(self.servers, Servers::Many(_));
        return all(&members, || {
          if may_move {
            Outcome::NotDone(Again::Anywhere, error.clone())
          } else {
            Outcome::Answered(Err(error.clone()))
          }
        });
      }
    };
    let replies = match self.send(&connection, &members, way).await {
      Ok(replies) => replies,
      Err(failure) => {
        node.forget(&connection);
        self.servers.doubt();
        return match failure {
          Failure::NotSent(error) => all(&members, || Outcome::NotDone(Again::Anywhere, error.clone())),
          Failure::Unanswered(error) => members
            .iter()
            .map(|index| (*index, Outcome::Answered(Err(lost(&self.requests[*index], &error)))))
            .collect(),
        };
      }
    };
    let mut outcomes: Vec<(usize, Outcome)> = members
      .iter()
      .zip(replies)
      .map(|(index, reply)| (*index, self.judge(&node, &connection, way, *index, reply, round)))
      .collect();
    if let Some(replicas) = self.replicas {
      let mut grants: Vec<(&Request, &mut Result<Answer>)> = outcomes
        .iter_mut()
        .filter_map(|(index, outcome)| match outcome {
          Outcome::Answered(answer @ Ok(Answer::Acquired { .. })) => Some((&self.requests[*index], answer)),
          _ => None,
        })
        .collect();
      if !grants.is_empty() {
        replicas::confirm(replicas, self.style, &node, &connection, &mut grants, self.deadline).await;
      }
    }
    outcomes
  }

  fn has_shared_key(&self, members: &[usize]) -> bool {
    let mut keys = HashSet::with_capacity(members.len());
    !members.iter().all(|index| keys.insert(self.requests[*index].key()))
  }

  async fn send(
    &self,
    connection: &Connection,
    members: &[usize],
    way: Way,
  ) -> std::result::Result<Vec<Reply>, Failure> {
    let requests: Vec<&Request> = members.iter().map(|index| &self.requests[*index]).collect();
    let calls = Calls::new(self.style, way, &requests);
    let values = connection.send(&calls.pipeline, self.deadline).await?;
    Ok(calls.replies(values))
  }

  /// What became of a request.
  fn judge(
    &self,
    node: &Arc<Node>,
    connection: &Connection,
    way: Way,
    index: usize,
    Reply { value, is_shared }: Reply,
    round: u32,
  ) -> Outcome {
    let Value::ServerError(refused) = &value else {
      return Outcome::Answered(read(&self.requests[index], value));
    };
    let detail = refused.details().unwrap_or_default();
    let again = match refused.kind() {
      Some(ServerErrorKind::NoScript) => Some(Again::At(
        node.clone(),
        Way {
          is_teaching: true,
          ..way
        },
      )),
      Some(ServerErrorKind::Moved) => self
        .servers
        .moved(node, detail)
        .map(|node| Again::At(node, Way::default())),
      Some(ServerErrorKind::Ask) => self.servers.asked(node, detail).map(|node| {
        Again::At(
          node,
          Way {
            is_asking: true,
            is_teaching: round > 0,
            ..way
          },
        )
      }),
      Some(ServerErrorKind::TryAgain) => Some(Again::Later),
      _ if refusal::is_of_a_replica(refused) => {
        // The master has changed places: who connects again is told where it is.
        node.forget(connection);
        self.servers.doubt();
        (round < 2).then_some(Again::Anywhere)
      }
      // It may be for one of them that all were refused.
      _ if is_shared => Some(Again::At(node.clone(), Way { is_apart: true, ..way })),
      _ => {
        if refused.kind() == Some(ServerErrorKind::ClusterDown) {
          self.servers.doubt();
        }
        None
      }
    };
    let refusal = read(&self.requests[index], value);
    match (again, refusal) {
      (Some(again), Err(error)) => Outcome::NotDone(again, error),
      (_, refusal) => Outcome::Answered(refusal),
    }
  }
}

fn all(members: &[usize], outcome: impl Fn() -> Outcome) -> Vec<(usize, Outcome)> {
  members.iter().map(|index| (*index, outcome())).collect()
}

/// What a request fails with that was sent and not answered. A look has changed nothing either way.
fn lost(request: &Request, error: &Error) -> Error {
  match request {
    Request::State { .. } => Error::new(
      ErrorKind::Connection,
      "the Redis server did not tell who holds the lock",
    )
    .caused_by(error.clone()),
    _ => error.clone(),
  }
}

fn unanswered() -> Error {
  Error::new(
    ErrorKind::Database,
    "the Redis server gave fewer answers than it was asked for",
  )
}

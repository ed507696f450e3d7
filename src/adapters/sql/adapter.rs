use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::Table;
use super::client::SqlClient;
use super::dialect::{Dialect, Statements};
use super::failure::Failure;
use super::sweeper;
use super::waves::{Group, Verb, Waves};
use crate::adapters::LockAdapter;
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Answer, Request, Until};

/// How often a statement is tried that meets other transactions, and the pause before the second time, which doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(10);

/// Where the client's statements run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
  /// On connections of this crate.
  OurConnections,
  /// On connections of the application, each statement in a transaction of its own.
  TheirConnections,
  /// In one transaction of the application, which goes on after them.
  TheirTransaction,
}

/// Locks in a table that a [`SqlClient`] reaches.
///
/// A lease is a row. In PostgreSQL and MySQL releasing it leaves the row, with an end that is long over: the row is what
/// makes the next fence of its key greater, whoever was waiting to insert one in the meantime, and rewriting a row costs
/// less than deleting and inserting it. [`remove_all_expired`](LockAdapter::remove_all_expired) deletes what is left.
pub struct SqlAdapter(Arc<Shared>);

pub(super) struct Shared {
  client: Arc<dyn SqlClient>,
  statements: Box<dyn Statements>,
  place: Place,
  sweep_interval: Option<Duration>,
  is_sweeping: AtomicBool,
  is_ready: AtomicBool,
  is_closed: AtomicBool,
  /// Held while the table is looked at or made.
  setting_up: Mutex<()>,
}

impl SqlAdapter {
  #[must_use]
  pub fn new(client: Arc<dyn SqlClient>, dialect: Dialect, table: &Table, place: Place) -> Self {
    Self::sweeping(client, dialect, table, place, None)
  }

  /// With a sweep of the table as often as this, from the first use on.
  pub(in crate::adapters) fn sweeping(
    client: Arc<dyn SqlClient>,
    dialect: Dialect,
    table: &Table,
    place: Place,
    sweep_interval: Option<Duration>,
  ) -> Self {
    Self(Arc::new(Shared {
      client,
      statements: dialect.statements(table, place == Place::OurConnections),
      place,
      sweep_interval,
      is_sweeping: AtomicBool::new(false),
      is_ready: AtomicBool::new(false),
      is_closed: AtomicBool::new(false),
      setting_up: Mutex::new(()),
    }))
  }
}

impl Shared {
  pub(super) fn is_closed(&self) -> bool {
    self.is_closed.load(Ordering::Acquire)
  }

  /// Deletes some rows whose lease is over and was granted longer ago than `age`, and tells how many.
  pub(super) async fn remove_some_expired(&self, age: Duration) -> std::result::Result<u64, Failure> {
    self
      .patiently(|| self.statements.remove_some_expired(&*self.client, age))
      .await
  }

  async fn prepare(self: &Arc<Self>) -> std::result::Result<(), Failure> {
    if self.is_closed() {
      return Err(Failure::Error(Error::closed()));
    }
    if self.is_ready.load(Ordering::Acquire) {
      return Ok(());
    }
    let _setting_up = self.setting_up.lock().await;
    if !self.is_ready.load(Ordering::Acquire) {
      let is_in_transaction = self.place == Place::TheirTransaction;
      self
        .patiently(|| self.statements.ensure(&*self.client, is_in_transaction))
        .await?;
      self.is_ready.store(true, Ordering::Release);
      if let Some(interval) = self.sweep_interval
        && !self.is_sweeping.swap(true, Ordering::AcqRel)
      {
        sweeper::begin(Arc::downgrade(self), interval);
      }
    }
    Ok(())
  }

  /// Tries again what met other transactions. Inside a transaction of the application that would be of no use: it has
  /// failed as a whole, or sees the same again.
  async fn patiently<T, Attempt>(&self, attempt: impl Fn() -> Attempt) -> std::result::Result<T, Failure>
  where
    Attempt: Future<Output = std::result::Result<T, Failure>>,
  {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
      match attempt().await {
        Err(Failure::Conflict(_)) if self.place != Place::TheirTransaction => {
          tokio::time::sleep(pause).await;
          pause *= 2;
        }
        result => return result,
      }
    }
    attempt().await
  }

  /// One statement, whatever comes of it; the table is made anew if it has gone.
  async fn attempt(self: &Arc<Self>, verb: Verb, requests: &[&Request]) -> std::result::Result<Vec<Answer>, Failure> {
    self.prepare().await?;
    match self.statements.answer(&*self.client, verb, requests).await {
      Err(Failure::NoTable(_)) if self.place != Place::TheirTransaction => {
        self.is_ready.store(false, Ordering::Release);
        self.prepare().await?;
        self.statements.answer(&*self.client, verb, requests).await
      }
      result => result,
    }
  }

  async fn answer_group(self: &Arc<Self>, verb: Verb, requests: &[&Request]) -> Vec<Result<Answer>> {
    match self.attempt(verb, requests).await {
      Ok(answers) => answers.into_iter().map(Ok).collect(),
      // One of them is the reason, and only that one is to suffer.
      Err(Failure::Conflict(_) | Failure::Refused(_))
        if requests.len() > 1 && self.place != Place::TheirTransaction =>
      {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
          answers.push(self.answer_one(verb, request).await);
        }
        answers
      }
      Err(Failure::Conflict(_)) if requests.len() == 1 && self.place != Place::TheirTransaction => {
        vec![self.answer_one(verb, requests[0]).await]
      }
      Err(failure) => vec![Err(failure.into_error()); requests.len()],
    }
  }

  async fn answer_one(self: &Arc<Self>, verb: Verb, request: &Request) -> Result<Answer> {
    let requests = [request];
    match self.patiently(|| self.attempt(verb, &requests)).await {
      Ok(mut answers) => answers.pop().ok_or_else(unanswered),
      Err(Failure::Conflict(_)) if verb == Verb::Acquire => Ok(Answer::Held { until: Until::Unknown }),
      Err(failure) => Err(failure.into_error()),
    }
  }

  async fn answer(self: &Arc<Self>, requests: &[Request]) -> Vec<Result<Answer>> {
    let Waves { groups, followers } = Waves::of(requests, self.statements.max_group());
    let mut answers: Vec<Option<Result<Answer>>> = vec![None; requests.len()];
    let mut outage: Option<Error> = None;
    for Group { verb, members } in groups {
      let asked: Vec<&Request> = members.iter().map(|place| &requests[*place]).collect();
      let answered = match &outage {
        Some(error) => vec![Err(error.clone()); asked.len()],
        None => self.answer_group(verb, &asked).await,
      };
      if let Some(Err(error)) = answered.first() {
        outage = unsent(error);
      }
      for (place, answer) in members.into_iter().zip(answered) {
        answers[place] = Some(answer);
      }
    }
    for (place, leader) in followers {
      answers[place] = answers[leader].as_ref().map(|answer| follow(&requests[leader], answer));
    }
    answers
      .into_iter()
      .map(|answer| answer.unwrap_or_else(|| Err(unanswered())))
      .collect()
  }
}

/// What to say to the rest of a batch after a connection was lost: they were not sent, so that nobody waits for the
/// same outage again and again.
fn unsent(error: &Error) -> Option<Error> {
  match error.kind() {
    ErrorKind::Connection | ErrorKind::Ambiguous => Some(
      Error::new(
        ErrorKind::Connection,
        "not sent, since the database had just failed to answer",
      )
      .caused_by(error.clone()),
    ),
    ErrorKind::Closed | ErrorKind::Configuration => Some(error.clone()),
    _ => None,
  }
}

fn unanswered() -> Error {
  Error::new(
    ErrorKind::Database,
    "the database answered with fewer rows than it was asked about",
  )
}

/// The answer to a request that came right behind one of the same verb on the same key.
fn follow(leader: &Request, answer: &Result<Answer>) -> Result<Answer> {
  match (leader, answer) {
    (Request::Acquire { ttl, .. }, Ok(Answer::Acquired { .. })) => Ok(Answer::Held {
      until: ttl.map_or(Until::Release, |ttl| Until::Expiry(ttl.duration())),
    }),
    _ => answer.clone(),
  }
}

#[async_trait]
impl LockAdapter for SqlAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.0.answer(&requests).await
  }

  async fn init(&self) -> Result<()> {
    self.0.prepare().await.map_err(Failure::into_error)
  }

  async fn deinit(&self) -> Result<()> {
    if self.0.is_closed() {
      return Err(Error::closed());
    }
    let shared = &self.0;
    let _setting_up = shared.setting_up.lock().await;
    let is_gone = shared
      .patiently(|| shared.statements.drop_table(&*shared.client))
      .await
      .map_err(Failure::into_error)?;
    if is_gone {
      shared.is_ready.store(false, Ordering::Release);
    }
    Ok(())
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    self.0.prepare().await.map_err(Failure::into_error)?;
    let mut removed = 0;
    loop {
      match self
        .0
        .remove_some_expired(Duration::ZERO)
        .await
        .map_err(Failure::into_error)?
      {
        0 => return Ok(removed),
        some => removed += some,
      }
    }
  }

  async fn close(&self) {
    if !self.0.is_closed.swap(true, Ordering::AcqRel) {
      self.0.client.close().await;
    }
  }
}

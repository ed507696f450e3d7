use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::bson::doc;
use tokio::task::JoinSet;

use super::collection;
use super::command::{self, RETENTION};
use super::failure::Failure;
use super::link::Link;
use super::releases::Releases;
use super::settings::Settings;
use super::unanswered::Unanswered;
use crate::adapters::Watch;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;
use crate::request::{Answer, Request, Until};

/// How often a verb meets another writer before it gives up, and how long it pauses between two tries, growing with each.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(2);

/// A collection that is ready for use.
pub(super) struct Session {
  leases: Arc<Leases>,
  releases: Releases,
}

struct Leases {
  link: Arc<Link>,
  collection: String,
  unanswered: Unanswered,
}

impl Session {
  pub(super) async fn open(settings: &Settings) -> Result<Self> {
    let link = Arc::new(Link::open(settings).await?);
    let collection = settings.collection.clone();
    collection::ensure(&link, &collection).await?;
    Ok(Self {
      releases: Releases::new(Arc::clone(&link), collection.clone()),
      leases: Arc::new(Leases {
        link,
        collection,
        unanswered: Unanswered::default(),
      }),
    })
  }

  pub(super) async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    let count = requests.len();
    let lines = in_lines(requests);
    let mut answers = vec![None; count];
    let mut under_way = JoinSet::new();
    let mut lines = lines.into_iter();
    // One is answered in this task: most batches are of one.
    let first = lines.next();
    for line in lines {
      let leases = Arc::clone(&self.leases);
      under_way.spawn(async move { leases.answer(line).await });
    }
    if let Some(line) = first {
      for (index, answer) in self.leases.answer(line).await {
        answers[index] = Some(answer);
      }
    }
    while let Some(line) = under_way.join_next().await {
      for (index, answer) in line.into_iter().flatten() {
        answers[index] = Some(answer);
      }
    }
    answers
      .into_iter()
      .map(|answer| answer.unwrap_or_else(|| Err(stopped())))
      .collect()
  }

  pub(super) async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    self.releases.watch(key).await
  }

  pub(super) async fn remove_all_expired(&self) -> Result<u64> {
    self.leases.remove_all_expired().await
  }

  pub(super) async fn close(&self) {
    self.releases.close();
    self.leases.link.close().await;
  }
}

/// Those of one key in their order, with their places.
fn in_lines(requests: Vec<Request>) -> Vec<Vec<(usize, Request)>> {
  let mut lines: Vec<Vec<(usize, Request)>> = Vec::new();
  let mut line_of: HashMap<Key, usize> = HashMap::new();
  for (index, request) in requests.into_iter().enumerate() {
    let line = *line_of.entry(request.key().clone()).or_insert_with(|| {
      lines.push(Vec::new());
      lines.len() - 1
    });
    lines[line].push((index, request));
  }
  lines
}

impl Leases {
  async fn answer(&self, line: Vec<(usize, Request)>) -> Vec<(usize, Result<Answer>)> {
    let mut answers = Vec::with_capacity(line.len());
    for (index, request) in line {
      answers.push((index, self.answer_one(&request).await));
    }
    answers
  }

  async fn answer_one(&self, request: &Request) -> Result<Answer> {
    let begun = Instant::now();
    let (mut unsent, mut contended) = (0, 0);
    let revoked = match request {
      Request::State { key } => self.unanswered.of(key),
      _ => Vec::new(),
    };
    loop {
      let (command, grant) = command::write(request, &revoked, &self.collection, self.link.timeouts());
      let tries = match self.link.command(command).await {
        Ok(reply) => {
          self.unanswered.settled(request.key(), &revoked);
          return command::read(request, &grant, &reply);
        }
        // Connections that are lost at the same time are told of one after another.
        Err(Failure::Unsent(_)) if begun.elapsed() < self.link.timeouts().connect => &mut unsent,
        Err(Failure::Contention(_)) if contended < TRIES => &mut contended,
        Err(Failure::Contention(_)) if matches!(request, Request::Acquire { .. }) => {
          return Ok(Answer::Held { until: Until::Unknown });
        }
        Err(failure) => {
          let error = failure.into_error();
          if error.kind() == ErrorKind::Ambiguous && matches!(request, Request::Acquire { .. }) {
            self.unanswered.add(request.key(), grant);
          }
          return Err(error);
        }
      };
      *tries += 1;
      tokio::time::sleep(*tries * PAUSE).await;
    }
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    let over = doc! { "$expr": { "$and": [
      { "$gt": ["$expiration", null] },
      { "$lt": ["$expiration", { "$subtract": ["$$NOW", RETENTION] }] },
    ] } };
    let reply = self
      .link
      .command(doc! {
        "delete": &self.collection,
        "deletes": [{ "q": over, "limit": 0 }],
        "writeConcern": { "w": "majority" },
      })
      .await
      .map_err(Failure::into_error)?;
    Ok(
      reply
        .get_i32("n")
        .ok()
        .and_then(|removed| u64::try_from(removed).ok())
        .unwrap_or_default(),
    )
  }
}

fn stopped() -> Error {
  Error::new(ErrorKind::Ambiguous, "the request was stopped before it was answered")
}

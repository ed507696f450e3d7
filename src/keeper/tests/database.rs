use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::adapters::memory::MemoryAdapter;
use crate::adapters::{Immediate, LockAdapter};
use crate::error::{Error, ErrorKind, Result};
use crate::request::{Answer, Request};

/// How a database behaves towards a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mood {
  Answers,
  /// Nothing is done, and it says so.
  Fails,
  /// Nothing is done until it answers again.
  IsSilent,
}

/// Leases in memory behind a connection that does what a test wants of it.
pub(super) struct Database {
  pub(super) leases: MemoryAdapter,
  mood: watch::Sender<Mood>,
  /// How many requests each batch had.
  batches: Mutex<Vec<usize>>,
  pub(super) waiting: AtomicUsize,
  /// How many batches are answered yet before it falls silent.
  speaks_for: AtomicUsize,
}

impl Default for Database {
  fn default() -> Self {
    Self {
      leases: MemoryAdapter::new(),
      mood: watch::Sender::new(Mood::Answers),
      batches: Mutex::default(),
      waiting: AtomicUsize::new(0),
      speaks_for: AtomicUsize::new(usize::MAX),
    }
  }
}

impl Database {
  pub(super) fn be(&self, mood: Mood) {
    self.mood.send_replace(mood);
  }

  pub(super) fn fall_silent_after(&self, batches: usize) {
    self.speaks_for.store(batches, Ordering::Relaxed);
  }

  pub(super) fn batches(&self) -> Vec<usize> {
    self.batches.lock().unwrap().clone()
  }

  /// What another process asks.
  pub(super) fn elsewhere(&self, request: Request) -> Answer {
    self.leases.answer_now(request).expect("memory answers")
  }
}

#[async_trait]
impl LockAdapter for Database {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.batches.lock().unwrap().push(requests.len());
    if self.speaks_for.fetch_sub(1, Ordering::Relaxed) == 0 {
      self.be(Mood::IsSilent);
    }
    self.waiting.fetch_add(1, Ordering::Relaxed);
    let mut mood = self.mood.subscribe();
    let mood = *mood.wait_for(|mood| *mood != Mood::IsSilent).await.unwrap();
    self.waiting.fetch_sub(1, Ordering::Relaxed);
    let failed = || Err(Error::new(ErrorKind::Connection, "the test wants it so"));
    requests
      .into_iter()
      .map(|request| match mood {
        Mood::Fails => failed(),
        _ => self.leases.answer_now(request),
      })
      .collect()
  }

  async fn init(&self) -> Result<()> {
    Ok(())
  }

  async fn deinit(&self) -> Result<()> {
    Ok(())
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    Ok(0)
  }

  async fn close(&self) {}
}

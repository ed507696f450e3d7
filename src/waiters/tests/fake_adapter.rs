use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::adapters::memory::MemoryAdapter;
use crate::adapters::{Immediate, LockAdapter, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Key;
use crate::request::{Answer, Request, Until};

/// Leases in memory behind an adapter that does what a test wants of it.
#[derive(Default)]
pub(super) struct FakeAdapter {
  leases: MemoryAdapter,
  is_shared: bool,
  /// What those who wait listen to. `None`: this database does not tell.
  ear: Option<Arc<Notify>>,
  /// Whether it tells of releases that come through it.
  is_echoing: AtomicBool,
  tries: AtomicUsize,
  failures: AtomicUsize,
  /// Whether the next acquire behind a release fails.
  is_failing_heir: AtomicBool,
  is_busy: AtomicBool,
  /// What is asked stays on its way while it is shut.
  is_shut: AtomicBool,
  opened: Notify,
  on_the_way: Mutex<Vec<String>>,
  pub(super) was_closed: AtomicBool,
}

impl FakeAdapter {
  /// One that does not tell of releases, and is alone in having its keys.
  pub(super) fn mute() -> Self {
    Self::default()
  }

  /// One that others can be behind as well, whose releases are heard when the test says so.
  pub(super) fn telling() -> Self {
    Self {
      ear: Some(Arc::default()),
      is_shared: true,
      ..Self::default()
    }
  }

  /// One that others can be behind as well, and that tells of every release.
  pub(super) fn echoing() -> Self {
    let adapter = Self::telling();
    adapter.is_echoing.store(true, Ordering::Relaxed);
    adapter
  }

  pub(super) fn wake(&self) {
    self.ear.as_ref().expect("an adapter that tells").notify_one();
  }

  /// What another process asks, of which those who wait here hear nothing.
  pub(super) fn elsewhere(&self, request: Request) -> Answer {
    self.leases.answer_now(request).expect("memory answers")
  }

  /// How many acquires it was asked.
  pub(super) fn tries(&self) -> usize {
    self.tries.load(Ordering::Relaxed)
  }

  pub(super) fn fail_next(&self, tries: usize) {
    self.failures.store(tries, Ordering::Relaxed);
  }

  pub(super) fn fail_next_heir(&self) {
    self.is_failing_heir.store(true, Ordering::Relaxed);
  }

  /// From now on it is too busy to tell who holds a key.
  pub(super) fn be_busy(&self) {
    self.is_busy.store(true, Ordering::Relaxed);
  }

  pub(super) fn shut(&self) {
    self.is_shut.store(true, Ordering::Relaxed);
  }

  pub(super) fn open(&self) {
    self.is_shut.store(false, Ordering::Relaxed);
    self.opened.notify_waiters();
  }

  /// Whether a request is on its way, told by how it is written in a debug format.
  pub(super) fn has_on_the_way(&self, part: &str) -> bool {
    self.on_the_way.lock().unwrap().iter().any(|batch| batch.contains(part))
  }

  fn perform(&self, request: Request) -> Result<Answer> {
    if let Request::Acquire { .. } = request {
      self.tries.fetch_add(1, Ordering::Relaxed);
      let one_less = |failures: usize| failures.checked_sub(1);
      if self
        .failures
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        .is_ok()
      {
        return Err(Error::new(ErrorKind::Connection, "the test wants it so"));
      }
    }
    let answer = self.leases.answer_now(request);
    match answer {
      Ok(Answer::Held { .. }) if self.is_busy.load(Ordering::Relaxed) => Ok(Answer::Held { until: Until::Unknown }),
      Ok(Answer::Released(true)) if self.is_echoing.load(Ordering::Relaxed) => {
        self.wake();
        answer
      }
      answer => answer,
    }
  }
}

#[async_trait]
impl LockAdapter for FakeAdapter {
  fn try_answer(&self, _: &[Request]) -> Option<Vec<Result<Answer>>> {
    None
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.on_the_way.lock().unwrap().push(format!("{requests:?}"));
    loop {
      let opened = self.opened.notified();
      tokio::pin!(opened);
      opened.as_mut().enable();
      if !self.is_shut.load(Ordering::Relaxed) {
        break;
      }
      opened.await;
    }
    self.on_the_way.lock().unwrap().pop();
    let has_heir = matches!(&requests[..], [Request::Release { .. }, .., Request::Acquire { .. }]);
    if has_heir && self.is_failing_heir.swap(false, Ordering::Relaxed) {
      self.fail_next(1);
    }
    requests.into_iter().map(|request| self.perform(request)).collect()
  }

  async fn watch(&self, _: &Key) -> Result<Option<Watch>> {
    Ok(self.ear.as_ref().map(|ear| Watch::new(Arc::clone(ear), ())))
  }

  fn is_shared(&self) -> bool {
    self.is_shared
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

  async fn close(&self) {
    self.was_closed.store(true, Ordering::Relaxed);
  }
}

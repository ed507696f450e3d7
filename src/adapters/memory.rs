//! Locks inside one process, across all its threads.
//!
//! The record: `key -> { owner, expires, fence }` in a map behind a mutex. `expires` is read off the monotonic clock, so
//! a step of the wall clock changes nothing.
//!
//! There are no timers: an expired lease counts as absent wherever it is met, and the map is swept when it has doubled
//! since the last sweep, so that leases nobody returns to cost a bounded amount of memory and constant time per grant.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::{Immediate, LockAdapter, Watch, Watches};
use crate::error::{Error, Result};
use crate::fence::{self, Fence};
use crate::name::{Key, Owner};
use crate::request::{Answer, Holder, Request, Until};
use crate::ttl::Ttl;

/// A sweep below this many leases is not worth its time.
const SWEEP_FLOOR: usize = 1024;

/// The instances that have a name. The addon is loaded once a process, whatever the number of JavaScript contexts.
static NAMED: LazyLock<Mutex<HashMap<String, Weak<Leases>>>> = LazyLock::new(Mutex::default);

pub struct MemoryAdapter {
  leases: Arc<Leases>,
  /// Whether other adapters may be over the same leases.
  is_shared: bool,
  closed: AtomicBool,
}

#[derive(Default)]
struct Leases {
  table: Mutex<Table>,
  watches: Arc<Watches>,
}

#[derive(Default)]
struct Table {
  leases: HashMap<Key, Lease>,
  last_fence: Fence,
  live_at_last_sweep: usize,
}

struct Lease {
  owner: Owner,
  expires: Option<Instant>,
  fence: Fence,
}

impl MemoryAdapter {
  /// An instance of its own.
  #[must_use]
  pub fn new() -> Self {
    Self::over(Arc::default(), false)
  }

  /// The instance of that name in this process. It lives as long as an adapter over it does.
  #[must_use]
  pub fn named(name: &str) -> Self {
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    named.retain(|_, leases| leases.strong_count() > 0);
    if let Some(leases) = named.get(name).and_then(Weak::upgrade) {
      return Self::over(leases, true);
    }
    let leases = Arc::default();
    named.insert(name.to_owned(), Arc::downgrade(&leases));
    Self::over(leases, true)
  }

  fn over(leases: Arc<Leases>, is_shared: bool) -> Self {
    Self {
      leases,
      is_shared,
      closed: AtomicBool::new(false),
    }
  }

  fn table(&self) -> Result<MutexGuard<'_, Table>> {
    if self.closed.load(Ordering::Relaxed) {
      return Err(Error::closed());
    }
    // Nothing that runs under this mutex leaves the table half changed, so a panic there has not spoilt it.
    Ok(self.leases.table.lock().unwrap_or_else(PoisonError::into_inner))
  }

  fn answer_all(&self, requests: &[Request]) -> Vec<Result<Answer>> {
    requests
      .iter()
      .map(|request| self.answer_now(request.clone()))
      .collect()
  }
}

impl Immediate for MemoryAdapter {
  fn answer_now(&self, request: Request) -> Result<Answer> {
    let mut table = self.table()?;
    // Under the lock: whoever was told before that the key is held listened already.
    if self.leases.watches.is_empty() {
      return Ok(table.answer(request, Instant::now()));
    }
    let key = request.key().clone();
    let answer = table.answer(request, Instant::now());
    drop(table);
    if answer == Answer::Released(true) {
      self.leases.watches.wake(&key);
    }
    Ok(answer)
  }
}

impl Default for MemoryAdapter {
  fn default() -> Self {
    Self::new()
  }
}

#[async_trait]
impl LockAdapter for MemoryAdapter {
  fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>> {
    Some(self.answer_all(requests))
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.answer_all(&requests)
  }

  async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    Ok(self.is_shared.then(|| self.leases.watches.open(key)))
  }

  fn is_shared(&self) -> bool {
    self.is_shared
  }

  fn immediate(&self) -> Option<&dyn Immediate> {
    Some(self)
  }

  async fn init(&self) -> Result<()> {
    self.table().map(drop)
  }

  async fn deinit(&self) -> Result<()> {
    self.remove_all_expired().await.map(drop)
  }

  async fn remove_all_expired(&self) -> Result<u64> {
    let mut table = self.table()?;
    let before = table.leases.len();
    table.sweep(Instant::now());
    Ok((before - table.leases.len()) as u64)
  }

  async fn close(&self) {
    self.closed.store(true, Ordering::Relaxed);
  }
}

impl Table {
  fn answer(&mut self, request: Request, now: Instant) -> Answer {
    match request {
      Request::Acquire { key, owner, ttl } => self.acquire(key, owner, ttl, now),
      Request::Release { key, owner, fence } => self.release(key, now, |lease| lease.is_of(&owner, fence)),
      Request::ForceRelease { key } => self.release(key, now, |_| true),
      Request::Refresh { key, owner, ttl, fence } => match self.live(&key, now) {
        Some(lease) if !lease.is_of(&owner, fence) => Answer::Unowned,
        Some(Lease {
          expires: Some(expires), ..
        }) => {
          *expires = now + ttl.duration();
          Answer::Refreshed
        }
        Some(_) => Answer::Unexpirable,
        None => Answer::Unowned,
      },
      Request::State { key } => Answer::State(self.live(&key, now).map(|lease| Holder {
        owner: lease.owner.clone(),
        remaining: lease.remaining(now),
        fence: lease.fence,
      })),
    }
  }

  fn acquire(&mut self, key: Key, owner: Owner, ttl: Option<Ttl>, now: Instant) -> Answer {
    if self.leases.len() >= SWEEP_FLOOR.max(2 * self.live_at_last_sweep) {
      self.sweep(now);
    }
    let entry = self.leases.entry(key);
    if let Entry::Occupied(lease) = &entry
      && !lease.get().is_over(now)
    {
      return Answer::Held {
        until: lease.get().remaining(now).map_or(Until::Release, Until::Expiry),
      };
    }
    // The clock is read once for an instance; after that no lease can outlive the counter.
    self.last_fence = match self.last_fence {
      0 => fence::after(0),
      last => last + 1,
    };
    entry.insert_entry(Lease {
      owner,
      expires: ttl.map(|ttl| now + ttl.duration()),
      fence: self.last_fence,
    });
    Answer::Acquired { fence: self.last_fence }
  }

  fn release(&mut self, key: Key, now: Instant, may_release: impl FnOnce(&Lease) -> bool) -> Answer {
    match self.leases.entry(key) {
      Entry::Occupied(lease) if !lease.get().is_over(now) && may_release(lease.get()) => {
        lease.remove();
        Answer::Released(true)
      }
      _ => Answer::Released(false),
    }
  }

  fn live(&mut self, key: &Key, now: Instant) -> Option<&mut Lease> {
    self.leases.get_mut(key).filter(|lease| !lease.is_over(now))
  }

  fn sweep(&mut self, now: Instant) {
    self.leases.retain(|_, lease| !lease.is_over(now));
    self.live_at_last_sweep = self.leases.len();
  }
}

impl Lease {
  fn is_of(&self, owner: &Owner, fence: Option<Fence>) -> bool {
    self.owner == *owner && fence.is_none_or(|fence| fence == self.fence)
  }

  fn is_over(&self, now: Instant) -> bool {
    self.expires.is_some_and(|expires| expires <= now)
  }

  fn remaining(&self, now: Instant) -> Option<Duration> {
    self.expires.map(|expires| expires.saturating_duration_since(now))
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::adapters::contract;

  #[tokio::test]
  async fn keeps_the_contract() {
    contract::check(&MemoryAdapter::new()).await;
  }

  #[tokio::test]
  async fn one_name_is_one_instance_and_no_name_is_none() {
    let request = [Request::Acquire {
      key: Key::new("k").unwrap(),
      owner: Owner::unique(),
      ttl: None,
    }];
    let first = MemoryAdapter::named("one name is one instance");
    let second = MemoryAdapter::named("one name is one instance");
    assert!(matches!(first.answer_all(&request)[0], Ok(Answer::Acquired { .. })));
    assert!(matches!(second.answer_all(&request)[0], Ok(Answer::Held { .. })));
    assert!(matches!(
      MemoryAdapter::new().answer_all(&request)[0],
      Ok(Answer::Acquired { .. })
    ));
  }

  #[tokio::test]
  async fn a_release_that_is_under_way_when_somebody_begins_to_listen_wakes_them() {
    let adapter = MemoryAdapter::named("a release that is under way");
    let key = Key::new("k").unwrap();
    let acquired = adapter.answer_now(Request::Acquire {
      key: key.clone(),
      owner: Owner::unique(),
      ttl: None,
    });
    assert!(matches!(acquired, Ok(Answer::Acquired { .. })));
    let watch = std::thread::scope(|scope| {
      let table = adapter.table().unwrap();
      scope.spawn(|| adapter.answer_now(Request::ForceRelease { key: key.clone() }));
      // It comes to the table meanwhile, or later.
      std::thread::sleep(Duration::from_millis(100));
      let watch = adapter.leases.watches.open(&key);
      assert!(table.leases.contains_key(&key), "whoever tried now would be refused");
      watch
    });
    let heard = tokio::time::timeout(Duration::from_secs(10), watch.heard()).await;
    assert!(heard.is_ok());
  }

  #[test]
  fn leases_nobody_returns_to_are_swept() {
    let adapter = MemoryAdapter::new();
    for number in 0..100_000 {
      adapter.answer_all(&[Request::Acquire {
        key: Key::new(format!("key {number}")).unwrap(),
        owner: Owner::new("owner").unwrap(),
        ttl: Some(Ttl::new(Duration::ZERO).unwrap()),
      }]);
    }
    assert!(adapter.leases.table.lock().unwrap().leases.len() <= SWEEP_FLOOR);
  }
}

mod hand_over;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::adapters::{self, LockAdapter, Pace, Watch};
use crate::ambiguity;
use crate::error::{Error, Result};
use crate::fence::Fence;
use crate::keeper::{self, Holding, Keeper, Loss};
use crate::lock::Lock;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};
use crate::ttl::Ttl;
use crate::waiters::{self, Done, IsGone, Waiter, Waiters};

/// How long closing waits for tries that are under way, so that what they are granted is released again.
const PARTING: Duration = Duration::from_secs(1);

/// Makes [`Lock`]s over one adapter, and carries requests to it. Cheap to clone; clones share the adapter, the queues of
/// those who wait and the leases that are kept.
#[derive(Clone)]
pub struct LockProvider(Arc<Shared>);

struct Shared {
  adapter: Arc<dyn LockAdapter>,
  waiters: Waiters,
  keeper: Keeper,
  next_id: AtomicU64,
  /// Whoever may bring a grant that nobody asked for himself listens to it; nothing is ever said.
  under_way: watch::Sender<()>,
  /// Where work goes on that nobody waits for. Known once somebody has waited for a key or kept a lease.
  runtime: OnceLock<Handle>,
}

/// What a lock waits for, and how.
pub struct Wait {
  pub ttl: Option<Ttl>,
  /// The longest pause between two tries.
  pub interval: Duration,
  /// Takes the outcome: a grant, an error, or none, if the wait was [given up](LockProvider::give_up). It answers `false` if
  /// nobody is there to take it; a grant is then released again.
  pub done: Done,
  /// Whether nobody is there to take an outcome any more: then none is sought.
  pub is_gone: IsGone,
}

impl LockProvider {
  #[must_use]
  pub fn new(adapter: Arc<dyn LockAdapter>) -> Self {
    Self(Arc::new(Shared {
      waiters: Waiters::new(adapter.is_shared()),
      adapter,
      keeper: Keeper::default(),
      next_id: AtomicU64::new(1),
      under_way: watch::Sender::new(()),
      runtime: OnceLock::new(),
    }))
  }

  /// A provider over the adapter that `url` names: see [`adapters::open`].
  ///
  /// # Errors
  ///
  /// [`Configuration`](crate::ErrorKind::Configuration) if the URL is not understood. Nothing is connected to yet.
  pub fn open(url: &str, options: &adapters::Options) -> Result<Self> {
    adapters::open(url, options).map(Self::new)
  }

  /// A lock on `key`, for an owner of its own unless `owner` names one. Nothing is acquired.
  #[must_use]
  pub fn create(&self, key: Key, owner: Option<Owner>) -> Lock {
    Lock::new(self.clone(), key, owner.unwrap_or_else(Owner::unique))
  }

  /// Whether every request is answered on the calling thread: then [`answer_now`](Self::answer_now) does.
  #[must_use]
  pub fn is_immediate(&self) -> bool {
    self.0.adapter.immediate().is_some()
  }

  /// See [`LockAdapter::pace`].
  #[must_use]
  pub fn pace(&self) -> Pace {
    self.0.adapter.pace()
  }

  /// Answers on the calling thread. `None`: the adapter is none of those that never wait, and nothing was done.
  #[must_use]
  pub fn answer_now(&self, request: Request) -> Option<Result<Answer>> {
    let immediate = self.0.adapter.immediate()?;
    if self.0.waiters.is_empty() {
      return Some(immediate.answer_now(request));
    }
    self
      .try_answer(std::slice::from_ref(&request))
      .and_then(|mut answers| answers.pop())
  }

  /// See [`LockAdapter::try_answer`].
  #[must_use]
  pub fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>> {
    if self.0.waiters.is_empty() {
      return self.0.adapter.try_answer(requests);
    }
    let asked = Instant::now();
    let batch = self.0.waiters.with_heirs(requests.to_vec());
    let answers = self.0.adapter.try_answer(&batch.requests)?;
    Some(self.hand_on(requests, batch, answers, asked))
  }

  /// See [`LockAdapter::answer`]. What was sent and got no answer is settled by asking again, as far as that can tell.
  pub async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    if self.0.waiters.is_empty() {
      let answers = self.ask(&requests).await;
      if !self.0.waiters.is_empty() {
        // Somebody has come meanwhile who may have been told that the key is held.
        self.tell_released(&requests, &answers, |_| false);
      }
      return answers;
    }
    let _under_way = self.under_way();
    let asked = Instant::now();
    let mut batch = self.0.waiters.with_heirs(requests.clone());
    batch.is_sent = true;
    let answers = self.ask(&batch.requests).await;
    self.hand_on(&requests, batch, answers, asked)
  }

  /// Answers a single request.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn answer_one(&self, request: Request) -> Result<Answer> {
    let mut answers = match self.try_answer(std::slice::from_ref(&request)) {
      Some(answers) => answers,
      None => self.answer(vec![request]).await,
    };
    answers.pop().unwrap_or_else(|| Err(Error::unanswered()))
  }

  /// Joins those who wait for the key of a lock, behind all others of this process, until there is an outcome or the wait
  /// is [given up](Self::give_up). The number, which the wait is made with, tells them apart.
  ///
  /// It has to be called on a Tokio runtime.
  #[must_use]
  pub fn wait(&self, lock: &Lock, make: impl FnOnce(u64) -> Wait) -> u64 {
    let id = self.next_id();
    let wait = make(id);
    let waiter = Waiter {
      id,
      owner: lock.owner().clone(),
      ttl: wait.ttl,
      interval: wait.interval,
      done: wait.done,
      is_gone: wait.is_gone,
      is_leaving: false,
    };
    if let Some(nudge) = self.0.waiters.join(lock.key(), waiter) {
      self
        .runtime()
        .spawn(waiters::probe(self.clone(), lock.key().clone(), nudge));
    }
    id
  }

  /// Ends a wait without an outcome. `false`: it has an outcome, which is on its way, or a try for it is under way; that is
  /// the last one, and is told whatever comes of it.
  #[must_use]
  pub fn give_up(&self, key: &Key, id: u64) -> bool {
    self.0.waiters.give_up(key, id)
  }

  /// Renews a lease until it is let go of or lost. The number tells it apart. It counts as a [sign of life](Self::beat).
  ///
  /// It has to be called on a Tokio runtime.
  #[must_use]
  pub fn keep(&self, holding: Holding) -> u64 {
    let id = self.next_id();
    self.beat();
    self.keep_as(id, holding);
    id
  }

  /// As [`keep`](Self::keep), under the number of the wait that brought the lease.
  pub fn keep_as(&self, id: u64, holding: Holding) {
    let runtime = self.runtime();
    if self.0.keeper.add(id, holding) {
      runtime.spawn(keeper::tend(self.clone()));
    }
  }

  /// Ends the renewal of a lease. What is answered, if a renewal of it is under way, closes when that is over.
  #[must_use]
  pub fn let_go(&self, id: u64) -> Option<watch::Receiver<()>> {
    self.0.keeper.remove(id)
  }

  /// Says that a lease that is kept was refreshed by hand, to last `ttl` from when that was asked for.
  pub fn refreshed(&self, id: u64, asked: Instant, ttl: Ttl) {
    self.0.keeper.refreshed(id, asked, ttl);
  }

  /// Says that the application's event loop is alive, for leases that are kept only as long as it is.
  pub fn beat(&self) {
    self.0.keeper.beat();
  }

  /// See [`LockAdapter::confirm`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn confirm(&self, key: &Key, owner: &Owner, fence: Fence) -> Result<bool> {
    self.0.adapter.confirm(key, owner, fence).await
  }

  /// See [`LockAdapter::init`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn init(&self) -> Result<()> {
    self.0.adapter.init().await
  }

  /// See [`LockAdapter::deinit`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn deinit(&self) -> Result<()> {
    self.0.adapter.deinit().await
  }

  /// See [`LockAdapter::remove_all_expired`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn remove_all_expired(&self) -> Result<u64> {
    self.0.adapter.remove_all_expired().await
  }

  /// See [`LockAdapter::close`]. Whoever waits is answered that it is closed, and what is kept is lost.
  pub async fn close(&self) {
    self.0.waiters.fail_all(&Error::closed());
    self.0.keeper.lose_all(Loss::Closed);
    drop(tokio::time::timeout(PARTING, self.0.under_way.closed()).await);
    self.0.adapter.close().await;
    // Whoever has come meanwhile.
    self.0.waiters.fail_all(&Error::closed());
  }

  /// To be kept for as long as something may come of a try that has to be undone.
  pub(crate) fn under_way(&self) -> watch::Receiver<()> {
    self.0.under_way.subscribe()
  }

  pub(crate) fn waiters(&self) -> &Waiters {
    &self.0.waiters
  }

  pub(crate) fn keeper(&self) -> &Keeper {
    &self.0.keeper
  }

  pub(crate) async fn watch(&self, key: &Key) -> Result<Option<Watch>> {
    self.0.adapter.watch(key).await
  }

  /// Asks the adapter and settles what is ambiguous; nobody inherits anything.
  pub(crate) async fn ask(&self, requests: &[Request]) -> Vec<Result<Answer>> {
    let mut answers = match self.0.adapter.try_answer(requests) {
      Some(answers) => answers,
      None => self.0.adapter.answer(requests.to_vec()).await,
    };
    ambiguity::settle(self.0.adapter.as_ref(), requests, &mut answers).await;
    answers
  }

  pub(crate) async fn ask_one(&self, request: Request) -> Result<Answer> {
    self
      .ask(std::slice::from_ref(&request))
      .await
      .pop()
      .unwrap_or_else(|| Err(Error::unanswered()))
  }

  fn next_id(&self) -> u64 {
    self.0.next_id.fetch_add(1, Ordering::Relaxed)
  }

  fn runtime(&self) -> &Handle {
    self.0.runtime.get_or_init(Handle::current)
  }
}

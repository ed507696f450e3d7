use std::sync::Arc;

use crate::adapters::{self, Immediate, LockAdapter};
use crate::error::{Error, ErrorKind, Result};
use crate::lock::Lock;
use crate::name::{Key, Owner};
use crate::request::{Answer, Request};

/// Makes [`Lock`]s over one adapter, and carries requests to it. Cheap to clone; clones share the adapter.
#[derive(Clone)]
pub struct LockProvider {
  adapter: Arc<dyn LockAdapter>,
}

impl LockProvider {
  #[must_use]
  pub fn new(adapter: Arc<dyn LockAdapter>) -> Self {
    Self { adapter }
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

  /// See [`LockAdapter::try_answer`].
  #[must_use]
  pub fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>> {
    self.adapter.try_answer(requests)
  }

  /// See [`LockAdapter::answer`].
  pub async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    self.adapter.answer(requests).await
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
    answers.pop().unwrap_or_else(|| Err(Self::unanswered()))
  }

  pub(crate) fn unanswered() -> Error {
    Error::new(
      ErrorKind::Database,
      "the adapter gave no answer: it breaks its contract of one answer a request",
    )
  }

  /// See [`LockAdapter::immediate`].
  #[must_use]
  pub fn immediate(&self) -> Option<&dyn Immediate> {
    self.adapter.immediate()
  }

  /// See [`LockAdapter::init`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn init(&self) -> Result<()> {
    self.adapter.init().await
  }

  /// See [`LockAdapter::deinit`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn deinit(&self) -> Result<()> {
    self.adapter.deinit().await
  }

  /// See [`LockAdapter::remove_all_expired`].
  ///
  /// # Errors
  ///
  /// What the adapter reports.
  pub async fn remove_all_expired(&self) -> Result<u64> {
    self.adapter.remove_all_expired().await
  }

  /// See [`LockAdapter::close`].
  pub async fn close(&self) {
    self.adapter.close().await;
  }
}

//! Grants everything and keeps nothing, for tests and for switching locks off.

use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;

use super::{Immediate, LockAdapter};
use crate::error::Result;
use crate::fence::{self, Fence};
use crate::request::{Answer, Request};

#[derive(Default)]
pub struct NoOpAdapter {
  last_fence: Mutex<Fence>,
}

impl Immediate for NoOpAdapter {
  fn answer_now(&self, request: Request) -> Result<Answer> {
    Ok(match request {
      Request::Acquire { .. } => {
        let mut last = self.last_fence.lock().unwrap_or_else(PoisonError::into_inner);
        *last = fence::after(*last);
        Answer::Acquired { fence: *last }
      }
      Request::Release { .. } | Request::ForceRelease { .. } => Answer::Released(true),
      Request::Refresh { .. } => Answer::Refreshed,
      Request::State { .. } => Answer::State(None),
    })
  }
}

#[async_trait]
impl LockAdapter for NoOpAdapter {
  fn try_answer(&self, requests: &[Request]) -> Option<Vec<Result<Answer>>> {
    Some(
      requests
        .iter()
        .map(|request| self.answer_now(request.clone()))
        .collect(),
    )
  }

  async fn answer(&self, requests: Vec<Request>) -> Vec<Result<Answer>> {
    requests.into_iter().map(|request| self.answer_now(request)).collect()
  }

  fn immediate(&self) -> Option<&dyn Immediate> {
    Some(self)
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

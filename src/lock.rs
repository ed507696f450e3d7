use std::fmt;

use crate::error::Result;
use crate::fence::Fence;
use crate::name::{Key, Owner};
use crate::provider::LockProvider;
use crate::request::{Answer, Holder, Request};
use crate::ttl::Ttl;

/// A key and an owner. Holds nothing until acquired, and dropping it releases nothing: a lease ends by a release or by
/// its ttl.
#[derive(Clone)]
pub struct Lock {
  provider: LockProvider,
  key: Key,
  owner: Owner,
}

impl Lock {
  pub(crate) fn new(provider: LockProvider, key: Key, owner: Owner) -> Self {
    Self { provider, key, owner }
  }

  #[must_use]
  pub fn provider(&self) -> &LockProvider {
    &self.provider
  }

  #[must_use]
  pub fn key(&self) -> &Key {
    &self.key
  }

  #[must_use]
  pub fn owner(&self) -> &Owner {
    &self.owner
  }

  /// Tries once, for a lease of `ttl` or one without an end. The fence of the grant, or `None` if the key is held, by
  /// this lock too.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn acquire(&self, ttl: Option<Ttl>) -> Result<Option<Fence>> {
    let answer = self.provider.answer_one(self.acquiring(ttl)).await?;
    Ok(match answer {
      Answer::Acquired { fence } => Some(fence),
      _ => None,
    })
  }

  /// Whether this lock held the key until now. `false` if it was free, expired or somebody else's.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn release(&self) -> Result<bool> {
    let answer = self.provider.answer_one(self.releasing(None)).await?;
    Ok(answer == Answer::Released(true))
  }

  /// Whether anybody held the key until now.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn force_release(&self) -> Result<bool> {
    let answer = self.provider.answer_one(self.force_releasing()).await?;
    Ok(answer == Answer::Released(true))
  }

  /// [`Answer::Refreshed`], [`Answer::Unowned`] or [`Answer::Unexpirable`].
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn refresh(&self, ttl: Ttl) -> Result<Answer> {
    self.provider.answer_one(self.refreshing(ttl)).await
  }

  /// Who holds the key, or `None` if nobody does.
  ///
  /// # Errors
  ///
  /// If the database could not be asked.
  pub async fn state(&self) -> Result<Option<Holder>> {
    let answer = self.provider.answer_one(self.looking()).await?;
    Ok(match answer {
      Answer::State(holder) => holder,
      _ => None,
    })
  }

  pub(crate) fn acquiring(&self, ttl: Option<Ttl>) -> Request {
    Request::Acquire {
      key: self.key.clone(),
      owner: self.owner.clone(),
      ttl,
    }
  }

  pub(crate) fn releasing(&self, fence: Option<Fence>) -> Request {
    Request::Release {
      key: self.key.clone(),
      owner: self.owner.clone(),
      fence,
    }
  }

  pub(crate) fn force_releasing(&self) -> Request {
    Request::ForceRelease { key: self.key.clone() }
  }

  pub(crate) fn refreshing(&self, ttl: Ttl) -> Request {
    Request::Refresh {
      key: self.key.clone(),
      owner: self.owner.clone(),
      ttl,
      fence: None,
    }
  }

  pub(crate) fn looking(&self) -> Request {
    Request::State { key: self.key.clone() }
  }
}

impl fmt::Debug for Lock {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter
      .debug_struct("Lock")
      .field("key", &self.key.as_str())
      .field("owner", &self.owner.as_str())
      .finish_non_exhaustive()
  }
}

#[cfg(test)]
mod tests {
  use std::sync::Arc;
  use std::time::Duration;

  use super::*;
  use crate::adapters::memory::MemoryAdapter;

  #[tokio::test]
  async fn the_verbs_reach_the_adapter_and_their_answers_come_back() {
    let provider = LockProvider::new(Arc::new(MemoryAdapter::new()));
    let key = Key::new("k").unwrap();
    let (first, second) = (provider.create(key.clone(), None), provider.create(key, None));
    let ttl = Ttl::new(Duration::from_secs(60)).unwrap();

    let fence = first.acquire(Some(ttl)).await.unwrap().expect("the key is free");
    assert_eq!(second.acquire(Some(ttl)).await.unwrap(), None);
    let holder = second.state().await.unwrap().expect("the key is held");
    assert_eq!((&holder.owner, holder.fence), (first.owner(), fence));
    assert_eq!(first.refresh(ttl).await.unwrap(), Answer::Refreshed);
    assert_eq!(second.refresh(ttl).await.unwrap(), Answer::Unowned);
    assert!(!second.release().await.unwrap());
    assert!(first.release().await.unwrap());
    assert_eq!(first.state().await.unwrap(), None);
    second.acquire(None).await.unwrap().expect("the key is free again");
    assert!(first.force_release().await.unwrap());
  }
}

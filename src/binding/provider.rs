use std::sync::Arc;

use napi::bindgen_prelude::{Either, External};
use napi_derive::napi;

use super::js_adapter::{AnsweringFunction, JsAdapter};
use super::outcome::NativeFailure;
use crate::adapters::Options;
use crate::lock::Lock;
use crate::name::{Key, Owner};
use crate::provider::LockProvider;
use crate::ttl::Ttl;

/// A provider over the adapter that a URL names. Nothing is connected to yet.
#[napi(catch_unwind)]
pub fn open_lock_provider(
  url: String,
  table_name: Option<String>,
  key_prefix: Option<String>,
) -> Either<NativeLockProvider, NativeFailure> {
  match LockProvider::open(&url, &Options { table_name, key_prefix }) {
    Ok(provider) => Either::A(NativeLockProvider::over(provider)),
    Err(error) => Either::B(error.into()),
  }
}

/// A provider over an adapter written in JavaScript.
#[napi(catch_unwind)]
pub fn adopt_lock_adapter(
  #[napi(ts_arg_type = "(requests: Array<NativeRequest>) => Promise<Array<NativeReply>>")] answering: AnsweringFunction<
    '_,
  >,
) -> napi::Result<NativeLockProvider> {
  let answering = answering
    .build_threadsafe_function()
    .weak::<true>()
    .callee_handled::<false>()
    .build()?;
  let adapter = JsAdapter::new(answering);
  Ok(NativeLockProvider::over(LockProvider::new(Arc::new(adapter))))
}

/// Null if a lease can have this ttl in milliseconds.
#[napi(catch_unwind)]
pub fn check_ttl(milliseconds: f64) -> Option<NativeFailure> {
  Ttl::from_milliseconds(milliseconds).err().map(NativeFailure::from)
}

#[napi]
pub struct NativeLockProvider {
  provider: LockProvider,
}

impl NativeLockProvider {
  pub(super) fn over(provider: LockProvider) -> Self {
    Self { provider }
  }
}

#[napi]
impl NativeLockProvider {
  /// Whether `answerNow` may be used; otherwise requests are to be gathered and given to `answer`.
  #[napi(getter, catch_unwind)]
  pub fn is_immediate(&self) -> bool {
    self.provider.is_immediate()
  }

  /// The most requests in a batch.
  #[napi(getter, catch_unwind)]
  pub fn batch_size(&self) -> u32 {
    self.provider.pace().batch_size
  }

  /// The most batches under way.
  #[napi(getter, catch_unwind)]
  pub fn most_under_way(&self) -> u32 {
    self.provider.pace().most_under_way
  }

  /// Whether batches that are under way together take effect in the order they were asked, where they share a key. Else
  /// such must not be.
  #[napi(getter, catch_unwind)]
  pub fn keeps_order(&self) -> bool {
    self.provider.pace().keeps_order
  }

  /// A lock, to be handed to the verbs; a failure if the key or the owner cannot be one.
  #[napi(catch_unwind, ts_return_type = "NativeLock | NativeFailure")]
  pub fn create_lock(&self, key: String, owner: String) -> Either<External<Lock>, NativeFailure> {
    match Key::new(key).and_then(|key| Ok((key, Owner::new(owner)?))) {
      Ok((key, owner)) => Either::A(External::new(self.provider.create(key, Some(owner)))),
      Err(error) => Either::B(error.into()),
    }
  }

  /// Whether a grant that was found by a look counts as one that an acquire was answered: false, if it is over.
  #[napi]
  pub async fn confirm(&self, key: String, owner: String, fence: f64) -> Either<bool, NativeFailure> {
    let names = Key::new(key).and_then(|key| Ok((key, Owner::new(owner)?)));
    let confirmed = match names {
      Ok((key, owner)) => {
        self
          .provider
          .confirm(&key, &owner, super::verbs::fence(fence).unwrap_or_default())
          .await
      }
      Err(error) => Err(error),
    };
    match confirmed {
      Ok(is_confirmed) => Either::A(is_confirmed),
      Err(error) => Either::B(error.into()),
    }
  }

  #[napi]
  pub async fn init(&self) -> Option<NativeFailure> {
    self.provider.init().await.err().map(NativeFailure::from)
  }

  #[napi]
  pub async fn deinit(&self) -> Option<NativeFailure> {
    self.provider.deinit().await.err().map(NativeFailure::from)
  }

  /// How many leases were removed.
  #[napi]
  pub async fn remove_all_expired(&self) -> Either<f64, NativeFailure> {
    match self.provider.remove_all_expired().await {
      #[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 leases")]
      Ok(removed) => Either::A(removed as f64),
      Err(error) => Either::B(error.into()),
    }
  }

  #[napi]
  pub async fn close(&self) {
    self.provider.close().await;
  }
}

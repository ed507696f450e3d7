use std::sync::Arc;

use napi::bindgen_prelude::{Either, Function, Promise};
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;

use super::outcome::NativeFailure;
use super::provider::NativeLockProvider;
use crate::adapters::mongodb::{DEFAULT_COLLECTION, Locate, MongodbAdapter, Settings, Timeouts};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::LockProvider;

#[napi(object, object_to_js = false)]
pub struct NativeMongodbOptions {
  /// Left out: it is asked for at the first use.
  pub url: Option<String>,
  /// Left out: the one in the path of the URL, else "test".
  pub database: Option<String>,
  pub collection_name: Option<String>,
  /// Milliseconds.
  pub connect_timeout: Option<f64>,
  /// Milliseconds.
  pub command_timeout: Option<f64>,
}

/// Where a deployment is, or why that cannot be said.
#[napi(object, object_to_js = false)]
pub struct NativeMongodbPlace {
  pub url: Option<String>,
  pub database: Option<String>,
  /// What about the client cannot be taken over.
  pub refusal: Option<String>,
}

type LocatingFunction<'env> = Function<'env, (), Promise<NativeMongodbPlace>>;

/// Weak: an adapter that nobody waits for does not keep the process alive.
type Locating = ThreadsafeFunction<(), Promise<NativeMongodbPlace>, (), napi::Status, false, true>;

/// A provider over a collection of MongoDB. Nothing is connected to yet. `locate` must never reject.
#[napi(catch_unwind)]
pub fn open_mongodb_provider(
  options: NativeMongodbOptions,
  #[napi(ts_arg_type = "() => Promise<NativeMongodbPlace>")] locate: LocatingFunction<'_>,
) -> napi::Result<Either<NativeLockProvider, NativeFailure>> {
  let locating = locate
    .build_threadsafe_function()
    .weak::<true>()
    .callee_handled::<false>()
    .build()?;
  Ok(match adapter(options, locating) {
    Ok(adapter) => Either::A(NativeLockProvider::over(LockProvider::new(Arc::new(adapter)))),
    Err(error) => Either::B(error.into()),
  })
}

fn adapter(options: NativeMongodbOptions, locating: Locating) -> Result<MongodbAdapter> {
  let is_located = options.url.is_some();
  let settings = Settings {
    // Checked like any other, and replaced before it is used.
    url: options.url.unwrap_or_else(|| "mongodb://".to_owned()),
    database: options.database,
    collection: options.collection_name.unwrap_or_else(|| DEFAULT_COLLECTION.to_owned()),
    timeouts: Timeouts::from_milliseconds(options.connect_timeout, options.command_timeout)?,
  }
  .checked()?;
  if is_located {
    return MongodbAdapter::new(settings);
  }
  let locating = Arc::new(locating);
  let locate: Locate = Box::new(move || {
    let (locating, settings) = (Arc::clone(&locating), settings.clone());
    Box::pin(async move { locate(&locating, settings).await })
  });
  Ok(MongodbAdapter::later(locate))
}

async fn locate(locating: &Locating, settings: Settings) -> Result<Settings> {
  let asking = async {
    match locating.call_async_catch(()).await {
      Ok(place) => place.await,
      Err(error) => Err(error),
    }
  };
  // The inner error is that of a JavaScript context that is going away.
  let Ok(Ok(place)) = tokio::time::timeout(settings.timeouts.connect, asking).await else {
    return Err(Error::new(
      ErrorKind::Connection,
      format!(
        "the mongoose connection was not connected within {:?}: connect it, or pass {{ url }}",
        settings.timeouts.connect
      ),
    ));
  };
  match (place.url, place.refusal) {
    (Some(url), None) => Ok(Settings {
      url,
      database: place.database.or(settings.database),
      ..settings
    }),
    (_, refusal) => Err(Error::new(
      ErrorKind::Configuration,
      refusal.unwrap_or_else(|| "the mongoose connection has no client: pass { url }".to_owned()),
    )),
  }
}

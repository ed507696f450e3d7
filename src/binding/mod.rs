//! The engine as JavaScript sees it. `ts/native.ts` is the only caller, and gives it its public face.
//!
//! Nothing here throws: what went wrong comes back as a [`NativeFailure`](outcome::NativeFailure), from which the
//! TypeScript side makes an error of the right class.
#![allow(
  clippy::must_use_candidate,
  clippy::missing_errors_doc,
  clippy::needless_pass_by_value,
  reason = "it is called from JavaScript, which knows no attributes and hands over owned values"
)]

pub mod js_adapter;
pub mod mongodb;
pub mod notices;
pub mod outcome;
pub mod provider;
pub mod redis;
pub mod sql_client;
pub mod sql_server;
pub mod verbs;

use tokio::runtime::Builder;

/// One worker: a verb that is asked alone wakes no more threads than it must, and the drivers never keep it busy.
#[napi_derive::module_init]
fn start_runtime() {
  // Without it napi starts one of its own, with a worker a core: slower, but right.
  if let Ok(runtime) = Builder::new_multi_thread()
    .worker_threads(1)
    .thread_name("holdfast")
    .enable_all()
    .build()
  {
    napi::bindgen_prelude::create_custom_tokio_runtime(runtime);
  }
}

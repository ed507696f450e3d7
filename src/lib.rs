//! Holdfast: distributed locks over the database a team already runs.
//!
//! # Layout
//!
//! The path of a call is the path through these modules:
//!
//! - [`provider`]: [`LockProvider`] gives an adapter to [`Lock`]s and passes batches of requests on to it.
//! - [`lock`]: [`Lock`], a key and an owner with the verbs.
//! - [`request`]: [`Request`] and [`Answer`], what the verbs say to an adapter and hear from it.
//! - [`name`]: [`Key`] and [`Owner`], checked on the way in; [`ttl`]: [`Ttl`], how long a lease lasts.
//! - [`fence`]: the numbers that grow with every grant.
//! - [`waiters`]: who waits for which key in this process, and is woken by a release.
//! - [`keeper`]: renewal of leases, and the moment of their loss.
//! - [`ambiguity`]: what became of a request that got no answer.
//! - [`task`]: work that goes on where it is, as far as it gets, instead of on another thread.
//! - [`adapters`]: the [`LockAdapter`](adapters::LockAdapter) trait and one module per database.
//! - [`error`]: [`Error`], which always means that the database could not be asked.
//! - [`binding`]: the same to JavaScript; the only module that knows Node exists.

pub mod adapters;
mod ambiguity;
pub mod binding;
pub mod error;
pub mod fence;
pub mod keeper;
pub mod lock;
pub mod name;
pub mod provider;
pub mod request;
mod task;
pub mod ttl;
pub mod waiters;

pub use error::{Error, ErrorKind, Result};
pub use lock::Lock;
pub use name::{Key, Owner};
pub use provider::{LockProvider, Wait};
pub use request::{Answer, Request};
pub use ttl::Ttl;

//! What the SQL adapters share: every statement, whoever carries it to the database.
//!
//! - [`TableName`], [`Table`]: identifiers that need no escaping.
//! - [`SqlClient`]: carries one statement; the drivers of this crate do, and a client that the application already has.
//! - [`Dialect`]: the statements of one database, and what its answers mean.
//! - [`SqlAdapter`]: a [`LockAdapter`](super::LockAdapter) of the two, which orders a batch and bounds the retries.

mod adapter;
mod client;
mod connections;
mod dialect;
mod document;
mod failure;
mod layout;
mod mysql;
mod postgres;
mod server;
mod sqlite;
mod sweeper;
mod table_name;
#[cfg(test)]
mod tests;
mod waves;

pub use adapter::{Place, SqlAdapter};
pub use client::{Reply, SqlClient, Value};
pub(super) use connections::{Connections, Driver, failure_of};
pub use dialect::Dialect;
pub use failure::{Failure, Said};
pub(super) use postgres::{channel, wait_for};
pub use server::{AskPassword, Password, Pem, Server, Tls, TlsMode};
pub use table_name::{Table, TableName};

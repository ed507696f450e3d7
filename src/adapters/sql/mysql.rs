use std::time::Duration;

use async_trait::async_trait;

use super::Table;
use super::client::SqlClient;
use super::dialect::Statements as Composed;
use super::failure::Failure;
use super::waves::Verb;
use crate::request::{Answer, Request};

pub(super) struct Statements {}

impl Statements {
  pub(super) fn new(_: &Table) -> Self {
    Self {}
  }
}

#[async_trait]
impl Composed for Statements {
  async fn answer(&self, _: &dyn SqlClient, _: Verb, _: &[&Request]) -> Result<Vec<Answer>, Failure> {
    Err(Failure::configuration("the mysql dialect is not there yet"))
  }
  fn definition(&self) -> Vec<String> {
    Vec::new()
  }
  async fn ensure(&self, _: &dyn SqlClient, _: bool) -> Result<(), Failure> {
    Err(Failure::configuration("the mysql dialect is not there yet"))
  }
  async fn drop_table(&self, _: &dyn SqlClient) -> Result<bool, Failure> {
    Ok(true)
  }
  async fn remove_some_expired(&self, _: &dyn SqlClient, _: Duration) -> Result<u64, Failure> {
    Ok(0)
  }
}

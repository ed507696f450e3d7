use super::*;
use crate::adapters::contract;
use crate::adapters::sql::Server;

fn url() -> String {
  std::env::var("MYSQL_URL").expect("MYSQL_URL names the server to test with; npm test provides one")
}

/// A table of a test's own.
struct Scene(String);

impl Scene {
  fn new() -> Self {
    Self(format!("t{}", uuid::Uuid::new_v4().simple()))
  }

  fn adapter(&self) -> MysqlAdapter {
    MysqlAdapter::new(&MysqlSettings {
      server: Server::at(&url()),
      table_name: Some(self.0.clone()),
    })
    .unwrap()
  }
}

#[tokio::test]
async fn keeps_the_contract() {
  contract::check(&Scene::new().adapter()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_agree_on_one_winner() {
  let scene = Scene::new();
  let adapters: Vec<Arc<dyn LockAdapter>> = (0..4)
    .map(|_| Arc::new(scene.adapter()) as Arc<dyn LockAdapter>)
    .collect();
  contract::check_race(&adapters).await;
}

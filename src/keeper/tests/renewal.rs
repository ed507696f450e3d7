//! Leases that are kept through a provider, on the clock of this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::database::{Database, Mood};
use super::{MINUTES, Told, holding};
use crate::keeper::{Holding, Loss, Standing};
use crate::name::{Key, Owner};
use crate::provider::LockProvider;
use crate::request::{Answer, Holder, Request};
use crate::ttl::Ttl;

/// What must be over by then is over long before.
const PATIENCE: Duration = Duration::from_secs(60);

struct Scene {
  database: Arc<Database>,
  provider: LockProvider,
  told: Told,
}

impl Scene {
  fn new() -> Self {
    let database = Arc::new(Database::default());
    let provider = LockProvider::new(Arc::clone(&database) as Arc<_>);
    Self {
      database,
      provider,
      told: Told::default(),
    }
  }

  /// A key that is granted, and how it is to be kept.
  fn grant(&self, key: &str, ttl: Duration) -> Holding {
    let asked = Instant::now();
    let mut holding = holding(ttl, asked, &self.told);
    holding.key = Key::new(key).unwrap();
    let answer = self.database.elsewhere(Request::Acquire {
      key: holding.key.clone(),
      owner: holding.owner.clone(),
      ttl: holding.ttl,
    });
    let Answer::Acquired { fence } = answer else {
      panic!("the key is free: {answer:?}");
    };
    holding.fence = fence;
    holding
  }

  fn holder(&self) -> Option<Holder> {
    match self.database.elsewhere(look()) {
      Answer::State(holder) => holder,
      answer => panic!("{answer:?}"),
    }
  }

  /// Renewals that were sent; not how many batches they went in.
  fn sent(&self) -> usize {
    self.database.batches().iter().sum()
  }

  async fn told(&self, standing: Standing) {
    until(|| self.told.last() == Some(standing)).await;
  }
}

fn look() -> Request {
  Request::State {
    key: Key::new("k").unwrap(),
  }
}

async fn until(is_so: impl Fn() -> bool) {
  let begun = Instant::now();
  while !is_so() {
    assert!(begun.elapsed() < PATIENCE, "it takes too long");
    tokio::time::sleep(Duration::from_millis(1)).await;
  }
}

#[tokio::test]
async fn a_lease_outlives_its_ttl() {
  let scene = Scene::new();
  let ttl = Duration::from_secs(4);
  let mut holding = scene.grant("k", ttl);
  holding.every = Some(Duration::from_millis(50));
  let fence = holding.fence;
  let id = scene.provider.keep(holding);
  tokio::time::sleep(ttl + ttl / 2).await;
  assert_eq!(scene.holder().map(|holder| holder.fence), Some(fence));
  assert!(scene.told.all().is_empty(), "{:?}", scene.told.all());
  drop(scene.provider.let_go(id));
}

#[tokio::test]
async fn ten_thousand_leases_are_renewed_in_few_batches() {
  let scene = Scene::new();
  for number in 0..10_000 {
    let mut holding = scene.grant(&format!("k{number}"), MINUTES);
    holding.every = Some(Duration::from_secs(3));
    let _id = scene.provider.keep(holding);
  }
  until(|| scene.sent() >= 10_000).await;
  let batches = scene.database.batches();
  assert!(batches.len() <= 40, "{} batches", batches.len());
}

#[tokio::test]
async fn letting_go_ends_the_renewal() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", Duration::from_secs(5));
  holding.every = Some(Duration::from_millis(20));
  let id = scene.provider.keep(holding);
  until(|| scene.sent() > 0).await;
  if let Some(mut under_way) = scene.provider.let_go(id) {
    while under_way.changed().await.is_ok() {}
  }
  let sent = scene.sent();
  until(|| scene.holder().is_none()).await;
  assert_eq!(scene.sent(), sent);
  assert!(scene.told.all().is_empty());
}

#[tokio::test]
async fn letting_go_during_a_renewal_tells_when_that_is_over() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", MINUTES);
  holding.every = Some(Duration::from_millis(50));
  scene.database.be(Mood::IsSilent);
  let id = scene.provider.keep(holding);
  until(|| scene.database.waiting.load(Ordering::Relaxed) == 1).await;
  let mut under_way = scene.provider.let_go(id).expect("a renewal is under way");
  let over = tokio::spawn(async move { while under_way.changed().await.is_ok() {} });
  tokio::time::sleep(Duration::from_millis(50)).await;
  assert!(!over.is_finished());
  scene.database.be(Mood::Answers);
  tokio::time::timeout(PATIENCE, over).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_silent_database_makes_it_suspect_and_then_lost() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", Duration::from_secs(4));
  holding.every = Some(Duration::from_millis(50));
  let _id = scene.provider.keep(holding);
  scene.database.be(Mood::IsSilent);
  scene.told(Standing::Lost(Loss::Connection)).await;
  assert_eq!(scene.told.all(), [Standing::Suspect, Standing::Lost(Loss::Connection)]);
}

#[tokio::test]
async fn an_answer_in_between_makes_it_held_again() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", MINUTES);
  holding.every = Some(Duration::from_millis(50));
  let id = scene.provider.keep(holding);
  scene.database.be(Mood::Fails);
  scene.told(Standing::Suspect).await;
  scene.database.be(Mood::Answers);
  scene.told(Standing::Held).await;
  assert_eq!(scene.told.all(), [Standing::Suspect, Standing::Held]);
  drop(scene.provider.let_go(id));
}

#[tokio::test]
async fn it_is_forced_when_the_key_is_free_and_stolen_when_another_has_it() {
  for is_taken in [false, true] {
    let scene = Scene::new();
    let mut holding = scene.grant("k", MINUTES);
    holding.every = Some(Duration::from_millis(50));
    let key = holding.key.clone();
    assert_eq!(
      scene.database.elsewhere(Request::ForceRelease { key: key.clone() }),
      Answer::Released(true)
    );
    if is_taken {
      scene.database.elsewhere(Request::Acquire {
        key,
        owner: Owner::new("they").unwrap(),
        ttl: None,
      });
    }
    let _id = scene.provider.keep(holding);
    let loss = if is_taken { Loss::Stolen } else { Loss::Forced };
    scene.told(Standing::Lost(loss)).await;
    assert_eq!(scene.holder().is_some(), is_taken, "a renewal revived it");
  }
}

#[tokio::test]
async fn a_later_grant_to_the_same_owner_is_not_prolonged() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", MINUTES);
  holding.every = Some(Duration::from_millis(50));
  let key = holding.key.clone();
  scene.database.elsewhere(Request::ForceRelease { key: key.clone() });
  let again = scene.database.elsewhere(Request::Acquire {
    key,
    owner: holding.owner.clone(),
    ttl: Some(Ttl::new(Duration::from_secs(10)).unwrap()),
  });
  let Answer::Acquired { fence } = again else {
    panic!("{again:?}");
  };
  assert!(fence > holding.fence);
  let _id = scene.provider.keep(holding);
  scene.told(Standing::Lost(Loss::Stolen)).await;
  until(|| scene.holder().is_none()).await;
}

#[tokio::test]
async fn a_loss_is_told_though_the_database_falls_silent_before_its_reason_is_known() {
  let scene = Scene::new();
  let mut holding = scene.grant("k", MINUTES);
  holding.every = Some(Duration::from_millis(50));
  scene.database.elsewhere(Request::ForceRelease {
    key: holding.key.clone(),
  });
  scene.database.fall_silent_after(1);
  let _id = scene.provider.keep(holding);
  scene.told(Standing::Lost(Loss::Forced)).await;
}

#[tokio::test]
async fn what_nobody_hears_of_any_more_is_left_to_its_end() {
  let scene = Scene::new();
  let is_gone = Arc::new(AtomicBool::new(false));
  let mut holding = scene.grant("k", Duration::from_secs(5));
  holding.every = Some(Duration::from_millis(20));
  let gone = Arc::clone(&is_gone);
  holding.is_gone = Box::new(move || gone.load(Ordering::Relaxed));
  let _id = scene.provider.keep(holding);
  until(|| scene.sent() > 0).await;
  is_gone.store(true, Ordering::Relaxed);
  until(|| scene.holder().is_none()).await;
  assert!(scene.told.all().is_empty());
}

#[tokio::test]
async fn closing_the_provider_loses_what_is_kept() {
  let scene = Scene::new();
  let _id = scene.provider.keep(scene.grant("k", MINUTES));
  scene.provider.close().await;
  assert_eq!(scene.told.all(), [Standing::Lost(Loss::Closed)]);
}

#[tokio::test]
async fn nobody_tends_when_nothing_is_kept_and_somebody_does_when_something_is_again() {
  let scene = Scene::new();
  for _ in 0..3 {
    let mut holding = scene.grant("k", MINUTES);
    holding.every = Some(Duration::from_millis(20));
    let key = holding.key.clone();
    let sent = scene.sent();
    let id = scene.provider.keep(holding);
    until(|| scene.sent() > sent).await;
    drop(scene.provider.let_go(id));
    until(|| !scene.provider.keeper().holds().is_tended).await;
    scene.database.elsewhere(Request::ForceRelease { key });
  }
}

//! Cycles of everything that allocates in the engine. By themselves they check that no task is left that keeps the
//! adapter; what else they leave behind, valgrind tells:
//!
//! ```sh
//! cargo test --test leaks --config 'target."cfg(unix)".runner = "valgrind --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=1"'
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast::adapters::LockAdapter;
use holdfast::adapters::memory::MemoryAdapter;
use holdfast::fence::Fence;
use holdfast::keeper::{Holding, Standing};
use holdfast::waiters::Grant;
use holdfast::{Answer, Key, Lock, LockProvider, Owner, Ttl, Wait};
use tokio::sync::{mpsc, oneshot};

/// A minute under valgrind.
const CYCLES: usize = 5_000;

/// What must be over by then is over long before.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_memory_of_its_own_keeps_nothing() {
  cycle_over(MemoryAdapter::new());
}

#[test]
fn a_memory_that_others_share_keeps_nothing() {
  cycle_over(MemoryAdapter::named("leaks"));
}

fn cycle_over(adapter: MemoryAdapter) {
  let adapter = Arc::new(adapter);
  let runtime = tokio::runtime::Builder::new_multi_thread()
    .worker_threads(2)
    .enable_time()
    .build()
    .unwrap();
  runtime.block_on(async {
    let provider = LockProvider::new(Arc::clone(&adapter) as Arc<dyn LockAdapter>);
    for number in 0..CYCLES {
      // Every other key is never seen again.
      let key = Key::new(format!("key {}", number % 2 * number)).unwrap();
      cycle(&provider, key, number).await;
    }
    provider.close().await;
  });
  drop(runtime);
  assert_eq!(Arc::strong_count(&adapter), 1, "nothing that was begun is still there");
}

/// An acquire and a release, with more of what there is between them.
async fn cycle(provider: &LockProvider, key: Key, number: usize) {
  let ttl = Ttl::new(Duration::from_secs(600)).unwrap();
  let lock = provider.create(key.clone(), None);
  let fence = lock.acquire(Some(ttl)).await.unwrap().expect("the key is free");
  let rival = provider.create(key, Some(Owner::new("rival").unwrap()));
  assert_eq!(rival.acquire(Some(ttl)).await.unwrap(), None);
  assert_eq!(lock.refresh(ttl).await.unwrap(), Answer::Refreshed);
  assert_eq!(lock.state().await.unwrap().expect("it is held").fence, fence);
  match number % 5 {
    1 => hand_over(provider, &lock).await,
    2 => keep(provider, &lock, fence, ttl).await,
    3 => assert!(lock.force_release().await.unwrap()),
    _ => assert!(lock.release().await.unwrap()),
  }
}

/// To one who waits, past one who gives up.
async fn hand_over(provider: &LockProvider, lock: &Lock) {
  let (leaving, left) = wait(provider, lock.key());
  let (heir, granted) = wait(provider, lock.key());
  let has_left = provider.give_up(lock.key(), leaving.1);
  assert!(lock.release().await.unwrap());
  if has_left {
    assert!(left.await.is_err(), "nobody tells whoever gave up");
  } else if left.await.unwrap().unwrap().is_some() {
    // It was tried for, and is told of that.
    assert!(leaving.0.release().await.unwrap());
  }
  let grant = tokio::time::timeout(PATIENCE, granted).await.unwrap();
  assert!(grant.unwrap().unwrap().expect("a grant").fence > 0);
  assert!(heir.0.release().await.unwrap());
}

fn wait(provider: &LockProvider, key: &Key) -> ((Lock, u64), oneshot::Receiver<holdfast::Result<Option<Grant>>>) {
  let lock = provider.create(key.clone(), None);
  let (tell, outcome) = oneshot::channel();
  let id = provider.wait(&lock, |_| Wait {
    ttl: None,
    interval: PATIENCE,
    done: Box::new(|outcome| tell.send(outcome).is_ok()),
    is_gone: Box::new(|| false),
  });
  ((lock, id), outcome)
}

/// Renewed until it is lost to a release by force.
async fn keep(provider: &LockProvider, lock: &Lock, fence: Fence, ttl: Ttl) {
  let (told, mut standings) = mpsc::unbounded_channel::<Standing>();
  let id = provider.keep(Holding {
    key: lock.key().clone(),
    owner: lock.owner().clone(),
    fence,
    ttl: Some(ttl),
    asked: Instant::now(),
    every: Some(Duration::from_millis(1)),
    max_hold: None,
    max_stall: None,
    tell: Arc::new(move |standing| {
      let _ = told.send(standing);
    }),
    is_gone: Box::new(|| false),
  });
  assert!(lock.force_release().await.unwrap());
  let loss = async {
    // A renewal that takes its time makes the lease suspect before.
    while !matches!(standings.recv().await, Some(Standing::Lost(_))) {}
  };
  tokio::time::timeout(PATIENCE, loss).await.unwrap();
  drop(provider.let_go(id));
}

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

/// How long the clock goes on ticking after the last use.
const TICK: Duration = Duration::from_millis(500);

/// So often in a row a thread goes on with what is woken again at once; then it is for the runtime, which is fair to others.
const MOST_TURNS: u32 = 16;

/// An object of its own, because it stays where it is while it waits.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Work that whoever wants it done can go on with on their own thread; woken by anything else, it goes on on the runtime.
///
/// To wake a thread costs more than most of what is done in one go between two waits.
pub struct Task {
  /// `None`: it is over.
  work: Mutex<Option<Work>>,
  runtime: Handle,
  /// Whether it may get on.
  is_woken: AtomicBool,
  is_over: AtomicBool,
  /// How many will [go on](Task::go_on) with it in a moment.
  attendants: AtomicUsize,
}

impl Task {
  /// Begins with it, on this thread.
  ///
  /// It has to be called in the context of a Tokio runtime.
  pub fn begin(work: impl Future<Output = ()> + Send + 'static) -> Arc<Self> {
    Clock::look();
    let task = Arc::new(Self {
      work: Mutex::new(Some(Box::pin(work))),
      runtime: Handle::current(),
      is_woken: AtomicBool::new(true),
      is_over: AtomicBool::new(false),
      attendants: AtomicUsize::new(0),
    });
    task.go_on();
    task
  }

  /// Does something that may wake it, and goes on with it then, on this thread.
  pub fn attend<T>(self: &Arc<Self>, something: impl FnOnce() -> T) -> T {
    let attendance = Attendance::of(self);
    let outcome = something();
    drop(attendance);
    self.go_on();
    outcome
  }

  pub fn is_over(&self) -> bool {
    self.is_over.load(Ordering::SeqCst) || self.work.is_poisoned()
  }

  /// Drops it, whatever it waits for.
  pub fn end(self: &Arc<Self>) {
    self.is_over.store(true, Ordering::SeqCst);
    self.is_woken.store(true, Ordering::SeqCst);
    self.go_on();
  }

  fn go_on(self: &Arc<Self>) {
    for _ in 0..MOST_TURNS {
      if !self.is_woken.load(Ordering::SeqCst) {
        return;
      }
      // Whoever is at it looks again when they have let go of it. If it has panicked, it cannot go on.
      let Ok(mut work) = self.work.try_lock() else {
        return;
      };
      self.is_woken.store(false, Ordering::SeqCst);
      if !self.is_over()
        && let Some(future) = &mut *work
      {
        let waker = Waker::from(Arc::clone(self));
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
          self.is_over.store(true, Ordering::SeqCst);
        }
      }
      if self.is_over() {
        *work = None;
      }
    }
    self.go_on_elsewhere();
  }

  fn go_on_elsewhere(self: &Arc<Self>) {
    let task = Arc::clone(self);
    self.runtime.spawn(async move { task.go_on() });
  }
}

impl Wake for Task {
  fn wake(self: Arc<Self>) {
    if !self.is_woken.swap(true, Ordering::SeqCst) && self.attendants.load(Ordering::SeqCst) == 0 {
      self.go_on_elsewhere();
    }
  }
}

/// Ends however what is done ends.
struct Attendance<'task>(&'task AtomicUsize);

impl<'task> Attendance<'task> {
  fn of(task: &'task Task) -> Self {
    task.attendants.fetch_add(1, Ordering::SeqCst);
    Self(&task.attendants)
  }
}

impl Drop for Attendance<'_> {
  fn drop(&mut self) {
    self.0.fetch_sub(1, Ordering::SeqCst);
  }
}

/// A timer that is due before those of requests are, for as long as there are requests. Whoever sets the timer that is
/// due first has to wake the runtime, and each request that comes alone would.
struct Clock;

static CLOCK: AtomicU8 = AtomicU8::new(Clock::STOPPED);

impl Clock {
  const STOPPED: u8 = 0;
  const UNUSED: u8 = 1;
  const USED: u8 = 2;

  fn look() {
    if CLOCK.swap(Self::USED, Ordering::SeqCst) == Self::STOPPED {
      tokio::spawn(async {
        loop {
          sleep(TICK).await;
          if CLOCK.fetch_sub(1, Ordering::SeqCst) == Self::UNUSED {
            break;
          }
        }
      });
    }
  }
}

#[cfg(test)]
mod tests {
  use std::future::poll_fn;
  use std::sync::atomic::AtomicU32;
  use std::task::Poll;
  use std::thread;

  use tokio::sync::{mpsc, oneshot};
  use tokio::time::timeout;

  use super::*;

  const PATIENCE: Duration = Duration::from_secs(30);

  #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
  async fn begins_here_and_is_woken_to_go_on_over_there() {
    let (wake, woken) = oneshot::channel();
    let (tell, mut told) = mpsc::unbounded_channel();
    let here = thread::current().id();
    // A task that is spawned would begin on the worker.
    drop(Task::begin(async move {
      tell.send(thread::current().id()).unwrap();
      woken.await.unwrap();
      tell.send(thread::current().id()).unwrap();
    }));
    assert_eq!(told.try_recv(), Ok(here));
    wake.send(()).unwrap();
    assert_ne!(timeout(PATIENCE, told.recv()).await.unwrap(), Some(here));
  }

  #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
  async fn goes_on_here_for_who_attends_it() {
    let (wake, mut woken) = mpsc::unbounded_channel();
    let (tell, mut told) = mpsc::unbounded_channel();
    let task = Task::begin(async move {
      while woken.recv().await.is_some() {
        tell.send(thread::current().id()).unwrap();
      }
    });
    for _ in 0..3 {
      task.attend(|| wake.send(()).unwrap());
      assert_eq!(told.try_recv(), Ok(thread::current().id()));
    }
    assert!(!task.is_over());
    task.attend(|| drop(wake));
    assert!(task.is_over());
  }

  #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
  async fn misses_nothing_that_many_threads_have_for_it() {
    const EACH: u32 = 10_000;
    let (send, mut received) = mpsc::unbounded_channel();
    let (done, is_done) = oneshot::channel();
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let task = Task::begin(async move {
      let mut at_it = 0;
      while let Some(number) = received.recv().await {
        at_it += number;
        counter.fetch_add(1, Ordering::SeqCst);
      }
      done.send(at_it).unwrap();
    });
    let threads: Vec<_> = (0..4)
      .map(|thread| {
        let (task, send) = (task.clone(), send.clone());
        thread::spawn(move || {
          for _ in 0..EACH {
            if thread % 2 == 0 {
              task.attend(|| send.send(1).unwrap());
            } else {
              send.send(1).unwrap();
            }
          }
        })
      })
      .collect();
    drop(send);
    assert_eq!(timeout(PATIENCE, is_done).await.unwrap(), Ok(4 * EACH));
    for thread in threads {
      thread.join().unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 4 * EACH);
  }

  #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
  async fn gives_the_thread_back_that_it_would_keep() {
    let (told, mut is_told) = oneshot::channel();
    let mut told = Some(told);
    let here = thread::current().id();
    let task = Task::begin(poll_fn(move |context| {
      context.waker().wake_by_ref();
      if thread::current().id() == here {
        return Poll::Pending;
      }
      if let Some(told) = told.take() {
        told.send(()).unwrap();
      }
      Poll::Ready(())
    }));
    timeout(PATIENCE, &mut is_told).await.unwrap().unwrap();
    while !task.is_over() {
      tokio::task::yield_now().await;
    }
  }

  #[tokio::test]
  async fn what_it_has_is_dropped_when_it_is_ended() {
    let (kept, mut dropped) = oneshot::channel::<()>();
    let task = Task::begin(async move {
      std::future::pending::<()>().await;
      drop(kept);
    });
    assert!(!task.is_over());
    task.end();
    assert!(task.is_over());
    assert!(
      dropped
        .try_recv()
        .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
    );
  }

  #[tokio::test]
  async fn one_that_panics_is_over() {
    let (wake, woken) = oneshot::channel::<()>();
    let task = Task::begin(async move {
      woken.await.unwrap();
      panic!("as it must");
    });
    let attended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task.attend(|| wake.send(()))));
    assert!(attended.is_err());
    assert!(task.is_over());
  }
}

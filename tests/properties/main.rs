//! Whatever is asked of an adapter, in whatever order, and whatever ends and starts again in between: the answers are those
//! of a model of a few lines, and fences grow.
//!
//! Nothing here depends on how fast the machine is: a lease is over at once, lasts for an hour, has no end, or is over when
//! the database says so.
//!
//! A failure names its seed; `HOLDFAST_SEED` repeats it.

mod history;
mod reference;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast::adapters::{self, LockAdapter, Options};
use holdfast::request::Holder;
use holdfast::{Answer, Owner, Request};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestError, TestRunner};

use self::history::{KEYS, Step, history, key_named, owner_named, request};
use self::reference::Reference;
use self::server::{Kind, Loss, Server};

/// Far more than anything takes here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A history as it is played: to an adapter that what opens it again finds as it was, at a server that can be restarted.
struct Play<'place> {
  open: &'place dyn Fn() -> Arc<dyn LockAdapter>,
  restart: &'place dyn Fn(bool) -> Option<Loss>,
  adapter: Arc<dyn LockAdapter>,
  reference: Reference,
}

impl Play<'_> {
  async fn step(&mut self, step: &Step) -> TestCaseResult {
    match step {
      Step::Ask(verbs) => {
        let requests: Vec<_> = verbs.iter().map(|verb| request(verb, &self.reference)).collect();
        let answers = match self.adapter.try_answer(&requests) {
          Some(answers) => answers,
          None => self.adapter.answer(requests.clone()).await,
        };
        prop_assert_eq!(answers.len(), requests.len());
        for ((verb, request), answer) in verbs.iter().zip(&requests).zip(answers) {
          self.reference.check(verb, request, &answer.map_err(failed)?)?;
        }
      }
      Step::RemoveAllExpired => {
        self.adapter.remove_all_expired().await.map_err(failed)?;
      }
      Step::LetLapse => self.let_lapse().await?,
      Step::Reopen => {
        let next = (self.open)();
        self.adapter.close().await;
        self.adapter = next;
      }
      Step::Restart { is_orderly } => {
        if let Some(loss) = (self.restart)(*is_orderly) {
          self.recover(loss).await?;
        }
      }
    }
    Ok(())
  }

  /// A lease that has lapsed is not revived by who had it.
  async fn let_lapse(&mut self) -> TestCaseResult {
    for (key, lease) in self.reference.momentary() {
      let begun = Instant::now();
      while self.look(key).await.map_err(failed)?.is_some() {
        prop_assert!(begun.elapsed() < PATIENCE, "it does not lapse");
        tokio::time::sleep(Duration::from_millis(10)).await;
      }
      for fence in [None, Some(lease.fence)] {
        let verb = history::Verb::Refresh {
          key,
          owner: lease.owner,
          term: history::Term::Hour,
          meant: history::Meant::Any,
        };
        let refresh = Request::Refresh {
          key: key_named(key),
          owner: owner_named(lease.owner),
          ttl: holdfast::Ttl::new(history::HOUR).unwrap(),
          fence,
        };
        let answer = self.ask(refresh.clone()).await.map_err(failed)?;
        prop_assert_eq!(&answer, &Answer::Unowned, "a renewal revives");
        self.reference.check(&verb, &refresh, &answer)?;
      }
    }
    Ok(())
  }

  /// The connections may not know yet that they have ended.
  async fn recover(&mut self, loss: Loss) -> TestCaseResult {
    let begun = Instant::now();
    loop {
      let looks = (0..KEYS).map(|key| Request::State { key: key_named(key) }).collect();
      let answers = self.adapter.answer(looks).await;
      match answers.into_iter().find_map(Result::err) {
        None => break,
        Some(error) => prop_assert!(begun.elapsed() < PATIENCE, "{error}"),
      }
      tokio::time::sleep(Duration::from_millis(20)).await;
    }
    self.reference.lose(loss);
    for key in self.reference.doubtful() {
      let holder = self.look(key).await.map_err(failed)?;
      self.reference.settle(key, holder.as_ref())?;
    }
    Ok(())
  }

  async fn look(&self, key: usize) -> holdfast::Result<Option<Holder>> {
    match self.ask(Request::State { key: key_named(key) }).await? {
      Answer::State(holder) => Ok(holder),
      answer => panic!("a look is answered {answer:?}"),
    }
  }

  async fn ask(&self, request: Request) -> holdfast::Result<Answer> {
    let requests = vec![request];
    let mut answers = match self.adapter.try_answer(&requests) {
      Some(answers) => answers,
      None => self.adapter.answer(requests).await,
    };
    answers.remove(0)
  }
}

fn failed(error: holdfast::Error) -> TestCaseError {
  TestCaseError::fail(error.to_string())
}

/// Plays so many histories, each in a place of its own, which a name makes.
fn play_all(
  count: u32,
  steps: usize,
  open: impl Fn(&str) -> Arc<dyn LockAdapter>,
  restart: impl Fn(bool) -> Option<Loss>,
) {
  let seed = std::env::var("HOLDFAST_SEED")
    .ok()
    .and_then(|seed| seed.parse().ok())
    .unwrap_or_else(|| u64::from(uuid::Uuid::new_v4().as_fields().0));
  let mut runner = TestRunner::new(ProptestConfig {
    cases: count,
    failure_persistence: None,
    rng_seed: RngSeed::Fixed(seed),
    max_shrink_iters: 100,
    ..ProptestConfig::default()
  });
  let runtime = tokio::runtime::Builder::new_multi_thread()
    .worker_threads(1)
    .enable_all()
    .build()
    .expect("a runtime");
  let verdict = runner.run(&history(steps), |history| {
    // Another one every time: histories are played again while a failing one is made shorter.
    let name = unused_name();
    runtime.block_on(async {
      let mut play = Play {
        adapter: open(&name),
        open: &|| open(&name),
        restart: &restart,
        reference: Reference::default(),
      };
      for step in &history {
        play.step(step).await?;
      }
      play.adapter.close().await;
      Ok(())
    })
  });
  match verdict {
    Err(TestError::Fail(reason, history)) => panic!("{reason}, with HOLDFAST_SEED={seed}, by {history:#?}"),
    Err(error) => panic!("{error}, with HOLDFAST_SEED={seed}"),
    Ok(()) => {}
  }
}

/// The same at a server that is restarted in between.
fn play_at(count: u32, kind: Kind, options: impl Fn(&str) -> Options) {
  let server = Server::start(kind);
  let restart = |is_orderly| Some(server.restart(is_orderly));
  play_all(
    count,
    20,
    |name| adapters::open(&server.url, &options(name)).unwrap(),
    restart,
  );
}

fn unused_name() -> String {
  format!("t{}", Owner::unique().as_str().replace('-', "_"))
}

fn in_table(name: &str) -> Options {
  Options {
    table_name: Some(name.to_owned()),
    ..Options::default()
  }
}

fn under_prefix(name: &str) -> Options {
  Options {
    key_prefix: Some(format!("{name}:")),
    ..Options::default()
  }
}

#[test]
fn memory_answers_as_the_model_does() {
  let open = |name: &str| adapters::open(&format!("memory:{name}"), &Options::default()).unwrap();
  play_all(200, 30, open, |_| None);
}

#[test]
fn sqlite_answers_as_the_model_does() {
  let folder = std::env::temp_dir().join(format!("holdfast-{}", unused_name()));
  std::fs::create_dir(&folder).unwrap();
  let url = |name: &str| format!("sqlite:{}", folder.join(name).display());
  play_all(
    40,
    30,
    |name| adapters::open(&url(name), &Options::default()).unwrap(),
    |_| None,
  );
  std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn redis_that_appends_answers_as_the_model_does_through_restarts() {
  let kind = Kind {
    name: "redis",
    settings: r#"{ "appendonly": "yes", "appendfsync": "always" }"#,
    orderly: "SIGTERM",
    at_once: "SIGKILL",
    loss_in_order: Loss::Nothing,
    loss_at_once: Loss::Nothing,
  };
  play_at(20, kind, under_prefix);
}

#[test]
fn redis_that_does_not_append_loses_leases_by_restarts_and_no_fence_falls_back() {
  let kind = Kind {
    name: "redis",
    settings: "{}",
    orderly: "SIGTERM",
    at_once: "SIGKILL",
    loss_in_order: Loss::Everything,
    loss_at_once: Loss::Everything,
  };
  play_at(20, kind, under_prefix);
}

#[test]
fn postgres_answers_as_the_model_does_through_restarts() {
  let kind = Kind {
    name: "postgres",
    settings: "{}",
    orderly: "SIGINT",
    at_once: "SIGQUIT",
    loss_in_order: Loss::Nothing,
    loss_at_once: Loss::LastReleases,
  };
  play_at(12, kind, in_table);
}

#[test]
fn mariadb_answers_as_the_model_does_through_restarts() {
  let kind = Kind {
    name: "mariadb",
    settings: "{}",
    orderly: "SIGTERM",
    at_once: "SIGKILL",
    loss_in_order: Loss::Nothing,
    loss_at_once: Loss::Nothing,
  };
  play_at(8, kind, in_table);
}

#[test]
fn mongodb_answers_as_the_model_does_through_restarts() {
  let kind = Kind {
    name: "mongodb",
    settings: "{}",
    orderly: "SIGTERM",
    at_once: "SIGKILL",
    loss_in_order: Loss::Nothing,
    loss_at_once: Loss::LastReleases,
  };
  play_at(8, kind, in_table);
}

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sqlx::Executor;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::driver::PostgresDriver;
use crate::adapters::sql::{Connections, SqlClient, Table, Value, channel, wait_for};
use crate::adapters::{Watch, Watches};
use crate::error::Result;
use crate::name::Key;

/// How long a row says that somebody waits, unless it is said again, which is done each third of it.
const WAITED: Duration = Duration::from_secs(60);

/// How long a new subscription may take, and how long after it a message of its own. Whoever waits tries for nothing in
/// the meantime.
const HANDSHAKE: Duration = Duration::from_secs(3);
const ECHO: Duration = Duration::from_secs(1);

/// Where no subscription could be had none is tried for the first of these, and where nothing is heard over it twice in a
/// row, as behind a pooler, for the second. Once may be because the server is busy.
const RESIGNATION: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

/// The connection is given up when nobody has waited for this long. As often it is asked whether it still works.
const IDLE: Duration = Duration::from_secs(20);

/// Hears of releases over one connection, which is there while somebody waits.
pub(super) struct Listener {
  driver: PostgresDriver,
  connections: Arc<Connections<PostgresDriver>>,
  channel: String,
  wait_for: Arc<str>,
  watches: Arc<Watches>,
  state: Mutex<State>,
  /// Held while a subscription is made.
  subscribing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
  subscription: Option<JoinHandle<()>>,
  /// Until when none is tried.
  resigned_until: Option<Instant>,
  was_unheard: bool,
  is_closed: bool,
}

/// Why there is no subscription.
#[derive(Clone, Copy, PartialEq)]
enum Refusal {
  NotMade,
  /// What was sent over it did not arrive.
  Unheard,
}

impl State {
  /// For how long none is tried after this.
  fn pause_after(&mut self, refusal: Refusal) -> Duration {
    let is_unheard = refusal == Refusal::Unheard;
    let was_unheard = std::mem::replace(&mut self.was_unheard, is_unheard);
    if is_unheard && was_unheard {
      RESIGNATION.1
    } else {
      RESIGNATION.0
    }
  }
}

/// Ends with a watch.
struct Reminder(JoinHandle<()>);

impl Listener {
  pub(super) fn new(driver: PostgresDriver, connections: Arc<Connections<PostgresDriver>>, table: &Table) -> Self {
    Self {
      driver,
      connections,
      channel: channel(table),
      wait_for: wait_for(table).into(),
      watches: Arc::default(),
      state: Mutex::default(),
      subscribing: tokio::sync::Mutex::default(),
    }
  }

  fn state(&self) -> MutexGuard<'_, State> {
    self.state.lock().unwrap_or_else(PoisonError::into_inner)
  }

  /// `None`: no notification arrives here.
  pub(super) async fn watch(this: &Arc<Self>, key: &Key) -> Result<Option<Watch>> {
    // Before the subscription is looked for, so that it does not end for want of watches.
    let watch = this.watches.open(key);
    if !Self::subscribe(this).await || !this.say_that_somebody_waits(key).await {
      return Ok(None);
    }
    let reminding = tokio::spawn(Self::remind(Arc::downgrade(this), key.clone()));
    Ok(Some(watch.with(Reminder(reminding))))
  }

  pub(super) fn close(&self) {
    let mut state = self.state();
    state.is_closed = true;
    if let Some(subscription) = state.subscription.take() {
      subscription.abort();
    }
  }

  async fn say_that_somebody_waits(&self, key: &Key) -> bool {
    let milliseconds = WAITED.as_millis().to_string();
    let parameters = vec![Value::Text(key.as_str().to_owned()), Value::Text(milliseconds)];
    self.connections.query(&self.wait_for, parameters).await.is_ok()
  }

  async fn remind(this: Weak<Self>, key: Key) {
    loop {
      tokio::time::sleep(WAITED / 3).await;
      let Some(listener) = this.upgrade() else { return };
      listener.say_that_somebody_waits(&key).await;
    }
  }

  /// Whether there is a subscription now.
  async fn subscribe(this: &Arc<Self>) -> bool {
    let _subscribing = this.subscribing.lock().await;
    {
      let state = this.state();
      if state.is_closed || state.resigned_until.is_some_and(|instant| Instant::now() < instant) {
        return false;
      }
      if state.subscription.as_ref().is_some_and(|task| !task.is_finished()) {
        return true;
      }
    }
    let subscribed = this.connect().await;
    let mut state = this.state();
    match subscribed {
      Ok(connection) if !state.is_closed => {
        (state.resigned_until, state.was_unheard) = (None, false);
        state.subscription = Some(tokio::spawn(Self::hear(Arc::downgrade(this), connection)));
        true
      }
      Ok(_) => false,
      Err(refusal) => {
        let pause = state.pause_after(refusal);
        state.resigned_until = Some(Instant::now() + pause);
        false
      }
    }
  }

  /// A connection that hears what is sent.
  async fn connect(&self) -> std::result::Result<PgListener, Refusal> {
    let Ok(Some((mut connection, message))) = timeout(HANDSHAKE, self.listen()).await else {
      return Err(Refusal::NotMade);
    };
    let heard = async {
      loop {
        match connection.try_recv().await {
          Ok(Some(notification)) if notification.payload() == message => return true,
          Ok(Some(_)) => {}
          Ok(None) | Err(_) => return false,
        }
      }
    };
    match timeout(ECHO, heard).await {
      Ok(true) => Ok(connection),
      Ok(false) => Err(Refusal::NotMade),
      Err(_) => Err(Refusal::Unheard),
    }
  }

  /// A subscription, and a message that was sent over it: a pooler may take the one and lose the other.
  async fn listen(&self) -> Option<(PgListener, String)> {
    let options = self.driver.options().await.ok()?;
    let pool = PgPoolOptions::new()
      .max_connections(1)
      .acquire_timeout(HANDSHAKE)
      .connect_lazy_with(options);
    let mut connection = PgListener::connect_with(&pool).await.ok()?;
    connection.eager_reconnect(false);
    connection.ignore_pool_close_event(true);
    connection.listen(&self.channel).await.ok()?;
    let message = format!("?{}", uuid::Uuid::new_v4());
    let send = Arc::from("SELECT pg_notify($1::text, $2::text)::text AS told");
    let parameters = vec![Value::Text(self.channel.clone()), Value::Text(message.clone())];
    self.connections.query(&send, parameters).await.ok()?;
    Some((connection, message))
  }

  async fn hear(this: Weak<Self>, mut connection: PgListener) {
    loop {
      let heard = timeout(IDLE, connection.try_recv()).await;
      let Some(listener) = this.upgrade() else { return };
      match heard {
        Ok(Ok(Some(notification))) => listener.wake(notification.payload()),
        Ok(Ok(None) | Err(_)) => break listener.watches.wake_all(),
        Err(_) if listener.gives_up() => return,
        Err(_) => {
          drop(listener);
          let ping = (&mut connection).execute("SELECT 1");
          if !matches!(timeout(HANDSHAKE, ping).await, Ok(Ok(_))) {
            if let Some(listener) = this.upgrade() {
              listener.watches.wake_all();
            }
            break;
          }
        }
      }
    }
    drop(connection);
    Self::resume(this).await;
  }

  /// Subscribes again after a loss for as long as somebody waits. What was sent in between was missed, so everybody is
  /// woken once more.
  async fn resume(this: Weak<Self>) {
    let mut pause = Duration::from_millis(100);
    loop {
      tokio::time::sleep(pause).await;
      pause = (2 * pause).min(Duration::from_secs(5));
      let Some(listener) = this.upgrade() else { return };
      if listener.gives_up() {
        return;
      }
      if let Ok(connection) = listener.connect().await {
        listener.watches.wake_all();
        drop(listener);
        return Box::pin(Self::hear(this, connection)).await;
      }
    }
  }

  /// Whether nobody waits. Who begins to wait says so before looking for a subscription.
  fn gives_up(&self) -> bool {
    let mut state = self.state();
    let is_over = self.watches.is_empty();
    if is_over {
      state.subscription = None;
    }
    is_over
  }

  fn wake(&self, payload: &str) {
    if let Ok(key) = Key::new(payload) {
      self.watches.wake(&key);
    }
  }
}

impl Drop for Listener {
  fn drop(&mut self) {
    self.close();
  }
}

impl Drop for Reminder {
  fn drop(&mut self) {
    self.0.abort();
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn what_was_unheard_twice_in_a_row_is_behind_a_pooler() {
    let mut state = State::default();
    assert_eq!(state.pause_after(Refusal::Unheard), RESIGNATION.0);
    assert_eq!(state.pause_after(Refusal::Unheard), RESIGNATION.1);
    assert_eq!(state.pause_after(Refusal::NotMade), RESIGNATION.0);
    assert_eq!(state.pause_after(Refusal::Unheard), RESIGNATION.0);
  }
}

//! Hears of releases. One task keeps the subscriptions of an adapter, over connections that do nothing else: should the
//! order of answers ever be lost there, no answer to a verb is.

use std::collections::HashMap;
use std::sync::Arc;

use redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Duration, Instant, sleep_until};

use super::connection::{Connection, Failure};
use super::node::Node;
use super::refusal;
use super::script::Style;
use super::servers::Servers;
use crate::adapters::Watch;
use crate::error::{Error, ErrorKind, Result};

/// How long connecting and subscribing may take together. The others wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a connection without news is asked whether it is still one, and subscriptions that were lost are renewed.
const ROUND: Duration = Duration::from_secs(5);

/// The same while there are subscriptions to be renewed.
const SHORT_ROUND: Duration = Duration::from_millis(250);

/// Gives orders to the task that listens. It ends with the last of them.
#[derive(Clone)]
pub(super) struct Subscriber {
  orders: UnboundedSender<Order>,
}

enum Order {
  Listen {
    /// The key of the lock.
    name: String,
    ear: Arc<Notify>,
    done: oneshot::Sender<Result<()>>,
  },
  Cease {
    name: String,
    ear: Arc<Notify>,
  },
  Close,
}

impl Subscriber {
  pub(super) fn start(servers: Arc<Servers>) -> Self {
    let (orders, received) = unbounded_channel();
    let (ears, heard) = unbounded_channel();
    let listening = Listening {
      servers,
      ears,
      lines: HashMap::new(),
      last_line: 0,
      topics: HashMap::new(),
    };
    tokio::spawn(listening.run(received, heard));
    Self { orders }
  }

  pub(super) async fn watch(&self, name: String) -> Result<Watch> {
    let ear = Arc::new(Notify::new());
    let (done, told) = oneshot::channel();
    let subscription = Subscription {
      orders: self.orders.clone(),
      name: name.clone(),
      ear: ear.clone(),
    };
    let order = Order::Listen {
      name,
      ear: ear.clone(),
      done,
    };
    self.orders.send(order).map_err(|_| Error::closed())?;
    told.await.map_err(|_| Error::closed())??;
    Ok(Watch::new(ear, subscription))
  }

  pub(super) fn close(&self) {
    let _ = self.orders.send(Order::Close);
  }
}

/// Dropped by whoever does not listen any more, or has given up before the server had confirmed.
struct Subscription {
  orders: UnboundedSender<Order>,
  name: String,
  ear: Arc<Notify>,
}

impl Drop for Subscription {
  fn drop(&mut self) {
    let _ = self.orders.send(Order::Cease {
      name: std::mem::take(&mut self.name),
      ear: self.ear.clone(),
    });
  }
}

type LineNumber = u64;

/// What the task knows.
struct Listening {
  servers: Arc<Servers>,
  ears: UnboundedSender<(LineNumber, PushInfo)>,
  lines: HashMap<LineNumber, Line>,
  last_line: LineNumber,
  /// By the channel.
  topics: HashMap<String, Topic>,
}

/// A connection.
struct Line {
  node: Arc<Node>,
  connection: Connection,
}

/// Those who want to know of one lock.
struct Topic {
  name: String,
  ears: Vec<Arc<Notify>>,
  /// Where it is subscribed to. `None`: nowhere at the moment.
  line: Option<LineNumber>,
}

impl Topic {
  fn wake(&self) {
    for ear in &self.ears {
      ear.notify_one();
    }
  }
}

impl Listening {
  async fn run(mut self, mut orders: UnboundedReceiver<Order>, mut heard: UnboundedReceiver<(LineNumber, PushInfo)>) {
    let mut next_round = Instant::now() + ROUND;
    loop {
      tokio::select! {
        // What was heard came before the orders that are still waiting.
        biased;
        Some((line, push)) = heard.recv() => self.hear(line, &push),
        order = orders.recv() => match order {
          Some(Order::Listen { name, ear, done }) => {
            // Who has given up meanwhile has sent the order to cease behind this one.
            let _ = done.send(self.listen(name, ear).await);
          }
          Some(Order::Cease { name, ear }) => self.cease(&name, &ear).await,
          Some(Order::Close) | None => break,
        },
        () = sleep_until(next_round) => self.look_after().await,
      }
      let is_whole = self.topics.values().all(|topic| topic.line.is_some());
      let round = if is_whole { ROUND } else { SHORT_ROUND };
      if next_round <= Instant::now() || next_round > Instant::now() + round {
        next_round = Instant::now() + round;
      }
    }
    self.topics.values().for_each(Topic::wake);
  }

  async fn listen(&mut self, name: String, ear: Arc<Notify>) -> Result<()> {
    let channel = Style::channel(&name);
    if self.topics.get(&channel).is_none_or(|topic| topic.line.is_none()) {
      let line = self.subscribe(&name, &channel).await?;
      let topic = self.topics.entry(channel.clone()).or_insert_with(|| Topic {
        name,
        ears: Vec::new(),
        line: None,
      });
      topic.line = Some(line);
      topic.wake();
    }
    if let Some(topic) = self.topics.get_mut(&channel) {
      topic.ears.push(ear);
    }
    Ok(())
  }

  async fn cease(&mut self, name: &str, ear: &Arc<Notify>) {
    let channel = Style::channel(name);
    let Some(topic) = self.topics.get_mut(&channel) else {
      return;
    };
    topic.ears.retain(|other| !Arc::ptr_eq(other, ear));
    if !topic.ears.is_empty() {
      return;
    }
    let line = self.topics.remove(&channel).and_then(|topic| topic.line);
    if let Some(number) = line
      && let Some(line) = self.lines.get(&number)
    {
      let said = match *self.servers {
        Servers::One(_) => say(&line.connection, "UNSUBSCRIBE", &channel).await,
        Servers::Many(_) => match say(&line.connection, "SUNSUBSCRIBE", &channel).await {
          Ok(Value::ServerError(_)) => say(&line.connection, "UNSUBSCRIBE", &channel).await,
          said => said,
        },
      };
      if said.is_err() {
        self.lose(number);
      }
    }
  }

  fn hear(&mut self, line: LineNumber, push: &PushInfo) {
    match push.kind {
      PushKind::Message | PushKind::SMessage => {
        if let Some(topic) = topic_of(push).and_then(|channel| self.topics.get(channel)) {
          topic.wake();
        }
      }
      PushKind::Disconnection => self.lose(line),
      // Nobody asked for it: the slot has gone to another node, and the answers that follow are out of step.
      PushKind::Unsubscribe | PushKind::SUnsubscribe
        if topic_of(push).is_some_and(|channel| self.topics.contains_key(channel)) =>
      {
        self.servers.doubt();
        self.lose(line);
      }
      _ => {}
    }
  }

  /// Subscribes wherever the lock is kept now.
  async fn subscribe(&mut self, name: &str, channel: &str) -> Result<LineNumber> {
    let deadline = Instant::now() + PATIENCE;
    let node = self.servers.node_for(name, deadline).await?;
    let number = self.line_to(&node).await?;
    match self.subscribe_over(number, channel).await {
      Ok(()) => Ok(number),
      Err(error) => {
        // It may have been the wrong node; the next one who asks learns of the right one.
        self.servers.doubt();
        Err(error)
      }
    }
  }

  async fn subscribe_over(&mut self, number: LineNumber, channel: &str) -> Result<()> {
    let Some(line) = self.lines.get(&number) else {
      return Err(Error::closed());
    };
    let said = match *self.servers {
      Servers::One(_) => say(&line.connection, "SUBSCRIBE", channel).await,
      Servers::Many(_) => match say(&line.connection, "SSUBSCRIBE", channel).await {
        // Before version 7 a cluster tells every node everything.
        Ok(Value::ServerError(error)) if error.details().is_some_and(|detail| detail.contains("unknown command")) => {
          say(&line.connection, "SUBSCRIBE", channel).await
        }
        said => said,
      },
    };
    match said {
      Ok(Value::ServerError(error)) => Err(refusal::of(&error.into())),
      Ok(_) => Ok(()),
      Err(error) => {
        self.lose(number);
        Err(error)
      }
    }
  }

  async fn line_to(&mut self, node: &Arc<Node>) -> Result<LineNumber> {
    let living = |(number, line): (&LineNumber, &Line)| {
      (Arc::ptr_eq(&line.node, node) && !line.connection.is_over()).then_some(*number)
    };
    if let Some(number) = self.lines.iter().find_map(living) {
      return Ok(number);
    }
    self.last_line += 1;
    let number = self.last_line;
    let ears = self.ears.clone();
    let dialing = node.dial_to_hear(move |push| ears.send((number, push)));
    let connection = match tokio::time::timeout(PATIENCE, dialing).await {
      Ok(connection) => connection?,
      Err(_) => return Err(silence()),
    };
    let node = node.clone();
    self.lines.insert(number, Line { node, connection });
    Ok(number)
  }

  fn lose(&mut self, number: LineNumber) {
    self.lines.remove(&number);
    for topic in self.topics.values_mut() {
      topic.line = topic.line.filter(|line| *line != number);
    }
  }

  /// Finds connections that have ended without a word, and renews the subscriptions that went with them. What was
  /// released meanwhile nobody has told, so those are woken.
  async fn look_after(&mut self) {
    let is_idle = self.topics.is_empty();
    let numbers: Vec<LineNumber> = self.lines.keys().copied().collect();
    for number in numbers {
      let Some(line) = self.lines.get(&number) else {
        continue;
      };
      if is_idle || line.connection.is_over() || ping(&line.connection).await.is_err() {
        self.lose(number);
      }
    }
    let lost: Vec<(String, String)> = self
      .topics
      .iter()
      .filter(|(_, topic)| topic.line.is_none())
      .map(|(channel, topic)| (channel.clone(), topic.name.clone()))
      .collect();
    for (channel, name) in lost {
      let Ok(line) = self.subscribe(&name, &channel).await else {
        // The others are as likely to fail.
        return;
      };
      if let Some(topic) = self.topics.get_mut(&channel) {
        topic.line = Some(line);
        topic.wake();
      }
    }
  }
}

fn topic_of(push: &PushInfo) -> Option<&str> {
  match push.data.first()? {
    Value::BulkString(channel) => std::str::from_utf8(channel).ok(),
    _ => None,
  }
}

/// The confirmation of the server, or its refusal.
async fn say(connection: &Connection, verb: &str, channel: &str) -> Result<Value> {
  let mut pipeline = redis::Pipeline::with_capacity(1);
  pipeline.cmd(verb).arg(channel);
  send(connection, &pipeline).await
}

async fn ping(connection: &Connection) -> Result<Value> {
  let mut pipeline = redis::Pipeline::with_capacity(1);
  pipeline.cmd("PING");
  send(connection, &pipeline).await
}

async fn send(connection: &Connection, pipeline: &redis::Pipeline) -> Result<Value> {
  match connection.send(pipeline, Instant::now() + PATIENCE).await {
    Ok(values) => Ok(values.into_iter().next().unwrap_or_default()),
    Err(Failure::NotSent(error)) => Err(error),
    Err(Failure::Unanswered(_)) => Err(silence()),
  }
}

fn silence() -> Error {
  Error::new(
    ErrorKind::Connection,
    "the Redis server did not confirm the subscription in time",
  )
}

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::Value;
use tokio::time::{Duration, Instant, timeout_at};

use super::connection::Dialer;
use super::node::{Node, Whereabouts};
use super::settings::{Address, Translation};
use super::slot::SLOTS;
use crate::error::{Error, ErrorKind, Result};

/// The cluster is not asked for its layout more often than this, however many nodes disagree with ours.
const PAUSE: Duration = Duration::from_millis(100);

/// Of several nodes, one that does not answer must not use up the time for the others.
const PATIENCE: Duration = Duration::from_secs(1);

/// The masters of a cluster, and which of them serves which slot.
///
/// Not the cluster client of the driver: that one sends a command again when its answer was lost, and an acquire that is
/// sent again is refused by itself.
pub(super) struct Cluster {
  dialer: Arc<Dialer>,
  seeds: Vec<Address>,
  translation: Translation,
  connect_timeout: Duration,
  layout: Mutex<Layout>,
  /// Held by the one who asks for the layout; with it, when that was last done.
  asking: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Layout {
  nodes: HashMap<Address, Arc<Node>>,
  /// Empty until the cluster was asked.
  slots: Vec<Option<Arc<Node>>>,
  is_stale: bool,
}

impl Cluster {
  pub(super) fn new(
    dialer: Arc<Dialer>,
    seeds: Vec<Address>,
    translation: Translation,
    connect_timeout: Duration,
  ) -> Self {
    Self {
      dialer,
      seeds,
      translation,
      connect_timeout,
      layout: Mutex::default(),
      asking: tokio::sync::Mutex::default(),
    }
  }

  /// Makes sure that the layout is known, as new as it can be had.
  pub(super) async fn know(&self, deadline: Instant) -> Result<()> {
    if !self.is_doubtful() {
      return Ok(());
    }
    let Ok(mut asked) = timeout_at(deadline, self.asking.lock()).await else {
      return Err(Self::unknown());
    };
    let is_recent = asked.is_some_and(|at| at.elapsed() < PAUSE);
    if !self.is_doubtful() || (is_recent && !self.lock().slots.is_empty()) {
      return Ok(());
    }
    let outcome = match timeout_at(deadline, self.ask_around(deadline)).await {
      Ok(outcome) => outcome,
      Err(_) => Err(Self::unknown()),
    };
    *asked = Some(Instant::now());
    // An old layout is better than none: the nodes correct it.
    if self.lock().slots.is_empty() { outcome } else { Ok(()) }
  }

  fn is_doubtful(&self) -> bool {
    let layout = self.lock();
    layout.is_stale || layout.slots.is_empty()
  }

  /// Who serves a slot.
  pub(super) fn node_of(&self, slot: usize) -> Result<Arc<Node>> {
    self.lock().slots.get(slot).cloned().flatten().ok_or_else(|| {
      Error::new(
        ErrorKind::Connection,
        "the Redis cluster is down: no node serves the slot of this key",
      )
    })
  }

  /// Heeds a node that named another for a slot. `said` is `HOST:PORT`; without a host, it is the host of the node.
  pub(super) fn redirected(&self, from: &Node, said: &str) -> Option<Arc<Node>> {
    let address = match (Address::parse(said)?, from.address()) {
      (Address::Tcp { host, port }, Some(Address::Tcp { host: same, .. })) if host.is_empty() => {
        Address::tcp(same.clone(), port)
      }
      (named, _) => named,
    };
    let address = self.translation.get(&address).cloned().unwrap_or(address);
    Some(self.node_at(&mut self.lock(), address))
  }

  pub(super) fn moved(&self, slot: usize, node: Arc<Node>) {
    let mut layout = self.lock();
    layout.is_stale = true;
    if let Some(place) = layout.slots.get_mut(slot) {
      *place = Some(node);
    }
  }

  /// Asks again for the layout before it is used the next time.
  pub(super) fn doubt(&self) {
    self.lock().is_stale = true;
  }

  pub(super) fn close(&self) {
    for node in self.lock().nodes.values() {
      node.close();
    }
  }

  async fn ask_around(&self, deadline: Instant) -> Result<()> {
    let known: Vec<Arc<Node>> = {
      let mut layout = self.lock();
      let mut nodes: Vec<_> = layout.nodes.values().cloned().collect();
      for seed in &self.seeds {
        nodes.push(self.node_at(&mut layout, seed.clone()));
      }
      nodes
    };
    let mut last = None;
    for node in known {
      let limit = deadline.min(Instant::now() + PATIENCE);
      match self.ask(&node, limit).await {
        Ok(masters) => {
          self.settle(masters);
          return Ok(());
        }
        Err(error) => last = Some(error),
      }
    }
    Err(last.unwrap_or_else(Self::unknown))
  }

  /// The masters with their slots, from `CLUSTER SLOTS`, which every version answers.
  async fn ask(&self, node: &Node, deadline: Instant) -> Result<Vec<(usize, usize, Address)>> {
    let connection = node.connection(deadline).await?;
    let mut command = redis::cmd("CLUSTER");
    command.arg("SLOTS");
    let Value::Array(ranges) = connection.ask(command, deadline).await? else {
      return Err(Self::unknown());
    };
    let own_host = match node.address() {
      Some(Address::Tcp { host, .. }) => host.as_str(),
      _ => "",
    };
    let masters: Vec<_> = ranges.into_iter().filter_map(|range| master(range, own_host)).collect();
    if masters.is_empty() {
      return Err(Error::new(
        ErrorKind::Connection,
        "the Redis cluster is down: none of its slots is served by a node",
      ));
    }
    Ok(masters)
  }

  fn settle(&self, masters: Vec<(usize, usize, Address)>) {
    let mut layout = self.lock();
    let mut slots = vec![None; SLOTS];
    for (first, last, address) in masters {
      let address = self.translation.get(&address).cloned().unwrap_or(address);
      let node = self.node_at(&mut layout, address);
      for slot in slots.iter_mut().take(last + 1).skip(first) {
        *slot = Some(node.clone());
      }
    }
    let in_use = |node: &Arc<Node>| slots.iter().flatten().any(|served| Arc::ptr_eq(served, node));
    layout.nodes.retain(|_, node| in_use(node));
    layout.slots = slots;
    layout.is_stale = false;
  }

  fn node_at(&self, layout: &mut Layout, address: Address) -> Arc<Node> {
    layout
      .nodes
      .entry(address)
      .or_insert_with_key(|address| {
        let place = Whereabouts::At(address.clone());
        Arc::new(Node::new(self.dialer.clone(), place, self.connect_timeout))
      })
      .clone()
  }

  fn lock(&self) -> MutexGuard<'_, Layout> {
    self.layout.lock().unwrap_or_else(PoisonError::into_inner)
  }

  fn unknown() -> Error {
    Error::new(
      ErrorKind::Connection,
      "no node of the Redis cluster could tell its slots: check that one can be reached",
    )
  }
}

/// First slot, last slot and master of one entry. Where the master's host is left open, it is that of the node asked.
fn master(range: Value, own_host: &str) -> Option<(usize, usize, Address)> {
  let Value::Array(parts) = range else {
    return None;
  };
  let mut parts = parts.into_iter();
  let first = redis::from_redis_value(parts.next()?).ok()?;
  let last = redis::from_redis_value(parts.next()?).ok()?;
  let Value::Array(node) = parts.next()? else {
    return None;
  };
  let mut node = node.into_iter();
  let host: Option<String> = redis::from_redis_value(node.next()?).ok()?;
  let port = redis::from_redis_value(node.next()?).ok()?;
  let host = host.filter(|host| !host.is_empty() && host != "?");
  Some((
    first,
    last,
    Address::tcp(host.unwrap_or_else(|| own_host.to_owned()), port),
  ))
}

mod database;
mod hold;
mod properties;
mod renewal;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Holding, Standing};
use crate::name::{Key, Owner};
use crate::ttl::Ttl;

/// A ttl that no test waits for.
const MINUTES: Duration = Duration::from_secs(600);

/// What is told of a lease, in order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Standing>>>);

impl Told {
  fn all(&self) -> Vec<Standing> {
    self.0.lock().unwrap().clone()
  }

  fn last(&self) -> Option<Standing> {
    self.all().last().copied()
  }
}

/// A grant of the key "k" that was asked for then, by the fence 1.
fn holding(ttl: Duration, asked: Instant, told: &Told) -> Holding {
  let told = told.clone();
  Holding {
    key: Key::new("k").unwrap(),
    owner: Owner::new("me").unwrap(),
    fence: 1,
    ttl: Some(Ttl::new(ttl).unwrap()),
    asked,
    every: None,
    max_hold: None,
    max_stall: None,
    tell: Arc::new(move |standing| told.0.lock().unwrap().push(standing)),
    is_gone: Box::new(|| false),
  }
}

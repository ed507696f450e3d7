//! A server of a test's own, on which the restarts of a history can be done.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// What the end of a server may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
  Nothing,
  /// Of each key the release that came last.
  LastReleases,
  Everything,
}

/// How a kind of server is started, and ended.
pub struct Kind {
  /// As the scripts call it.
  pub name: &'static str,
  /// As JSON.
  pub settings: &'static str,
  pub orderly: &'static str,
  pub at_once: &'static str,
  pub loss_in_order: Loss,
  pub loss_at_once: Loss,
}

/// It ends with this, however this ends.
pub struct Server {
  pub url: String,
  kind: Kind,
  conversation: Mutex<(Option<ChildStdin>, BufReader<ChildStdout>)>,
  program: Child,
}

impl Server {
  pub fn start(kind: Kind) -> Self {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/properties/server.mjs");
    let mut program = Command::new("node")
      .args([script, kind.name, kind.settings])
      .stdin(Stdio::piped())
      .stdout(Stdio::piped())
      .spawn()
      .expect("node is there");
    let orders = program.stdin.take().expect("a pipe");
    let mut words = BufReader::new(program.stdout.take().expect("a pipe"));
    let url = hear(&mut words, "at ");
    Self {
      url,
      kind,
      conversation: Mutex::new((Some(orders), words)),
      program,
    }
  }

  /// Ends it, and starts it again on what it has stored.
  pub fn restart(&self, is_orderly: bool) -> Loss {
    let (signal, loss) = if is_orderly {
      (self.kind.orderly, self.kind.loss_in_order)
    } else {
      (self.kind.at_once, self.kind.loss_at_once)
    };
    let mut conversation = self.conversation.lock().unwrap();
    let (orders, words) = &mut *conversation;
    writeln!(orders.as_mut().expect("it is open"), "{signal}").expect("it takes orders");
    hear(words, "back");
    loss
  }
}

impl Drop for Server {
  fn drop(&mut self) {
    // Without orders it ends, and takes its server with it.
    if let Ok(conversation) = self.conversation.get_mut() {
      conversation.0 = None;
    }
    drop(self.program.wait());
  }
}

fn hear(words: &mut BufReader<ChildStdout>, beginning: &str) -> String {
  loop {
    let mut line = String::new();
    let length = words.read_line(&mut line).expect("it says something");
    assert!(length > 0, "the server could not be started: see what is said above");
    if let Some(rest) = line.strip_prefix(beginning) {
      return rest.trim().to_owned();
    }
  }
}

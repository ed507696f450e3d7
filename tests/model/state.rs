//! What there is in the model: the clients, the lease, the store, and the messages under way.

/// How long a lease lasts, in ticks.
pub const TTL: u8 = 2;

pub type Client = usize;
pub type Fence = u8;

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct State {
  pub clients: Vec<Phase>,
  pub lease: Option<Lease>,
  pub last_fence: Fence,
  /// How many grants there were; it is not part of the protocol, and tells what really happened.
  pub grants: u8,
  pub store: Store,
  /// Sorted, because a network keeps no order.
  pub messages: Vec<Message>,
  pub troubles: u8,
  pub renewals: u8,
  /// Whether somebody was told that a lease was renewed after a later grant.
  pub has_revived: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
  Idle,
  Asking,
  /// Waits for a wake, or for the ticks that the holder's lease had left.
  Sleeping {
    left: u8,
  },
  /// Relies on the lease for so many ticks more. It may write even then, since it may be paused at any point.
  Holding {
    fence: Fence,
    grant: u8,
    left: u8,
    has_written: bool,
  },
  Done,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Lease {
  pub client: Client,
  pub fence: Fence,
  pub left: u8,
}

/// What the lock protects: it refuses fences below the highest it has seen.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Store {
  pub highest: Fence,
  pub latest_grant: u8,
  pub went_back: bool,
}

/// `age`: the ticks since the request was sent, no more than matter.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Message {
  Acquire {
    client: Client,
    age: u8,
  },
  Granted {
    client: Client,
    fence: Fence,
    grant: u8,
    age: u8,
  },
  Refused {
    client: Client,
    left: u8,
  },
  Renew {
    client: Client,
    fence: Fence,
    age: u8,
  },
  Renewed {
    client: Client,
    fence: Fence,
    latest_grant: u8,
    age: u8,
  },
  Lost {
    client: Client,
    fence: Fence,
  },
  Release {
    client: Client,
    fence: Fence,
  },
  Wake {
    client: Client,
  },
}

impl State {
  pub fn ask(&mut self, client: Client) {
    self.clients[client] = Phase::Asking;
    self.send(Message::Acquire { client, age: 0 });
  }

  pub fn write(&mut self, client: Client) {
    if let Phase::Holding {
      fence,
      grant,
      has_written,
      ..
    } = &mut self.clients[client]
    {
      *has_written = true;
      if *fence >= self.store.highest {
        self.store.went_back |= *grant < self.store.latest_grant;
        self.store.highest = *fence;
        self.store.latest_grant = *grant;
      }
    }
  }

  pub fn send(&mut self, message: Message) {
    let place = self.messages.partition_point(|other| *other < message);
    self.messages.insert(place, message);
  }

  pub fn take(&mut self, message: Message) {
    let place = self.messages.iter().position(|other| *other == message);
    self.messages.remove(place.expect("a message that is under way"));
  }

  /// Whether an answer to what a client has asked for last may still come.
  pub fn is_under_way(&self, asked: Client) -> bool {
    self.messages.iter().any(|message| {
      matches!(message, Message::Acquire { client, .. } | Message::Granted { client, .. } | Message::Refused { client, .. }
        if *client == asked)
    })
  }

  pub fn after_a_tick(&self) -> Self {
    let mut next = self.clone();
    next.lease = match next.lease {
      Some(Lease { left: 2.., .. }) => next.lease.map(|lease| Lease {
        left: lease.left - 1,
        ..lease
      }),
      _ => None,
    };
    for phase in &mut next.clients {
      if let Phase::Sleeping { left } | Phase::Holding { left, .. } = phase {
        *left = left.saturating_sub(1);
      }
    }
    for message in &mut next.messages {
      if let Message::Acquire { age, .. }
      | Message::Granted { age, .. }
      | Message::Renew { age, .. }
      | Message::Renewed { age, .. } = message
      {
        *age = TTL.min(*age + 1);
      }
    }
    next.messages.sort_unstable();
    next
  }
}

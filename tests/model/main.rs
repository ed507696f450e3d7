//! A model of the protocol, small enough that every one of its histories is looked at: clients ask for one key, wait,
//! write, renew, release, pause and crash; messages are late, lost, and sent again; time passes whenever it likes.
//!
//! The model keeps no time of day. What runs out is counted in the ticks that are left, so there are finitely many states,
//! and since clients do finitely many things, every history comes to an end.

mod state;

use std::collections::BTreeSet;

use stateright::{Checker, Expectation, HasDiscoveries, Model, Property};

use self::state::{Client, Lease, Message, Phase, State, Store, TTL};

/// What is wrong with the protocol.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mutation {
  None,
  /// The counter of the fences goes with the lease.
  FenceReset,
  /// A renewal makes a lease where there is none.
  RenewalRevives,
  /// A release ends the lease, whoever has it.
  ReleaseOfAnybody,
  /// A holder relies on its lease from the moment of the answer, and not of the request.
  DeadlineFromAnswer,
  /// A waiter hears of the release or of nothing.
  WakeAlone,
}

struct Protocol {
  mutation: Mutation,
  clients: usize,
  /// How many messages are lost or late and sent again, and how many clients crash, all together.
  troubles: u8,
  /// How many renewals are asked for, all together.
  renewals: u8,
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
  Tick,
  Ask(Client),
  /// The answer is late: it asks again, and what was sent is still under way.
  AskAgain(Client),
  StopSleeping(Client),
  Write(Client),
  Renew(Client),
  Release(Client),
  Crash(Client),
  Deliver(Message),
  Lose(Message),
}

impl Model for Protocol {
  type State = State;
  type Action = Action;

  fn init_states(&self) -> Vec<State> {
    vec![State {
      clients: vec![Phase::Idle; self.clients],
      lease: None,
      last_fence: 0,
      grants: 0,
      store: Store {
        highest: 0,
        latest_grant: 0,
        went_back: false,
      },
      messages: Vec::new(),
      troubles: self.troubles,
      renewals: self.renewals,
      has_revived: false,
    }]
  }

  fn actions(&self, state: &State, actions: &mut Vec<Action>) {
    if state.after_a_tick() != *state {
      actions.push(Action::Tick);
    }
    for (client, phase) in state.clients.iter().enumerate() {
      match phase {
        // Clients differ in nothing but their numbers: they come in that order, and no other history is lost.
        Phase::Idle if client == 0 || state.clients[client - 1] != Phase::Idle => actions.push(Action::Ask(client)),
        Phase::Asking if state.troubles > 0 => actions.push(Action::AskAgain(client)),
        // What it asked for was lost, with the answer or before it; its timeout is over some time.
        Phase::Asking if !state.is_under_way(client) => actions.push(Action::AskAgain(client)),
        Phase::Sleeping { left: 0 } if self.mutation != Mutation::WakeAlone => {
          actions.push(Action::StopSleeping(client));
        }
        Phase::Holding { has_written, .. } => {
          if !has_written {
            actions.push(Action::Write(client));
          }
          if state.renewals > 0 {
            actions.push(Action::Renew(client));
          }
          actions.push(Action::Release(client));
        }
        _ => {}
      }
      if state.troubles > 0 && !matches!(phase, Phase::Idle | Phase::Done) {
        actions.push(Action::Crash(client));
      }
    }
    for message in &state.messages {
      actions.push(Action::Deliver(*message));
      if state.troubles > 0 {
        actions.push(Action::Lose(*message));
      }
    }
  }

  fn next_state(&self, state: &State, action: Action) -> Option<State> {
    let mut next = state.clone();
    match action {
      Action::Tick => next = state.after_a_tick(),
      Action::Ask(client) | Action::StopSleeping(client) => next.ask(client),
      Action::AskAgain(client) => {
        if state.is_under_way(client) {
          next.troubles -= 1;
        }
        next.ask(client);
      }
      Action::Write(client) => next.write(client),
      Action::Renew(client) => {
        if let Phase::Holding { fence, .. } = next.clients[client] {
          next.renewals -= 1;
          next.send(Message::Renew { client, fence, age: 0 });
        }
      }
      Action::Release(client) => {
        if let Phase::Holding { fence, .. } = next.clients[client] {
          next.clients[client] = Phase::Done;
          next.send(Message::Release { client, fence });
        }
      }
      Action::Crash(client) => {
        next.troubles -= 1;
        next.clients[client] = Phase::Done;
      }
      Action::Lose(message) => {
        next.troubles -= 1;
        next.take(message);
      }
      Action::Deliver(message) => {
        next.take(message);
        self.deliver(&mut next, message);
      }
    }
    Some(next)
  }

  fn properties(&self) -> Vec<Property<Self>> {
    vec![
      Property::always("one at most relies on a lease", |_, state: &State| {
        let reliant = |phase: &&Phase| matches!(phase, Phase::Holding { left: 1.., .. });
        state.clients.iter().filter(reliant).count() <= 1
      }),
      Property::always("the store never goes back", |_, state: &State| !state.store.went_back),
      Property::always("a renewal never revives", |_, state: &State| !state.has_revived),
      Property::always(
        "whoever waits is granted the key in the end",
        |model: &Protocol, state: &State| {
          let mut actions = Vec::new();
          model.actions(state, &mut actions);
          let waits = |phase: &Phase| matches!(phase, Phase::Asking | Phase::Sleeping { .. });
          !(actions.is_empty() && state.clients.iter().any(waits))
        },
      ),
      Property::sometimes("a late write is refused", |_, state: &State| {
        let is_late = |phase: &Phase| matches!(phase, Phase::Holding { fence, has_written: false, .. } if *fence < state.store.highest);
        state.clients.iter().any(is_late)
      }),
      Property::sometimes("all have had their turn", |_, state: &State| {
        usize::from(state.grants) == state.clients.len() && state.clients.iter().all(|phase| *phase == Phase::Done)
      }),
    ]
  }
}

impl Protocol {
  fn deliver(&self, state: &mut State, message: Message) {
    match message {
      Message::Acquire { client, age } => {
        if let Some(lease) = state.lease {
          let left = lease.left;
          state.send(Message::Refused { client, left });
        } else {
          state.last_fence += 1;
          state.grants += 1;
          let (fence, grant) = (state.last_fence, state.grants);
          state.lease = Some(Lease {
            client,
            fence,
            left: TTL,
          });
          state.send(Message::Granted {
            client,
            fence,
            grant,
            age,
          });
        }
      }
      Message::Renew { client, fence, age } => {
        let is_held = state
          .lease
          .is_some_and(|lease| (lease.client, lease.fence) == (client, fence));
        if is_held || (self.mutation == Mutation::RenewalRevives && state.lease.is_none()) {
          state.lease = Some(Lease {
            client,
            fence,
            left: TTL,
          });
          let latest_grant = state.grants;
          state.send(Message::Renewed {
            client,
            fence,
            latest_grant,
            age,
          });
        } else {
          state.send(Message::Lost { client, fence });
        }
      }
      Message::Release { client, fence } => {
        let is_held = state
          .lease
          .is_some_and(|lease| (lease.client, lease.fence) == (client, fence));
        if is_held || self.mutation == Mutation::ReleaseOfAnybody {
          state.lease = None;
          for waiter in 0..state.clients.len() {
            if matches!(state.clients[waiter], Phase::Sleeping { .. }) {
              state.send(Message::Wake { client: waiter });
            }
          }
        }
      }
      _ => self.deliver_answer(state, message),
    }
    if self.mutation == Mutation::FenceReset && state.lease.is_none() {
      state.last_fence = 0;
    }
  }

  /// What a client hears of the store.
  fn deliver_answer(&self, state: &mut State, message: Message) {
    match message {
      Message::Granted {
        client,
        fence,
        grant,
        age,
      } => {
        // One that asks no more lets the lease run out.
        if state.clients[client] == Phase::Asking {
          let left = self.left(age);
          let has_written = false;
          state.clients[client] = Phase::Holding {
            fence,
            grant,
            left,
            has_written,
          };
        }
      }
      Message::Refused { client, left } => {
        if state.clients[client] == Phase::Asking {
          state.clients[client] = Phase::Sleeping { left };
        }
      }
      Message::Renewed {
        client,
        fence: renewed,
        latest_grant,
        age,
      } => {
        let longer = self.left(age);
        if let Phase::Holding { fence, grant, left, .. } = &mut state.clients[client]
          && *fence == renewed
        {
          *left = longer.max(*left);
          state.has_revived |= latest_grant != *grant;
        }
      }
      Message::Lost { client, fence: lost } => {
        if matches!(state.clients[client], Phase::Holding { fence, .. } if fence == lost) {
          state.clients[client] = Phase::Done;
        }
      }
      Message::Wake { client } => {
        if matches!(state.clients[client], Phase::Sleeping { .. }) {
          state.ask(client);
        }
      }
      Message::Acquire { .. } | Message::Renew { .. } | Message::Release { .. } => {}
    }
  }

  /// How long a holder relies on a lease that it asked for so many ticks ago.
  fn left(&self, age: u8) -> u8 {
    if self.mutation == Mutation::DeadlineFromAnswer {
      TTL
    } else {
      TTL - age
    }
  }
}

/// The properties that do not hold.
fn failures(protocol: Protocol) -> Vec<&'static str> {
  let checker = protocol.checker().threads(2).spawn_bfs().join();
  assert!(checker.is_done());
  let holds = |property: &Property<Protocol>| {
    let is_found = checker.discovery(property.name).is_some();
    is_found == (property.expectation == Expectation::Sometimes)
  };
  let properties = checker.model().properties();
  properties
    .iter()
    .filter(|property| !holds(property))
    .map(|property| property.name)
    .collect()
}

const TWO: Protocol = Protocol {
  mutation: Mutation::None,
  clients: 2,
  troubles: 1,
  renewals: 1,
};

#[test]
fn two_clients_are_safe_and_come_to_an_end_through_a_trouble_and_a_renewal() {
  assert_eq!(failures(TWO), Vec::<&str>::new());
}

#[test]
fn three_clients_are_safe_and_come_to_an_end_through_a_trouble() {
  let three = Protocol {
    clients: 3,
    troubles: 1,
    renewals: 0,
    ..TWO
  };
  assert_eq!(failures(three), Vec::<&str>::new());
}

#[test]
fn a_protocol_that_is_broken_is_found_out() {
  for (mutation, clients, broken) in [
    (Mutation::FenceReset, 2, "the store never goes back"),
    (Mutation::RenewalRevives, 2, "a renewal never revives"),
    (Mutation::ReleaseOfAnybody, 3, "one at most relies on a lease"),
    (Mutation::DeadlineFromAnswer, 2, "one at most relies on a lease"),
    (Mutation::WakeAlone, 2, "whoever waits is granted the key in the end"),
  ] {
    let protocol = Protocol {
      mutation,
      clients,
      ..TWO
    };
    let found = HasDiscoveries::AnyOf(BTreeSet::from([broken]));
    let checker = protocol.checker().threads(2).finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(broken).is_some(), "{mutation:?}: {broken}");
  }
}

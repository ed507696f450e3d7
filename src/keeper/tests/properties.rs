//! A lease in a random history, beside a database that is asked late or never and answers late or never.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Told, holding};
use crate::keeper::Standing;
use crate::keeper::hold::{Due, Hold};
use crate::ttl::Ttl;

/// What becomes of a renewal. Times are in milliseconds after it was sent.
#[derive(Clone, Copy, Debug)]
enum Fate {
  /// It arrives, and its answer comes back.
  Answered { arrives: u64, answers_after: u64 },
  /// It arrives, and its answer does not.
  Unheard { arrives: u64 },
  /// It never arrives, and fails at that time.
  Failed { after: u64 },
  /// Nothing is ever heard of it.
  Lost,
}

fn fate() -> impl Strategy<Value = Fate> {
  prop_oneof![
    3 => (0..500u64, 0..3_000u64).prop_map(|(arrives, answers_after)| Fate::Answered { arrives, answers_after }),
    1 => (0..500u64).prop_map(|arrives| Fate::Unheard { arrives }),
    1 => (0..3_000u64).prop_map(|after| Fate::Failed { after }),
    1 => Just(Fate::Lost),
  ]
}

/// What the process does next.
#[derive(Clone, Copy, Debug)]
enum Step {
  /// It sleeps until there is something to do.
  Sleep,
  /// It is stopped for that many milliseconds, and nothing is done meanwhile.
  Stop(u64),
  /// The lease is refreshed by hand to last that long, and answered that much later.
  Refresh { ttl: u64, takes: u64 },
}

fn step() -> impl Strategy<Value = (Step, Fate)> {
  let step = prop_oneof![
    6 => Just(Step::Sleep),
    1 => (0..4_000u64).prop_map(Step::Stop),
    1 => (200..3_000u64, 0..100u64).prop_map(|(ttl, takes)| Step::Refresh { ttl, takes }),
  ];
  (step, fate())
}

/// What happens at an instant outside of the process.
#[derive(Clone, Copy, Debug)]
enum Event {
  /// A renewal reaches the database, which answers after that many milliseconds, if at all.
  Arrival {
    number: u64,
    sent: Instant,
    answers_after: Option<u64>,
  },
  Answer {
    number: u64,
    sent: Instant,
  },
  Refusal,
  Failure {
    number: u64,
  },
}

struct World {
  now: Instant,
  /// When the lease ends by the database.
  ends: Instant,
  events: Vec<(Instant, Event)>,
}

const TTL: Duration = Duration::from_secs(2);

impl World {
  /// What happens until then; what the process hears of it.
  fn pass(&mut self, until: Instant) -> Vec<Event> {
    let mut heard = Vec::new();
    while let Some((at, event)) = self.next(until) {
      let Event::Arrival {
        number,
        sent,
        answers_after,
      } = event
      else {
        heard.push(event);
        continue;
      };
      // A lease that has lapsed is not revived.
      let is_live = at < self.ends;
      if is_live {
        self.ends = at + TTL;
      }
      if let Some(after) = answers_after {
        let answer = if is_live {
          Event::Answer { number, sent }
        } else {
          Event::Refusal
        };
        self.events.push((at + Duration::from_millis(after), answer));
      }
    }
    self.now = until;
    heard
  }

  fn next(&mut self, until: Instant) -> Option<(Instant, Event)> {
    let (place, _) = self
      .events
      .iter()
      .enumerate()
      .filter(|(_, (at, _))| *at <= until)
      .min_by_key(|(_, (at, _))| *at)?;
    Some(self.events.remove(place))
  }

  fn send(&mut self, number: u64, fate: Fate) {
    let sent = self.now;
    let (after, event) = match fate {
      Fate::Answered { arrives, answers_after } => (
        arrives,
        Event::Arrival {
          number,
          sent,
          answers_after: Some(answers_after),
        },
      ),
      Fate::Unheard { arrives } => (
        arrives,
        Event::Arrival {
          number,
          sent,
          answers_after: None,
        },
      ),
      Fate::Failed { after } => (after, Event::Failure { number }),
      Fate::Lost => return,
    };
    self.events.push((sent + Duration::from_millis(after), event));
  }
}

proptest! {
  #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

  /// Whenever the process has looked at the lease and not called it lost, the database still has it.
  #[test]
  fn a_lease_is_called_lost_before_it_has_lapsed(steps in prop::collection::vec(step(), 1..40)) {
    let begun = Instant::now();
    let mut hold = Hold::new(holding(TTL, begun, &Told::default()), begun);
    let mut world = World { now: begun, ends: begun + TTL, events: Vec::new() };
    let mut suspect = false;
    for (step, fate) in steps {
      let until = match step {
        Step::Sleep => {
          let next = world.events.iter().map(|(at, _)| *at).min();
          let wake = hold.wake(world.now, world.now);
          next.map_or(wake, |next| next.min(wake)).max(world.now)
        }
        Step::Stop(milliseconds) => world.now + Duration::from_millis(milliseconds),
        Step::Refresh { takes, .. } => world.now + Duration::from_millis(takes),
      };
      if let Step::Refresh { ttl, .. } = step {
        let (asked, ttl) = (world.now, Duration::from_millis(ttl));
        // Nothing else happens meanwhile: what crosses a refresh arrives before or after it.
        let is_live = asked < world.ends;
        if is_live {
          world.ends = asked + ttl;
          hold.refreshed(asked, Ttl::new(ttl).unwrap(), until);
        }
      }
      for event in world.pass(until) {
        let change = match event {
          Event::Answer { number, sent } => hold.renewed(number, sent),
          Event::Failure { number } => hold.not_renewed(number, world.now),
          Event::Refusal => return Ok(()),
          Event::Arrival { .. } => None,
        };
        match change {
          Some(Standing::Suspect) => { prop_assert!(!suspect); suspect = true; }
          Some(Standing::Held) => { prop_assert!(suspect); suspect = false; }
          _ => {}
        }
      }
      if hold.lose_patience(world.now).is_some() {
        prop_assert!(!suspect);
        suspect = true;
      }
      match hold.due(world.now, world.now, false) {
        Due::Loss(_) => return Ok(()),
        Due::Renewal(renewal) => world.send(renewal.number, fate),
        Due::Nothing | Due::Abandonment => {}
      }
      prop_assert!(world.now < world.ends, "it has lapsed, and was not called lost");
    }
  }
}

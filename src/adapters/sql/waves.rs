use std::collections::HashMap;

use crate::request::Request;

/// Verbs that share a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
  Acquire,
  /// By an owner, or whoever holds the key.
  Release,
  Refresh,
  State,
}

impl Verb {
  fn of(request: &Request) -> Self {
    match request {
      Request::Acquire { .. } => Self::Acquire,
      Request::Release { .. } | Request::ForceRelease { .. } => Self::Release,
      Request::Refresh { .. } => Self::Refresh,
      Request::State { .. } => Self::State,
    }
  }
}

/// Requests of one verb on different keys, as places in the batch. They are sorted by key: two processes that lock the
/// same rows do it in the same order, and so never wait for each other in a circle.
#[derive(Debug, PartialEq)]
pub(super) struct Group {
  pub(super) verb: Verb,
  pub(super) members: Vec<usize>,
}

/// A batch as groups to be done one after another, so that requests on one key take effect in their order.
#[derive(Debug, Default)]
pub(super) struct Waves {
  pub(super) groups: Vec<Group>,
  /// Requests that are answered as another one is: an acquire that comes right behind one of the same key has lost to it
  /// or to whoever beat it, and a second look sees what the first did.
  pub(super) followers: Vec<(usize, usize)>,
}

/// What is known of a key on the way through the batch.
struct Latest {
  wave: usize,
  verb: Verb,
  place: usize,
  /// Whether requests of the same verb need not be asked of their own.
  leads: bool,
}

impl Waves {
  pub(super) fn of(requests: &[Request], max_group: usize) -> Self {
    let mut latest: HashMap<&str, Latest> = HashMap::with_capacity(requests.len());
    let mut waves: Vec<[Vec<usize>; 4]> = Vec::new();
    let mut followers = Vec::new();
    for (place, request) in requests.iter().enumerate() {
      let verb = Verb::of(request);
      let wave = match latest.get(request.key().as_str()) {
        Some(before) if before.verb == verb && before.leads => {
          followers.push((place, before.place));
          continue;
        }
        Some(before) => before.wave + 1,
        None => 0,
      };
      if waves.len() == wave {
        waves.push(Default::default());
      }
      waves[wave][verb as usize].push(place);
      latest.insert(
        request.key().as_str(),
        Latest {
          wave,
          verb,
          place,
          leads: leads(request),
        },
      );
    }
    let verbs = [Verb::Acquire, Verb::Release, Verb::Refresh, Verb::State];
    let mut groups = Vec::new();
    for wave in waves {
      for (verb, mut members) in verbs.into_iter().zip(wave) {
        members.sort_unstable_by(|one, other| requests[*one].key().as_str().cmp(requests[*other].key().as_str()));
        for members in members.chunks(max_group) {
          groups.push(Group {
            verb,
            members: members.to_vec(),
          });
        }
      }
    }
    Self { groups, followers }
  }
}

/// A lease of no time is over at once, so the next one may have the key.
fn leads(request: &Request) -> bool {
  match request {
    Request::Acquire { ttl, .. } => ttl.is_none_or(|ttl| !ttl.duration().is_zero()),
    Request::State { .. } => true,
    _ => false,
  }
}

#[cfg(test)]
mod tests {
  use super::*;
  use crate::{Key, Owner, Ttl};

  fn key(name: &str) -> Key {
    Key::new(name).unwrap()
  }

  fn acquire(name: &str, ttl: Option<f64>) -> Request {
    Request::Acquire {
      key: key(name),
      owner: Owner::unique(),
      ttl: ttl.map(|ttl| Ttl::from_milliseconds(ttl).unwrap()),
    }
  }

  fn force(name: &str) -> Request {
    Request::ForceRelease { key: key(name) }
  }

  #[test]
  fn different_keys_share_a_statement_a_verb_in_the_order_of_the_keys() {
    let waves = Waves::of(&[acquire("b", None), force("c"), acquire("a", None)], 9);
    assert_eq!(
      waves.groups,
      [
        Group {
          verb: Verb::Acquire,
          members: vec![2, 0]
        },
        Group {
          verb: Verb::Release,
          members: vec![1]
        }
      ]
    );
  }

  #[test]
  fn one_key_keeps_its_order_and_a_second_acquire_follows_the_first() {
    let waves = Waves::of(
      &[
        acquire("k", None),
        acquire("k", None),
        force("k"),
        acquire("k", Some(0.0)),
        acquire("k", None),
      ],
      9,
    );
    let members: Vec<_> = waves.groups.iter().map(|group| group.members.clone()).collect();
    assert_eq!(members, [vec![0], vec![2], vec![3], vec![4]]);
    assert_eq!(waves.followers, [(1, 0)]);
  }

  #[test]
  fn a_group_is_bounded() {
    let requests: Vec<_> = (0..3).map(|number| force(&number.to_string())).collect();
    assert_eq!(Waves::of(&requests, 2).groups.len(), 2);
  }
}

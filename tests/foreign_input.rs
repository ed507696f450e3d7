//! The checks of the fuzz targets, on a few thousand inputs that are made from good and bad ones by changing them.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::time::{Duration, Instant};

const CHANGED: usize = 3_000;
/// Nothing is asked of a database, nor of the network.
const PATIENCE: Duration = Duration::from_secs(60);

const URLS: &[&str] = &[
  "memory:",
  "memory:jobs",
  "no-op:",
  "sqlite:locks.db",
  "sqlite:///var/lib/locks.db?mode=rw",
  "sqlite::memory:",
  "sqlite:locks.db\njob_lock",
  "redis://user:secret@localhost:6379/7\n\nprefix:",
  "redis+unix:///run/redis.sock?db=1&pass=secret",
  "rediss://[::1]:6380",
  "postgres://user:secret@localhost:5432/app?sslmode=require",
  "postgresql:///app?host=/run/postgresql",
  "mysql://user:p%40ss@localhost:3306/app",
  "mariadb://localhost/app\n\"; drop table lock; --",
  "mongodb://user:secret@one:27017,two:27018/app?replicaSet=rs0&directConnection=false",
  "http://localhost",
  "localhost",
  "",
];

const NAMES: &[&str] = &[
  "lock",
  "_lock_2",
  "2locks",
  "a.b",
  "a\"; drop table lock; --",
  "schloß",
  "a\0b",
  "orders/42",
  "🔒",
  "",
];

#[test]
fn any_url_is_taken_or_refused_with_a_reason() {
  feed(URLS, checks::url);
}

#[test]
fn any_name_is_taken_as_it_is_or_refused() {
  feed(NAMES, checks::names);
  checks::names("k".repeat(1024).as_bytes());
  checks::names("k".repeat(1025).as_bytes());
}

fn feed(corpus: &[&str], check: fn(&[u8])) {
  let begun = Instant::now();
  for input in corpus {
    check(input.as_bytes());
  }
  let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
  for _ in 0..CHANGED {
    let mut input = corpus[chance.below(corpus.len())].as_bytes().to_vec();
    for _ in 0..=chance.below(4) {
      change(&mut input, corpus, &mut chance);
    }
    check(&input);
  }
  assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
}

fn change(input: &mut Vec<u8>, corpus: &[&str], chance: &mut Chance) {
  let place = chance.below(input.len() + 1);
  match chance.below(6) {
    0 if place < input.len() => input[place] ^= 1 << chance.below(8),
    1 if place < input.len() => drop(input.remove(place)),
    2 => input.insert(place, b"\0\n:/@?#%[]\"'\\ \xff"[chance.below(15)]),
    3 => input.truncate(place),
    4 => {
      let other = corpus[chance.below(corpus.len())].as_bytes();
      input.splice(place..place, other.iter().copied());
    }
    _ => {
      let again = input[place..].to_vec();
      input.extend(again);
    }
  }
}

/// Numbers that look random and are the same in every run (xorshift).
struct Chance(u64);

impl Chance {
  fn below(&mut self, limit: usize) -> usize {
    self.0 ^= self.0 << 13;
    self.0 ^= self.0 >> 7;
    self.0 ^= self.0 << 17;
    usize::try_from(self.0 % limit as u64).expect("below a limit that fits")
  }
}

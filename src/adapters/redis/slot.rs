//! Which keys a cluster keeps together: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>.

use std::sync::LazyLock;

pub(super) const SLOTS: usize = 16_384;

/// For every slot a number that, written out, hashes to it.
static TAGS: LazyLock<Vec<u32>> = LazyLock::new(|| {
  let mut tags = vec![u32::MAX; SLOTS];
  let mut missing = SLOTS;
  let mut number = 0;
  while missing > 0 {
    let tag = &mut tags[of(number.to_string().as_bytes())];
    if *tag == u32::MAX {
      *tag = number;
      missing -= 1;
    }
    number += 1;
  }
  tags
});

/// The slot of a key: of what is between its first braces, if anything is.
pub(super) fn of(key: &[u8]) -> usize {
  usize::from(checksum(tag(key).unwrap_or(key))) % SLOTS
}

fn tag(key: &[u8]) -> Option<&[u8]> {
  let open = key.iter().position(|byte| *byte == b'{')? + 1;
  let length = key[open..].iter().position(|byte| *byte == b'}')?;
  (length > 0).then(|| &key[open..open + length])
}

/// The name of something that belongs to a lock, in the slot of the lock.
pub(super) fn beside(name: &str, what: &str) -> String {
  if tag(name.as_bytes()).is_some() {
    format!("{name}:{what}")
  } else if !name.contains('}') {
    format!("{{{name}}}:{what}")
  } else {
    // A brace would end the tag too early.
    format!("{{{}}}:{name}:{what}", TAGS[of(name.as_bytes())])
  }
}

/// CRC-16/XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
  bytes.iter().fold(0, |checksum: u16, byte| {
    (0..8).fold(checksum ^ (u16::from(*byte) << 8), |checksum, _| {
      (checksum << 1) ^ if checksum & 0x8000 == 0 { 0 } else { 0x1021 }
    })
  })
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn slots_are_those_of_the_servers() {
    assert_eq!(checksum(b"123456789"), 0x31C3);
    assert_eq!(of(b"foo"), 12_182);
    assert_eq!(of(b"{user1000}.following"), of(b"user1000"));
  }

  #[test]
  fn what_belongs_to_a_lock_is_in_its_slot() {
    assert_eq!(beside("lock:k", "fence"), "{lock:k}:fence");
    assert_eq!(beside("lock:{user}:k", "fence"), "lock:{user}:k:fence");
    for name in [
      "lock:k",
      "{user}",
      "a}b",
      "{}",
      "{}a}",
      "}{",
      "a{b",
      "lock:{}:{user}",
      "ü}",
    ] {
      assert_eq!(of(beside(name, "fence").as_bytes()), of(name.as_bytes()), "{name}");
    }
  }
}

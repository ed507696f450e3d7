use std::sync::Arc;

use crc::{CRC_32_ISO_HDLC, Crc};

use super::{MAX_GROUP, NOW_MICROSECONDS, hexadecimal, hexadecimal_or_null, key};
use crate::adapters::sql::client::Value;
use crate::adapters::sql::document::Parts;
use crate::request::Request;

/// That of the function `CRC32` of both servers.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Statements that list the keys of a batch, which takes a server a fraction of the time it needs for a JSON table of them:
/// each for two, for four, and so on.
pub(super) struct Listed {
  acquire: Vec<Arc<str>>,
  release: Vec<Arc<str>>,
}

impl Listed {
  pub(super) fn new(lock: &str, now: &str, end: &str, live: &str) -> Self {
    let each = |compose: &dyn Fn(usize) -> String| {
      (1..=MAX_GROUP.ilog2())
        .map(|power| compose(1 << power).into())
        .collect()
    };
    Self {
      acquire: each(&|size| acquire(lock, now, size)),
      release: each(&|size| release(lock, end, live, size)),
    }
  }

  /// Takes what has a row and is free. `None`: not all of the leases are equally long, or two keys share a checksum.
  pub(super) fn acquire(&self, batch: &Value, requests: &[&Request]) -> Option<(&Arc<str>, Vec<Value>)> {
    let ttl = Parts::of(requests.first()?).ttl;
    let mut owners = Vec::with_capacity(requests.len());
    for request in requests {
      let Parts { owner, ttl: its, .. } = Parts::of(request);
      if its != ttl {
        return None;
      }
      owners.push((CHECKSUM.checksum(request.key().as_str().as_bytes()), owner));
    }
    owners.sort_unstable();
    if owners.windows(2).any(|pair| pair[0].0 == pair[1].0) {
      return None;
    }
    let size = requests.len().next_power_of_two();
    let statement = of_size(&self.acquire, size)?;
    let past_all = Value::Integer(1 << 32);
    let checksums = owners.iter().map(|(checksum, _)| Value::Integer((*checksum).into()));
    let names = owners.iter().map(|(_, owner)| hexadecimal_or_null(*owner));
    let mut parameters = Vec::with_capacity(2 + 3 * size);
    parameters.push(batch.clone());
    parameters.extend(padded(checksums, &past_all, size));
    parameters.extend(padded(names, &Value::Null, size));
    parameters.push(ttl.into());
    parameters.extend(padded(requests.iter().map(|request| key(request)), &Value::Null, size));
    Some((statement, parameters))
  }

  /// Ends leases. `None`: not all of the requests name a grant.
  pub(super) fn release(&self, batch: &Value, requests: &[&Request]) -> Option<(&Arc<str>, Vec<Value>)> {
    let size = requests.len().next_power_of_two();
    let statement = of_size(&self.release, size)?;
    let mut grants = Vec::with_capacity(requests.len());
    for request in requests {
      let Parts { owner, fence, .. } = Parts::of(request);
      grants.push(hexadecimal(&format!(
        "{}\0{}\0{}",
        request.key().as_str(),
        owner?,
        fence?
      )));
    }
    let mut parameters = Vec::with_capacity(1 + 2 * size);
    parameters.push(batch.clone());
    parameters.extend(padded(requests.iter().map(|request| key(request)), &Value::Null, size));
    parameters.extend(padded(grants.into_iter(), &Value::Null, size));
    Some((statement, parameters))
  }
}

fn of_size(statements: &[Arc<str>], size: usize) -> Option<&Arc<str>> {
  statements.get((size.ilog2() as usize).checked_sub(1)?)
}

/// A row finds its owner by the checksum of its key, since numbers are compared sooner than texts. It is left alone if its
/// fence is not below the new one, which comes back as the last insert id.
fn acquire(lock: &str, now: &str, size: usize) -> String {
  let (keys, plain) = (list("UNHEX(?)", size), list("?", size));
  format!(
    "UPDATE {lock} AS held SET held.batch = ?, \
     held.owner = CONVERT(UNHEX(ELT(INTERVAL(CRC32(held.`key`), {plain}), {plain})) USING utf8mb4), \
     held.fence = LAST_INSERT_ID({NOW_MICROSECONDS}), held.expiration = {now} + ? \
     WHERE held.`key` IN ({keys}) AND held.expiration <= {now} AND held.fence < {NOW_MICROSECONDS}"
  )
}

/// No key and no owner has a zero byte in it.
fn release(lock: &str, end: &str, live: &str, size: usize) -> String {
  let list = list("UNHEX(?)", size);
  format!(
    "UPDATE {lock} AS held SET {end}, held.batch = ? WHERE held.`key` IN ({list}) AND {live} \
     AND CONCAT(held.`key`, X'00', held.owner, X'00', held.fence) IN ({list})"
  )
}

/// What is left over of a list is equal to nothing.
fn padded<'value>(
  values: impl Iterator<Item = Value> + 'value,
  filler: &'value Value,
  size: usize,
) -> impl Iterator<Item = Value> + 'value {
  values.chain(std::iter::repeat(filler).cloned()).take(size)
}

fn list(parameter: &str, size: usize) -> String {
  vec![parameter; size].join(", ")
}

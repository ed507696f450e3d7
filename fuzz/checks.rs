//! What must hold of any input: it is taken or refused with a reason, and nothing is worse than that.

use holdfast::adapters::sql::TableName;
use holdfast::adapters::{self, Options};
use holdfast::name::MAX_NAME_BYTES;
use holdfast::{ErrorKind, Key, Owner};

/// The URL of an adapter, and a table and a prefix beside it where there are line breaks in it.
pub fn url(input: &[u8]) {
  let text = String::from_utf8_lossy(input);
  let mut lines = text.splitn(3, '\n');
  let url = lines.next().unwrap_or_default();
  let mut options = Options::default();
  if let Some(name) = lines.next() {
    options.table_name = Some(name.to_owned());
  }
  if let Some(prefix) = lines.next() {
    options.key_prefix = Some(prefix.to_owned());
  }
  if let Err(error) = adapters::open(url, &options) {
    let is_for_whoever_passed_it = matches!(error.kind(), ErrorKind::Configuration | ErrorKind::InvalidInput);
    assert!(is_for_whoever_passed_it, "{url:?}: {error:?}");
    assert!(!error.to_string().is_empty());
  }
}

/// Names: of tables, which stand in statements, and of keys and owners, which are bound to them.
pub fn names(input: &[u8]) {
  let name = String::from_utf8_lossy(input);
  match TableName::new(&name) {
    Ok(table) => assert!(
      table.as_str() == name && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()),
      "{name:?} would need to be escaped"
    ),
    Err(error) => assert_eq!(error.kind(), ErrorKind::Configuration),
  }
  let fits = !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.contains('\0');
  for outcome in [Key::new(&*name).map(drop), Owner::new(&*name).map(drop)] {
    match outcome {
      Ok(()) => assert!(fits, "{name:?} is taken"),
      Err(error) => assert!(!fits && error.kind() == ErrorKind::InvalidInput, "{name:?}: {error:?}"),
    }
  }
}

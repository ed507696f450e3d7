use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub type Result<T> = std::result::Result<T, Error>;

/// Something that kept an operation from being answered.
///
/// "Held by someone else" and "not yours" are answers, never errors.
#[derive(Clone, Debug)]
pub struct Error {
  kind: ErrorKind,
  message: String,
  // Shared, because every request of a failed batch fails with the same cause.
  source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What went wrong, so far as a caller can act on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
  /// An argument is out of its range: an empty key, a ttl of more than a hundred years.
  InvalidInput,
  /// The adapter cannot work as it was set up: a wrong URL, a table of another shape, a read-only file.
  Configuration,
  /// The database could not be reached, or stayed busy for longer than the adapter waits.
  Connection,
  /// The request was sent, and no answer came: it may have taken effect or not. Never what a caller gets to see while
  /// reading back can tell.
  Ambiguous,
  /// The database refused a statement or is damaged.
  Database,
  /// An adapter that this crate does not know from inside failed.
  Adapter,
  /// The adapter was closed.
  Closed,
}

impl Error {
  pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
    Self {
      kind,
      message: message.into(),
      source: None,
    }
  }

  #[must_use]
  pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
    self.source = Some(Arc::new(source));
    self
  }

  #[must_use]
  pub fn kind(&self) -> ErrorKind {
    self.kind
  }

  pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
    Self::new(ErrorKind::InvalidInput, message)
  }

  pub(crate) fn configuration(message: impl Into<String>) -> Self {
    Self::new(ErrorKind::Configuration, message)
  }

  pub(crate) fn unanswered() -> Self {
    Self::new(
      ErrorKind::Database,
      "the adapter gave no answer: it breaks its contract of one answer a request",
    )
  }

  pub(crate) fn closed() -> Self {
    Self::new(
      ErrorKind::Closed,
      "the adapter is closed: create a new one to go on using its locks",
    )
  }
}

impl fmt::Display for Error {
  fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &self.source {
      Some(source) => write!(formatter, "{}: {source}", self.message),
      None => formatter.write_str(&self.message),
    }
  }
}

impl StdError for Error {
  fn source(&self) -> Option<&(dyn StdError + 'static)> {
    self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
  }
}

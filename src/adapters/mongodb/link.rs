use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mongodb::bson::Document;
use mongodb::error::Error as DriverError;
use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use mongodb::options::{ReadPreference, SelectionCriteria};
use mongodb::{Client, Database};
use tokio::sync::Notify;

use super::failure::{self, Failure};
use super::settings::{Settings, Timeouts};
use crate::error::{Error, ErrorKind, Result};

tokio::task_local! {
  /// Of the command that this task asks.
  static DEPARTURE: Arc<Departure>;
}

/// That a command has got its connection, and leaves.
#[derive(Default)]
struct Departure {
  has_been: AtomicBool,
  heard: Notify,
}

impl Departure {
  fn tell(&self) {
    self.has_been.store(true, Ordering::Relaxed);
    self.heard.notify_one();
  }
}

/// The connections to one database. They are made at the first use, and anew when they are lost.
pub(super) struct Link {
  pub(super) database: Database,
  client: Client,
  timeouts: Timeouts,
}

/// What became of a driver call that is bounded in time.
enum Outcome<T> {
  Done(T),
  Failed { error: DriverError, was_sent: bool },
  NotSent,
  NotAnswered,
}

impl Link {
  pub(super) async fn open(settings: &Settings) -> Result<Self> {
    let mut options = settings.client_options().await?;
    // The driver says nothing else of when a command leaves. A pool runs its callbacks in the task that asks it.
    options.cmap_event_handler = Some(EventHandler::callback(|event| {
      if matches!(event, CmapEvent::ConnectionCheckedOut(_)) {
        // Its own checks of the servers are nobody's command.
        let _ = DEPARTURE.try_with(|departure| departure.tell());
      }
    }));
    let name = settings
      .database
      .clone()
      .or_else(|| options.default_database.clone())
      .unwrap_or_else(|| "test".to_owned());
    let client = Client::with_options(options).map_err(|error| failure::error_of(error, false))?;
    Ok(Self {
      database: client.database(&name),
      client,
      timeouts: settings.timeouts,
    })
  }

  pub(super) fn timeouts(&self) -> Timeouts {
    self.timeouts
  }

  /// Sends one command to the primary.
  pub(super) async fn command(&self, command: Document) -> std::result::Result<Document, Failure> {
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    let sending = async { self.database.run_command(command).selection_criteria(primary).await };
    match self.bounded(sending).await {
      Outcome::Done(reply) => match reply.get_document("writeConcernError") {
        Ok(complaint) => Err(Failure::of_write_concern(complaint)),
        Err(_) => Ok(reply),
      },
      Outcome::Failed { error, was_sent } => Err(Failure::of(error, was_sent)),
      Outcome::NotSent => Err(Failure::Error(self.not_sent())),
      Outcome::NotAnswered => Err(Failure::Error(self.not_answered())),
    }
  }

  /// A call of the driver that is no write, within the timeouts; the driver's own errors as they are.
  pub(super) async fn call<T>(
    &self,
    call: impl Future<Output = std::result::Result<T, DriverError>>,
  ) -> Result<std::result::Result<T, DriverError>> {
    match self.bounded(call).await {
      Outcome::Done(done) => Ok(Ok(done)),
      Outcome::Failed { error, .. } => Ok(Err(error)),
      Outcome::NotSent => Err(self.not_sent()),
      Outcome::NotAnswered => Err(self.not_answered()),
    }
  }

  async fn bounded<T>(&self, call: impl Future<Output = std::result::Result<T, DriverError>>) -> Outcome<T> {
    let departure = Arc::new(Departure::default());
    let mut call = Box::pin(DEPARTURE.scope(Arc::clone(&departure), call));
    let before = async {
      tokio::select! {
        outcome = &mut call => Some(outcome),
        () = departure.heard.notified() => None,
      }
    };
    let outcome = match tokio::time::timeout(self.timeouts.connect, before).await {
      Err(_) => return Outcome::NotSent,
      Ok(Some(outcome)) => outcome,
      // A call that is given up is dropped, and its connection with it.
      Ok(None) => match tokio::time::timeout(self.timeouts.command, call).await {
        Err(_) => return Outcome::NotAnswered,
        Ok(outcome) => outcome,
      },
    };
    match outcome {
      Ok(done) => Outcome::Done(done),
      Err(error) => Outcome::Failed {
        error,
        was_sent: departure.has_been.load(Ordering::Relaxed),
      },
    }
  }

  fn not_sent(&self) -> Error {
    Error::new(
      ErrorKind::Connection,
      format!(
        "no connection to the MongoDB primary was had within {:?}: check that it runs and can be reached",
        self.timeouts.connect
      ),
    )
  }

  fn not_answered(&self) -> Error {
    Error::new(
      ErrorKind::Ambiguous,
      format!("the MongoDB server did not answer within {:?}", self.timeouts.command),
    )
  }

  pub(super) async fn close(&self) {
    // It would wait for cursors that others close.
    self.client.clone().shutdown().immediate(true).await;
  }
}

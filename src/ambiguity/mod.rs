//! Settles requests that were sent and got no answer, by asking again.
//!
//! Whether such a request has taken effect is read off the database, never guessed:
//!
//! - an acquire: the key is this owner's, so it has, if the adapter [confirms](LockAdapter::confirm) it; it is another's, so it has not; it is free, so it is asked for anew;
//! - a refresh and a look can be repeated, and their second answer holds;
//! - a release: the key is still this owner's, so it is released anew. If it is not, nobody can tell whether the release
//!   or the end of the lease came first, and the error stays.
//!
//! A question may get no answer as well, and is asked again after a pause, for a bounded time.

use std::time::{Duration, Instant};

use crate::adapters::LockAdapter;
use crate::error::{ErrorKind, Result};
use crate::fence::Fence;
use crate::name::Owner;
use crate::request::{Answer, Holder, Request, Until};

/// How many rounds of questions there are at most; each takes as long as the adapter waits at most.
const ROUNDS: u32 = 5;

/// No round begins later than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first pause after a round that told nothing; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A request whose fate is open, by its place in the batch.
struct Open<'batch> {
  place: usize,
  request: &'batch Request,
  question: Request,
}

/// Settles those of the answers that are ambiguous, all of them together.
pub(crate) async fn settle(adapter: &dyn LockAdapter, requests: &[Request], answers: &mut [Result<Answer>]) {
  let mut open: Vec<Open<'_>> = requests
    .iter()
    .enumerate()
    .filter(|(place, _)| answers.get(*place).is_some_and(is_ambiguous))
    .map(|(place, request)| Open {
      place,
      request,
      question: first_question(request),
    })
    .collect();
  let begun = Instant::now();
  let mut pause = FIRST_PAUSE;
  for _ in 0..ROUNDS {
    if open.is_empty() || begun.elapsed() > PATIENCE {
      return;
    }
    let questions = open.iter().map(|open| open.question.clone()).collect();
    let replies = adapter.answer(questions).await;
    if replies.iter().all(Result::is_err) {
      tokio::time::sleep(pause).await;
      pause *= 2;
    }
    let mut still_open = Vec::new();
    for (open, reply) in open.into_iter().zip(replies) {
      let conclusion = match conclude(&open, reply) {
        Conclusion::Found { owner, fence } => {
          let key = open.request.key();
          match adapter.confirm(key, &owner, fence).await {
            Ok(true) => Conclusion::Settled(Ok(Answer::Acquired { fence })),
            Ok(false) => Conclusion::Ask(look(open.request)),
            Err(error) if error.kind() == ErrorKind::Ambiguous => Conclusion::Settled(Err(error)),
            Err(_) => Conclusion::Unknown,
          }
        }
        conclusion => conclusion,
      };
      match conclusion {
        Conclusion::Settled(answer) => answers[open.place] = answer,
        Conclusion::Ask(question) => still_open.push(Open { question, ..open }),
        Conclusion::Found { .. } | Conclusion::Unknown => {}
      }
    }
    open = still_open;
  }
}

fn is_ambiguous(answer: &Result<Answer>) -> bool {
  matches!(answer, Err(error) if error.kind() == ErrorKind::Ambiguous)
}

fn first_question(request: &Request) -> Request {
  match request {
    Request::Refresh { .. } | Request::State { .. } => request.clone(),
    _ => look(request),
  }
}

fn look(request: &Request) -> Request {
  Request::State {
    key: request.key().clone(),
  }
}

enum Conclusion {
  Settled(Result<Answer>),
  /// The owner has the key.
  Found {
    owner: Owner,
    fence: Fence,
  },
  Ask(Request),
  /// Nobody can tell: the error stays.
  Unknown,
}

fn conclude(open: &Open<'_>, reply: Result<Answer>) -> Conclusion {
  let is_own_look = matches!(open.request, Request::State { .. });
  match reply {
    Ok(Answer::State(holder)) if !is_own_look => after_look(open.request, holder),
    // The first try may have arrived in the meantime, and be what holds the key.
    Ok(Answer::Held { .. }) => Conclusion::Ask(look(open.request)),
    // The first try may have arrived in the meantime, and be what released it.
    Ok(Answer::Released(false)) => Conclusion::Unknown,
    Ok(answer) => Conclusion::Settled(Ok(answer)),
    Err(error) => match error.kind() {
      ErrorKind::Ambiguous => Conclusion::Ask(first_question(open.request)),
      ErrorKind::Connection => Conclusion::Ask(open.question.clone()),
      _ => Conclusion::Unknown,
    },
  }
}

fn after_look(request: &Request, holder: Option<Holder>) -> Conclusion {
  match (request, holder) {
    (Request::Acquire { owner, .. }, Some(holder)) if holder.owner == *owner => Conclusion::Found {
      owner: holder.owner,
      fence: holder.fence,
    },
    (Request::Acquire { .. }, Some(holder)) => Conclusion::Settled(Ok(Answer::Held {
      until: holder.remaining.map_or(Until::Release, Until::Expiry),
    })),
    (Request::Release { owner, fence, .. }, Some(holder))
      if holder.owner == *owner && fence.is_none_or(|fence| fence == holder.fence) =>
    {
      Conclusion::Ask(request.clone())
    }
    (Request::Acquire { .. }, None) | (Request::ForceRelease { .. }, Some(_)) => Conclusion::Ask(request.clone()),
    _ => Conclusion::Unknown,
  }
}

#[cfg(test)]
mod tests;

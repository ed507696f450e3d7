use std::sync::Arc;

use tokio::time::Instant;

use super::cluster::Cluster;
use super::connection::Dialer;
use super::node::{Node, Whereabouts};
use super::sentinel::Sentinels;
use super::settings::{Place, Settings};
use super::slot;
use super::tls::Tls;
use crate::error::Result;

/// Who is asked about which key.
pub(super) enum Servers {
  One(Arc<Node>),
  Many(Box<Cluster>),
}

impl Servers {
  pub(super) fn new(settings: Settings) -> Result<Self> {
    let tls = settings.tls.as_ref().map(Tls::new).transpose()?;
    let dialer = Arc::new(Dialer {
      tls,
      credentials: settings.credentials,
      database: settings.database,
    });
    let patience = settings.connect_timeout;
    let whereabouts = match settings.place {
      Place::Cluster { nodes, translation } => {
        return Ok(Self::Many(Box::new(Cluster::new(dialer, nodes, translation, patience))));
      }
      Place::Server(address) => Whereabouts::At(address),
      Place::Sentinels {
        sentinels,
        name,
        credentials,
        tls,
        translation,
      } => Whereabouts::Told(Sentinels {
        addresses: sentinels,
        name,
        dialer: Dialer {
          tls: tls.as_ref().map(Tls::new).transpose()?,
          credentials,
          database: 0,
        },
        translation,
      }),
    };
    Ok(Self::One(Arc::new(Node::new(dialer, whereabouts, patience))))
  }

  /// Who serves the slot of a name, as far as is known here.
  pub(super) async fn node_for(&self, name: &str, deadline: Instant) -> Result<Arc<Node>> {
    match self {
      Self::One(node) => Ok(node.clone()),
      Self::Many(cluster) => {
        cluster.know(deadline).await?;
        cluster.node_of(slot::of(name.as_bytes()))
      }
    }
  }

  /// Heeds "MOVED SLOT HOST:PORT" of a node, given what stands after the first word.
  pub(super) fn moved(&self, from: &Node, said: &str) -> Option<Arc<Node>> {
    let Self::Many(cluster) = self else {
      return None;
    };
    let (slot, place) = said.split_once(' ')?;
    let node = cluster.redirected(from, place)?;
    cluster.moved(slot.parse().ok()?, node.clone());
    Some(node)
  }

  /// The node that "ASK SLOT HOST:PORT" names, for this once.
  pub(super) fn asked(&self, from: &Node, said: &str) -> Option<Arc<Node>> {
    match self {
      Self::One(_) => None,
      Self::Many(cluster) => cluster.redirected(from, said.split_once(' ')?.1),
    }
  }

  /// What is known of who serves what may be wrong.
  pub(super) fn doubt(&self) {
    if let Self::Many(cluster) = self {
      cluster.doubt();
    }
  }

  pub(super) fn close(&self) {
    match self {
      Self::One(node) => node.close(),
      Self::Many(cluster) => cluster.close(),
    }
  }
}

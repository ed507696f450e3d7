//! How a connection is encrypted, and whom it trusts.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Error, Result};

/// Everything in PEM.
#[derive(Clone, Default)]
pub struct TlsSettings {
  /// The authorities that are trusted. Empty: those of this system.
  pub authorities: Vec<Vec<u8>>,
  /// The certificate this side shows, with its chain, and the key to it.
  pub identity: Option<Identity>,
  /// Whether any certificate of the server is good enough.
  pub accepts_any_certificate: bool,
  /// The name the server's certificate must be for. `None`: the host's.
  pub server_name: Option<String>,
}

#[derive(Clone)]
pub struct Identity {
  pub certificates: Vec<u8>,
  pub key: Vec<u8>,
}

pub(super) struct Tls {
  connector: TlsConnector,
  server_name: Option<ServerName<'static>>,
}

impl Tls {
  pub(super) fn new(settings: &TlsSettings) -> Result<Self> {
    // Named here, so that it does not matter which one the process has installed, if any.
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
      .with_safe_default_protocol_versions()
      .map_err(|error| Error::configuration("TLS cannot be used").caused_by(error))?;
    let builder = if settings.accepts_any_certificate {
      builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
      builder.with_root_certificates(roots(&settings.authorities)?)
    };
    let config = match &settings.identity {
      None => builder.with_no_client_auth(),
      Some(identity) => {
        let key = PrivateKeyDer::from_pem_slice(&identity.key)
          .map_err(|error| Error::configuration("the key of the TLS certificate is not PEM").caused_by(error))?;
        builder
          .with_client_auth_cert(certificates(&identity.certificates, "TLS certificate")?, key)
          .map_err(|error| {
            Error::configuration("the TLS certificate and its key do not fit each other").caused_by(error)
          })?
      }
    };
    let server_name = settings.server_name.as_deref().map(name).transpose()?;
    Ok(Self {
      connector: TlsConnector::from(Arc::new(config)),
      server_name,
    })
  }

  pub(super) async fn encrypt(&self, stream: TcpStream, host: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let name = match &self.server_name {
      Some(name) => name.clone(),
      None => name(host).map_err(std::io::Error::other)?,
    };
    self.connector.connect(name, stream).await
  }
}

fn name(host: &str) -> Result<ServerName<'static>> {
  ServerName::try_from(host.to_owned()).map_err(|error| {
    Error::configuration(format!("\"{host}\" is no name that a TLS certificate can be for")).caused_by(error)
  })
}

fn roots(authorities: &[Vec<u8>]) -> Result<RootCertStore> {
  let mut roots = RootCertStore::empty();
  if authorities.is_empty() {
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
      return Err(Error::configuration(
        "this system has no certificates of authorities for TLS: install them, or pass the server's as tls.ca",
      ));
    }
  }
  for authority in authorities {
    for certificate in certificates(authority, "ca of tls")? {
      roots
        .add(certificate)
        .map_err(|error| Error::configuration("the ca of tls is no certificate").caused_by(error))?;
    }
  }
  Ok(roots)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>> {
  let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
    .collect::<std::result::Result<_, _>>()
    .map_err(|error| Error::configuration(format!("the {what} is not PEM")).caused_by(error))?;
  if certificates.is_empty() {
    return Err(Error::configuration(format!("the {what} has no certificate in PEM")));
  }
  Ok(certificates)
}

/// Accepts whoever answers; still, they must hold the key to the certificate they show.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
  fn verify_server_cert(
    &self,
    _: &CertificateDer<'_>,
    _: &[CertificateDer<'_>],
    _: &ServerName<'_>,
    _: &[u8],
    _: UnixTime,
  ) -> std::result::Result<ServerCertVerified, rustls::Error> {
    Ok(ServerCertVerified::assertion())
  }

  fn verify_tls12_signature(
    &self,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
  ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
    verify_tls12_signature(
      message,
      certificate,
      signature,
      &self.0.signature_verification_algorithms,
    )
  }

  fn verify_tls13_signature(
    &self,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
  ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
    verify_tls13_signature(
      message,
      certificate,
      signature,
      &self.0.signature_verification_algorithms,
    )
  }

  fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
    self.0.signature_verification_algorithms.supported_schemes()
  }
}

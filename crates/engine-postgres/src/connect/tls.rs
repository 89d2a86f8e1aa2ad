//! Whom we trust: verify-full for remote servers unless the plan says otherwise in so many words.

use std::sync::Arc;

use diagnostics::code::TLS_REQUIRED;
use ir::TlsMode;
use runtime::EngineError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Address;

/// `None`: no TLS (a socket, the loopback, or `insecure-disable`).
pub(super) fn connector(
    address: &Address,
    mode: TlsMode,
) -> Result<Option<MakeRustlsConnect>, EngineError> {
    if address.is_local() || mode == TlsMode::InsecureDisable {
        return Ok(None);
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(refused)?;
    let config = match mode {
        TlsMode::InsecureNoVerify => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        TlsMode::InsecureNoHostname => {
            let inner =
                WebPkiServerVerifier::builder_with_provider(roots(address)?.into(), provider)
                    .build()
                    .map_err(refused)?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyHostname(inner)))
                .with_no_client_auth()
        }
        TlsMode::VerifyFull | TlsMode::InsecureDisable => {
            builder.with_root_certificates(roots(address)?).with_no_client_auth()
        }
    };
    Ok(Some(MakeRustlsConnect::new(config)))
}

fn refused(error: impl std::fmt::Display) -> EngineError {
    EngineError::new(&TLS_REQUIRED, format!("TLS cannot be set up: {error}"))
}

/// `sslrootcert` alone where the URL names one, else the operating system's trust store.
fn roots(address: &Address) -> Result<RootCertStore, EngineError> {
    let mut store = RootCertStore::empty();
    if let Some(file) = &address.root_certificates {
        let unreadable = |error: &dyn std::fmt::Display| {
            refused(format!("cannot read `{}`: {error}", file.display()))
        };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| unreadable(&e))? {
            store.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        return Err(refused("no trusted certificates were found")
            .help("install the system's CA certificates, or add `sslrootcert=FILE` to the URL"));
    }
    Ok(store)
}

/// `insecure-no-hostname`: the chain must be good, the name may be another.
#[derive(Debug)]
struct AnyHostname(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyHostname {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let answer =
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match answer {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            answer => answer,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `insecure-no-verify`: whoever answers, as long as it holds the key of what it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

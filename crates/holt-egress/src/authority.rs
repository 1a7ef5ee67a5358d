//! Certificates by which Holt speaks, inside one sandbox, for the hosts that it has a secret for.
//!
//! The key never goes inside. What is signed with it is trusted by the programs of that sandbox and by nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use holt_core::sandbox::Authority;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::target::Name;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A sandbox does not live so long.
const VALID: Duration = Duration::from_secs(800 * 24 * 60 * 60);
/// How long one that is for a host may be used: programs refuse what is valid for much more than a year.
const VALID_FOR_HOST: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Hosts whose certificates are kept.
const KEPT: usize = 64;

#[derive(Debug, thiserror::Error)]
#[error("a certificate cannot be made: {0}")]
pub struct CannotSign(String);

fn cannot(error: impl std::fmt::Display) -> CannotSign {
    CannotSign(error.to_string())
}

/// Makes one, with a key of its own.
///
/// # Errors
/// When the machine cannot make keys.
pub fn make() -> Result<Authority, CannotSign> {
    let key = KeyPair::generate().map_err(cannot)?;
    let certificate = itself().self_signed(&key).map_err(cannot)?;
    Ok(Authority { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn itself() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Holt, for one sandbox");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = SystemTime::now();
    (params.not_before, params.not_after) = ((now - DAY).into(), (now + VALID).into());
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Speaks for hosts. One for each session.
pub struct Signer {
    issuer: Issuer<'static, KeyPair>,
    made: Mutex<HashMap<Name, Arc<ServerConfig>>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// # Errors
    /// When it has no usable key.
    pub fn new(authority: &Authority) -> Result<Self, CannotSign> {
        let key = KeyPair::from_pem(&authority.key).map_err(cannot)?;
        Ok(Self { issuer: Issuer::new(itself(), key), made: Mutex::default() })
    }

    /// What answers in the name of this host.
    pub(crate) fn server(&self, name: &Name) -> Result<Arc<ServerConfig>, CannotSign> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(name) {
            return Ok(Arc::clone(config));
        }
        if made.len() >= KEPT {
            made.clear();
        }
        let config = Arc::new(self.make_server(name)?);
        made.insert(name.clone(), Arc::clone(&config));
        Ok(config)
    }

    fn make_server(&self, name: &Name) -> Result<ServerConfig, CannotSign> {
        let mut params = CertificateParams::new(vec![name.as_str().to_owned()]).map_err(cannot)?;
        params.distinguished_name = named("Holt");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = SystemTime::now();
        (params.not_before, params.not_after) = ((now - DAY).into(), (now + VALID_FOR_HOST).into());
        let key = KeyPair::generate().map_err(cannot)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(cannot)?;
        let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(cannot)?;
        let mut config =
            config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], secret).map_err(cannot)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_is_another_and_one_without_a_key_signs_nothing() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_ne!(one.certificate, other.certificate);
        assert!(!one.certificate.contains("PRIVATE"), "the key is not in what goes inside");
        let signer = Signer::new(&one).unwrap();
        let name: Name = "api.example".parse().unwrap();
        assert!(Arc::ptr_eq(&signer.server(&name).unwrap(), &signer.server(&name).unwrap()));
        for number in 0..200 {
            signer.server(&format!("{number}.example").parse().unwrap()).unwrap();
        }
        assert!(signer.made.lock().unwrap().len() <= KEPT);
        assert!(Signer::new(&Authority { key: "x".into(), ..one }).is_err());
    }
}

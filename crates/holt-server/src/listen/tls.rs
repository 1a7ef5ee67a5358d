//! TLS: a certificate that was given, or one that the server makes for itself; either is read again when it changes.
//!
//! A new certificate is for new connections; those that are open stay. A file that cannot be read leaves the old one in
//! use and says so in the log.

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::options::Certificate;

/// How long a certificate of our own is valid, and when it is made anew: browsers take no more than about a year.
const VALID_DAYS: i64 = 365;
const RENEW_AFTER: Duration = Duration::from_secs(270 * 24 * 60 * 60);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("`{path}` cannot be read: {error}")]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("`{path}` holds no usable {what}: {why}")]
    Unusable { path: PathBuf, what: &'static str, why: String },
    #[error("a certificate cannot be made: {0}")]
    Cannot(String),
    #[error("TLS was asked for without saying where its certificate is")]
    NoCertificate,
}

/// The certificate in use, and where it comes from.
#[derive(Debug)]
pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    cert: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// Loads the certificate. `names` are what one of our own would be for.
    pub fn load(source: &Certificate, names: &[String]) -> Result<Self, TlsError> {
        let (cert, key) = match source {
            Certificate::Given { cert, key } => (cert.clone(), key.clone()),
            Certificate::Generated { directory } => generated(directory, names)?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&cert, &key, &provider)?)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Cannot(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), current, cert, key })
    }

    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Looks at the files again and again, for as long as it is polled.
    pub async fn watch(self: Arc<Self>, every: Duration) {
        let mut seen = self.stamp();
        loop {
            tokio::time::sleep(every).await;
            let now = self.stamp();
            if now == seen {
                continue;
            }
            let own = self.clone();
            match tokio::task::spawn_blocking(move || own.reload()).await {
                Ok(Ok(())) => {
                    seen = now;
                    tracing::info!("a new certificate is in use");
                }
                // Perhaps only one of the two files is new yet: it is tried again.
                Ok(Err(error)) => tracing::warn!(%error, "the new certificate is not used"),
                Err(_) => return,
            }
        }
    }

    fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.cert, &self.key, self.config.crypto_provider())?;
        self.current.0.store(Arc::new(fresh));
        Ok(())
    }

    fn stamp(&self) -> [Option<(u64, i64, i64, u64)>; 2] {
        [&self.cert, &self.key].map(|path| {
            let data = std::fs::metadata(path).ok()?;
            Some((data.ino(), data.mtime(), data.mtime_nsec(), data.size()))
        })
    }
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let text = |path: &Path| std::fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error });
    let unusable = |path: &Path, what, why: String| TlsError::Unusable { path: path.to_owned(), what, why };
    let (chain, secret) = (text(cert)?, text(key)?);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| unusable(cert, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(unusable(cert, "certificate", "there is none in it".into()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|error| unusable(key, "private key", error.to_string()))?;
    CertifiedKey::from_der(chain, secret, provider).map_err(|error| unusable(key, "private key", error.to_string()))
}

/// The names that a certificate of our own is for, made from what the server listens on and is called.
pub(crate) fn names_for(addresses: impl Iterator<Item = IpAddr>, hosts: impl Iterator<Item = String>) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(addresses.filter(|address| !address.is_unspecified()).map(|address| address.to_string()));
    names.extend(hosts);
    names.sort_unstable();
    names.dedup();
    names
}

/// Makes a certificate, unless there is one for these names that is not old.
fn generated(directory: &Path, names: &[String]) -> Result<(PathBuf, PathBuf), TlsError> {
    let (cert, key, list) = (directory.join("cert.pem"), directory.join("key.pem"), directory.join("names"));
    let unreadable = |error| TlsError::Unreadable { path: directory.to_owned(), error };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unreadable)?;
    let wanted = names.join("\n");
    let same = std::fs::read_to_string(&list).is_ok_and(|known| known == wanted);
    let age = cert.metadata().and_then(|data| data.modified()).map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
    if same && key.exists() && age.is_ok_and(|age| age < RENEW_AFTER) {
        return Ok((cert, key));
    }
    let (certificate, secret) = sign(names)?;
    for (path, text) in [(&key, secret.as_str()), (&cert, certificate.as_str()), (&list, wanted.as_str())] {
        write_private(path, text).map_err(unreadable)?;
    }
    tracing::info!(directory = %directory.display(), "a certificate was made");
    Ok((cert, key))
}

fn sign(names: &[String]) -> Result<(String, String), TlsError> {
    let cannot = |error: rcgen::Error| TlsError::Cannot(error.to_string());
    let mut params = rcgen::CertificateParams::new(names.to_vec()).map_err(cannot)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Holt");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let day = |offset: i64| {
        let date = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(offset));
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    (params.not_before, params.not_after) = (day(-1), day(VALID_DAYS));
    let key = rcgen::KeyPair::generate().map_err(cannot)?;
    let certificate = params.self_signed(&key).map_err(cannot)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&draft);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(more: &[&str]) -> Vec<String> {
        names_for(std::iter::empty(), more.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_certificate_is_made_once_for_the_same_names() {
        let directory = tempfile::tempdir().unwrap();
        let source = Certificate::Generated { directory: directory.path().join("tls") };
        let bytes = |tls: &Tls| tls.current.0.load().cert[0].to_vec();
        let first = Tls::load(&source, &names(&[])).unwrap();
        assert_eq!(std::fs::metadata(&first.key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(bytes(&first), bytes(&Tls::load(&source, &names(&[])).unwrap()));
        assert_ne!(bytes(&first), bytes(&Tls::load(&source, &names(&["den.example"])).unwrap()));
    }

    #[test]
    fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (cert, key) = (directory.path().join("c"), directory.path().join("k"));
        let put = |(certificate, secret): (String, String)| {
            std::fs::write(&cert, certificate).unwrap();
            std::fs::write(&key, secret).unwrap();
        };
        put(sign(&names(&[])).unwrap());
        let tls = Tls::load(&Certificate::Given { cert: cert.clone(), key: key.clone() }, &[]).unwrap();
        let first = tls.current.0.load().cert[0].clone();
        std::fs::write(&cert, "not a certificate").unwrap();
        assert!(matches!(tls.reload(), Err(TlsError::Unusable { what: "certificate", .. })));
        assert_eq!(tls.current.0.load().cert[0], first);
        put((sign(&names(&[])).unwrap().0, sign(&names(&[])).unwrap().1));
        assert!(matches!(tls.reload(), Err(TlsError::Unusable { what: "private key", .. })), "a key of another certificate");
        put(sign(&names(&[])).unwrap());
        tls.reload().unwrap();
        assert_ne!(tls.current.0.load().cert[0], first);
    }
}

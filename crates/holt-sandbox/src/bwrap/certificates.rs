//! What programs inside trust: what the machine trusts, and the one certificate by which Holt speaks for hosts that it opens.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use holt_core::sandbox::Authority;

use super::places::Session;

/// Where all of them are inside, and where Holt's own one is.
pub const ALL: &str = "/run/holt/certificates.pem";
pub const OWN: &str = "/run/holt/authority.pem";
/// Where machines keep what they trust.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"];
const LARGEST: u64 = 4 * 1024 * 1024;
const READABLE: u32 = 0o644;
const PASSABLE: u32 = 0o755;

/// Files outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    pub all: PathBuf,
    pub own: PathBuf,
}

impl Certificates {
    pub fn of(session: &Session) -> Self {
        let directory = session.certificates();
        Self { all: directory.join("all.pem"), own: directory.join("own.pem") }
    }

    /// Writes both, in place of those of an earlier sandbox of the session.
    pub fn write(&self, authority: &Authority) -> io::Result<()> {
        for directory in [self.all.parent(), self.own.parent()].into_iter().flatten() {
            fs::DirBuilder::new().recursive(true).mode(PASSABLE).create(directory)?;
        }
        let trusted = TRUSTED.iter().map(Path::new).find(|path| fs::metadata(path).is_ok_and(|data| data.len() <= LARGEST));
        let trusted = trusted.map_or_else(|| Ok(String::new()), fs::read_to_string)?;
        put(&self.all, &format!("{}\n{}", trusted.trim_end(), authority.certificate))?;
        put(&self.own, &authority.certificate)
    }
}

/// A file of its own each time: an older sandbox keeps what it was given.
fn put(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(READABLE).open(path)?;
    file.write_all(text.as_bytes())
}

/// Variables by which programs find them.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    let all = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "CARGO_HTTP_CAINFO", "GIT_SSL_CAINFO"];
    let all = all.into_iter().map(|name| (name.to_owned(), ALL.to_owned()));
    all.chain([("NODE_EXTRA_CA_CERTS".to_owned(), OWN.to_owned())])
}

//! The sandboxes' `/etc`: copies of named files of the host's, and a few that are written for them. Nothing that only some
//! users may read is copied, and nothing that is not named.
//!
//! A composed directory is named by what is in it and shared by all sandboxes; a running one keeps the one that it began with.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use holt_keeper::spec::INSIDE_ID;
use sha2::{Digest as _, Sha256};

/// What is copied from the host's `/etc`, where it is there.
const NAMED: &[&str] = &[
    "X11",
    "alpine-release",
    "alternatives",
    "bash.bashrc",
    "bash_completion.d",
    "ca-certificates",
    "ca-certificates.conf",
    "chromium",
    "chromium.d",
    "crypto-policies",
    "debian_version",
    "ethertypes",
    "fedora-release",
    "fonts",
    "gai.conf",
    "groff",
    "gtk-2.0",
    "gtk-3.0",
    "host.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "lsb-release",
    "magic",
    "magic.mime",
    "manpath.config",
    "mime.types",
    "networks",
    "os-release",
    "perl",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "profile",
    "profile.d",
    "protocols",
    "redhat-release",
    "rpc",
    "services",
    "sgml",
    "shells",
    "skel",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "system-release",
    "terminfo",
    "timezone",
    "vim",
    "xdg",
    "xml",
];
/// As above, by how their names begin.
const NAMED_BEGINNINGS: &[&str] = &["java-", "ld-musl-", "python", "ImageMagick-"];
const LARGEST_FILE: u64 = 2 * 1024 * 1024;
const MOST_BYTES: u64 = 32 * 1024 * 1024;
const MOST_ENTRIES: usize = 20_000;
const DEEPEST: usize = 8;
const READABLE_BY_ALL: u32 = 0o004;
/// Changes when this module does something else with the same files.
const GENERATION: &str = "1";

/// The composed directory, made below `place` when it is not there yet.
pub fn compose(place: &Path, host: &Path) -> io::Result<PathBuf> {
    let mut plan = Composition::default();
    plan.find(host);
    let name = plan.name();
    let composed = place.join(&name);
    if !composed.is_dir() {
        let beside = place.join(format!("{name}.{}.new", std::process::id()));
        let _ = fs::remove_dir_all(&beside);
        plan.write(&beside)?;
        match fs::rename(&beside, &composed) {
            // Another start was quicker, with the same.
            Err(_) if composed.is_dir() => fs::remove_dir_all(&beside)?,
            renamed => renamed?,
        }
    }
    Ok(composed)
}

/// Removes what no sandbox uses any more.
pub fn remove_others(place: &Path, kept: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.path() != kept {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[derive(Debug)]
enum Entry {
    Directory,
    Link(PathBuf),
    Copy { source: PathBuf, mark: String },
    Written(String),
}

#[derive(Debug, Default)]
struct Composition {
    /// Parents before what is in them.
    entries: Vec<(PathBuf, Entry)>,
    bytes: u64,
}

impl Composition {
    fn find(&mut self, host: &Path) {
        for name in NAMED {
            let path = Path::new(name);
            if let Some(parent) = path.parent().filter(|parent| *parent != Path::new("")) {
                for above in parent.ancestors().collect::<Vec<_>>().into_iter().rev().filter(|above| *above != Path::new("")) {
                    self.add(above.to_owned(), Entry::Directory);
                }
            }
            self.take(host, path, 0);
        }
        let names = fs::read_dir(host).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        for name in names.iter().filter(|name| NAMED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))) {
            self.take(host, Path::new(name), 0);
        }
        for (name, text) in written() {
            self.add(PathBuf::from(name), Entry::Written(text));
        }
        self.add(PathBuf::from("mtab"), Entry::Link(PathBuf::from("/proc/self/mounts")));
    }

    fn add(&mut self, path: PathBuf, entry: Entry) {
        if self.entries.len() < MOST_ENTRIES && !self.entries.iter().any(|(there, _)| *there == path) {
            self.entries.push((path, entry));
        }
    }

    fn take(&mut self, host: &Path, path: &Path, depth: usize) {
        let source = host.join(path);
        let Ok(found) = fs::symlink_metadata(&source) else { return };
        if found.is_symlink() {
            if let Ok(target) = fs::read_link(&source) {
                self.entries.push((path.to_owned(), Entry::Link(target)));
            }
        } else if found.is_dir() && depth < DEEPEST && self.entries.len() < MOST_ENTRIES {
            self.entries.push((path.to_owned(), Entry::Directory));
            let names = fs::read_dir(&source).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let mut names: Vec<_> = names.collect();
            names.sort();
            names.iter().for_each(|name| self.take(host, &path.join(name), depth + 1));
        } else if self.may_copy(&found) {
            self.bytes += found.len();
            let mark = format!("{} {} {}", found.len(), found.mtime(), found.mtime_nsec());
            self.entries.push((path.to_owned(), Entry::Copy { source, mark }));
        }
    }

    fn may_copy(&self, found: &fs::Metadata) -> bool {
        let readable = found.is_file() && found.permissions().mode() & READABLE_BY_ALL != 0;
        readable && found.len() <= LARGEST_FILE && self.bytes + found.len() <= MOST_BYTES && self.entries.len() < MOST_ENTRIES
    }

    fn name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(GENERATION);
        for (path, entry) in &self.entries {
            let what = match entry {
                Entry::Directory => String::new(),
                Entry::Link(target) => target.to_string_lossy().into_owned(),
                Entry::Copy { mark, .. } => mark.clone(),
                Entry::Written(text) => text.clone(),
            };
            hash.update(format!("{}\0{}\0{what}\0", path.display(), what.len()));
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    fn write(&self, at: &Path) -> io::Result<()> {
        make_directory(at)?;
        for (path, entry) in &self.entries {
            let to = at.join(path);
            match entry {
                Entry::Directory => make_directory(&to)?,
                Entry::Link(target) => symlink(target, &to)?,
                Entry::Copy { source, .. } => {
                    fs::copy(source, &to)?;
                    fs::set_permissions(&to, fs::Permissions::from_mode(0o644))?;
                }
                Entry::Written(text) => {
                    fs::write(&to, text)?;
                    fs::set_permissions(&to, fs::Permissions::from_mode(0o644))?;
                }
            }
        }
        Ok(())
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// What is the sandboxes' own.
fn written() -> [(&'static str, String); 8] {
    let id = INSIDE_ID;
    [
        (
            "passwd",
            format!(
                "root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:{id}:{id}:agent:/home/agent:/bin/bash\n\
                 nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
            ),
        ),
        ("group", format!("root:x:0:\nagent:x:{id}:\nnogroup:x:65534:\n")),
        ("hosts", "127.0.0.1 localhost holt\n::1 localhost ip6-localhost ip6-loopback\n".to_owned()),
        ("hostname", "holt\n".to_owned()),
        ("resolv.conf", "# There is no name service in this sandbox.\n".to_owned()),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n".to_owned(),
        ),
        ("machine-id", "686f6c74686f6c74686f6c74686f6c74\n".to_owned()),
        ("environment", String::new()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_and_everybody_may_read_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let host = directory.path().join("etc");
        fs::create_dir_all(host.join("ssl/private")).unwrap();
        fs::create_dir_all(host.join("ssl/certs")).unwrap();
        for (name, mode) in [
            ("shadow", 0o600),
            ("passwd", 0o644),
            ("services", 0o644),
            ("ssl/private/key", 0o644),
            ("ssl/certs/ca.crt", 0o644),
            ("shells", 0o640),
            ("python3.conf", 0o644),
        ] {
            fs::write(host.join(name), name).unwrap();
            fs::set_permissions(host.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("/usr/share/zoneinfo/UTC", host.join("localtime")).unwrap();
        let place = directory.path().join("composed");
        fs::create_dir(&place).unwrap();
        let etc = compose(&place, &host).unwrap();
        for absent in ["shadow", "ssl/private", "shells"] {
            assert!(!etc.join(absent).exists(), "{absent}");
        }
        for present in ["services", "ssl/certs/ca.crt", "python3.conf"] {
            assert_eq!(fs::read_to_string(etc.join(present)).unwrap(), present);
        }
        assert!(fs::read_to_string(etc.join("passwd")).unwrap().contains("agent:x:1000"));
        assert_eq!(fs::read_link(etc.join("localtime")).unwrap(), Path::new("/usr/share/zoneinfo/UTC"));
        assert_eq!(compose(&place, &host).unwrap(), etc, "composed once");
        fs::write(host.join("services"), "changed and longer").unwrap();
        let newer = compose(&place, &host).unwrap();
        assert_ne!(newer, etc);
        remove_others(&place, &newer);
        assert!(!etc.exists() && newer.exists());
    }
}

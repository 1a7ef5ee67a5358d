//! Which package a server's program comes from, and how it is started from where it is kept.
//!
//! Packages are fetched beforehand, outside, into a directory that every sandbox sees and none can change, so that a session
//! without network starts them. Nothing of a package runs while it is fetched.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Where a sandbox sees the packages.
pub const INSIDE: &str = "/opt/holt/mcp";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Registry {
    Npm,
    PyPi,
}

/// A package, as a command such as `npx -y name@1 args` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    pub registry: Registry,
    /// With its version, when one is named.
    pub wanted: String,
    /// The name alone.
    pub name: String,
    /// What comes after the package in the command: how many words of it were before.
    pub words_before: usize,
}

impl Package {
    /// The package that a command starts, when it is one that fetches.
    pub fn of(command: &str, args: &[String]) -> Option<Self> {
        let program = command.rsplit('/').next()?;
        let registry = match program {
            "npx" | "bunx" | "pnpx" => Registry::Npm,
            "uvx" | "pipx" => Registry::PyPi,
            _ => return None,
        };
        let skip = usize::from(program == "pipx" && args.first().is_some_and(|word| word == "run"));
        let at = args.iter().skip(skip).position(|word| !word.starts_with('-'))? + skip;
        let (wanted, name) = (args[at].clone(), bare(registry, &args[at]).to_owned());
        is_package(registry, &wanted, &name).then_some(Self { registry, wanted, name, words_before: at + 1 })
    }

    /// The directory that it has below the cache.
    pub fn directory(&self) -> PathBuf {
        let kind = match self.registry {
            Registry::Npm => "npm",
            Registry::PyPi => "pypi",
        };
        let hash = Sha256::digest(self.wanted.as_bytes());
        let plain: String = self.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let short: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Path::new(kind).join(format!("{}-{short}", plain.trim_matches('-')))
    }
}

fn bare(registry: Registry, wanted: &str) -> &str {
    let end = match registry {
        Registry::Npm => wanted.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at),
        Registry::PyPi => wanted.find(['=', '<', '>', '!', '~', '[', '@', ';', ' ']),
    };
    &wanted[..end.unwrap_or(wanted.len())]
}

/// Names that a registry has, and nothing that its program would take for a path, an address or a flag.
fn is_package(registry: Registry, wanted: &str, name: &str) -> bool {
    let plain = |text: &str| {
        let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        starts && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let named = match (registry, name.strip_prefix('@').and_then(|name| name.split_once('/'))) {
        (Registry::Npm, Some((scope, name))) => plain(scope) && plain(name),
        (_, _) => plain(name),
    };
    let version = &wanted[name.len()..];
    let sane = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-^~=<>!,@*+".contains(&byte));
    named && sane && wanted.len() <= 200
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str) -> Option<Package> {
        let mut words = command.split(' ').map(str::to_owned);
        let program = words.next().unwrap();
        Package::of(&program, &words.collect::<Vec<_>>())
    }

    #[test]
    fn a_package_is_found_in_its_command() {
        let found = of("npx -y @upstash/context7-mcp@1.0 --flag").unwrap();
        assert_eq!((found.name.as_str(), found.wanted.as_str()), ("@upstash/context7-mcp", "@upstash/context7-mcp@1.0"));
        assert_eq!((found.registry, found.words_before), (Registry::Npm, 2));
        let found = of("uvx mcp-server-git==2026.1 --repository .").unwrap();
        assert_eq!((found.name.as_str(), found.registry), ("mcp-server-git", Registry::PyPi));
        assert_eq!(of("pipx run mcp-server-fetch").unwrap().words_before, 2);
        assert_ne!(of("npx a").unwrap().directory(), of("npx a@2").unwrap().directory());
    }

    #[test]
    fn what_is_no_package_is_not_fetched() {
        for no in [
            "node server.js",
            "npx",
            "npx -y",
            "npx ../evil",
            "npx ./a",
            "npx /a",
            "npx https://a.example/x.tgz",
            "npx git+ssh://a",
            "npx @a",
            "npx @a/../b",
            "npx a@file:../b",
            "uvx git+https://a",
            "uvx a@https://b",
            "npx a\n",
        ] {
            assert_eq!(of(no), None, "{no}");
        }
    }
}

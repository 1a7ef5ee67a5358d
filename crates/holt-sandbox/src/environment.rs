//! Environments: presets of what an agent finds in its sandbox. None of them downloads anything; what is missing is said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holt_keeper::spec::{TO_MODELS, WAY_OUT};

/// The preset that a session has when it asks for none.
pub const DEFAULT: &str = "default";

/// A named preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    pub name: &'static str,
    /// Programs that it promises, with the package that has each on Debian.
    pub programs: &'static [(&'static str, &'static str)],
    /// Kits of tools that are looked for in the home of the user who runs Holt.
    kits: &'static [Kit],
    /// What the agent is told about it.
    pub line: &'static str,
}

/// Tools that users install below their homes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kit {
    Rust,
    Node,
    Python,
}

/// A kit that was found: a directory of the host, read-only in the sandbox, at its own path: its programs name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKit {
    pub place: PathBuf,
    pub programs: PathBuf,
}

const PYTHON: (&str, &str) = ("python3", "python3");
const PIP: (&str, &str) = ("pip3", "python3-pip");
const NODE: (&str, &str) = ("node", "nodejs");
const NPM: (&str, &str) = ("npm", "npm");
const GIT: (&str, &str) = ("git", "git");
const COMPILER: (&str, &str) = ("cc", "build-essential");
const CARGO: (&str, &str) = ("cargo", "cargo");

/// Every environment.
pub const ENVIRONMENTS: &[Environment] = &[
    Environment { name: DEFAULT, programs: &[("bash", "bash"), GIT], kits: &[], line: "A Linux machine with the usual tools." },
    Environment {
        name: "node",
        programs: &[NODE, NPM, GIT],
        kits: &[Kit::Node],
        line: "Node.js and npm are installed; global packages go to ~/.local.",
    },
    Environment {
        name: "python",
        programs: &[PYTHON, PIP, GIT],
        kits: &[Kit::Python],
        line: "Python 3 and pip are installed; packages go to your home directory.",
    },
    Environment {
        name: "rust",
        programs: &[CARGO, ("rustc", "rustc"), COMPILER, GIT],
        kits: &[Kit::Rust],
        line: "Rust and cargo are installed.",
    },
    Environment {
        name: "full-stack",
        programs: &[NODE, NPM, PYTHON, PIP, GIT, COMPILER],
        kits: &[Kit::Node, Kit::Python],
        line: "Node.js with npm, Python 3 with pip, git and a C compiler are installed.",
    },
    Environment {
        name: "data-science",
        programs: &[PYTHON, PIP, GIT],
        kits: &[Kit::Python],
        line: "Python 3 and pip are installed; look with `pip list` at what is there before you use a library.",
    },
];

/// The environment of that name.
pub fn find(name: &str) -> Option<&'static Environment> {
    ENVIRONMENTS.iter().find(|environment| environment.name == name)
}

/// The host's directories whose programs every sandbox has.
pub const PUBLIC: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin"];

impl Environment {
    /// The kits that are there, below this home.
    pub fn kits(&self, home: &Path) -> Vec<FoundKit> {
        self.kits.iter().filter_map(|kit| kit.find(home)).collect()
    }

    /// The promised programs that neither the host's public directories nor the kits have, with their packages.
    pub fn missing(&self, kits: &[FoundKit]) -> Vec<(&'static str, &'static str)> {
        let places: Vec<PathBuf> =
            PUBLIC.into_iter().map(PathBuf::from).chain(kits.iter().map(|kit| kit.programs.clone())).collect();
        let there = |program: &str| places.iter().any(|place| place.join(program).exists());
        self.programs.iter().filter(|(program, _)| !there(program)).copied().collect()
    }
}

/// Variables that everything inside has.
pub fn variables(kits: &[FoundKit]) -> BTreeMap<String, String> {
    const HOME: &str = "/home/agent";
    let own = kits.iter().map(|kit| kit.programs.display().to_string());
    let path: Vec<String> = [format!("{HOME}/.local/bin"), format!("{HOME}/.cargo/bin")]
        .into_iter()
        .chain(own)
        .chain(["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"].map(str::to_owned))
        .collect();
    let all = [
        ("HOME", HOME),
        ("USER", "agent"),
        ("LOGNAME", "agent"),
        ("SHELL", "/bin/bash"),
        ("LANG", "C.UTF-8"),
        ("TERM", "xterm-256color"),
        ("TMPDIR", "/tmp"),
        ("PATH", &path.join(":")),
        ("CARGO_HOME", "/home/agent/.cargo"),
        ("NPM_CONFIG_PREFIX", "/home/agent/.local"),
        ("PIP_USER", "1"),
        ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Variables by which programs find the way out of the sandbox. It is there also where nothing is let out: that may change,
/// and a program is told why it is refused.
pub fn way_out() -> BTreeMap<String, String> {
    // One address for all: some programs know SOCKS only with parts that are not installed.
    let proxy = format!("http://127.0.0.1:{WAY_OUT}");
    let inside = "localhost,.localhost,127.0.0.1,::1".to_owned();
    let of_both_spellings = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, &proxy)).into_iter();
    let of_both_spellings = of_both_spellings.chain([("NO_PROXY", &inside)]);
    let mut variables: BTreeMap<String, String> = of_both_spellings
        .flat_map(|(name, value)| [(name.to_owned(), value.clone()), (name.to_lowercase(), value.clone())])
        .collect();
    // These do not look at the ones above, or not always.
    let own =
        [("NPM_CONFIG_PROXY", &*proxy), ("NPM_CONFIG_HTTPS_PROXY", &proxy), ("PIP_PROXY", &proxy), ("CARGO_HTTP_PROXY", &proxy)];
    let own = own.into_iter().chain([
        ("NPM_CONFIG_NOPROXY", &*inside),
        ("CARGO_NET_GIT_FETCH_WITH_CLI", "true"),
        ("NODE_USE_ENV_PROXY", "1"),
    ]);
    variables.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    variables
}

/// Variables by which programs find models. The token is worth something in this sandbox alone.
pub fn models(token: &str) -> BTreeMap<String, String> {
    let at = |provider: &str| format!("http://127.0.0.1:{TO_MODELS}/{provider}");
    let places = [
        ("ANTHROPIC_BASE_URL", at("anthropic")),
        ("OPENAI_BASE_URL", at("openai/v1")),
        ("OPENAI_API_BASE", at("openai/v1")),
        ("GOOGLE_GEMINI_BASE_URL", at("gemini")),
    ];
    let keys = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"].map(|name| (name, token.to_owned()));
    places.into_iter().chain(keys).map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Kit {
    fn find(self, home: &Path) -> Option<FoundKit> {
        let place = match self {
            Self::Rust => chosen(&home.join(".rustup/toolchains"), "stable")?,
            Self::Node => chosen(&home.join(".nvm/versions/node"), "v")?,
            Self::Python => python(home)?,
        };
        let programs = place.join("bin");
        programs.is_dir().then_some(FoundKit { place, programs })
    }
}

/// The version that pyenv is told to use.
fn python(home: &Path) -> Option<PathBuf> {
    let root = home.join(".pyenv");
    let version = std::fs::read_to_string(root.join("version")).ok()?;
    let version = version.lines().next()?.trim();
    let plain = !version.is_empty() && !version.contains('/') && !version.starts_with('.');
    plain.then(|| root.join("versions").join(version))
}

/// Of the directories in `place`, the greatest whose name begins so.
fn chosen(place: &Path, beginning: &str) -> Option<PathBuf> {
    let names = std::fs::read_dir(place).ok()?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names = names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.starts_with(beginning));
    Some(place.join(names.max_by_key(|name| order(name))?))
}

/// Names with numbers in them, in the order of the numbers.
fn order(name: &str) -> Vec<u64> {
    name.split(|one: char| !one.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kits_are_found_by_their_newest_version() {
        let home = tempfile::tempdir().unwrap();
        for directory in [
            ".nvm/versions/node/v9.1.0/bin",
            ".nvm/versions/node/v20.3.1/bin",
            ".rustup/toolchains/nightly-x/bin",
            ".pyenv/versions/3.12.1/bin",
        ] {
            std::fs::create_dir_all(home.path().join(directory)).unwrap();
        }
        std::fs::write(home.path().join(".pyenv/version"), "3.12.1\n").unwrap();
        let kits = find("full-stack").unwrap().kits(home.path());
        assert_eq!(kits[0].place, home.path().join(".nvm/versions/node/v20.3.1"));
        assert_eq!(kits[1].place, home.path().join(".pyenv/versions/3.12.1"));
        assert!(find("rust").unwrap().kits(home.path()).is_empty(), "only a stable toolchain is taken");
        let path = &variables(&kits)["PATH"];
        assert!(path.contains("v20.3.1/bin:") && path.contains("3.12.1/bin:/usr/local/bin"), "{path}");
        std::fs::write(home.path().join(".pyenv/version"), "../../..").unwrap();
        assert!(find("python").unwrap().kits(home.path()).is_empty());
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = Environment { name: "x", programs: &[("sh", "dash"), ("no-such-program", "nothing")], kits: &[], line: "" };
        assert_eq!(missing.missing(&[]), [("no-such-program", "nothing")]);
    }
}

//! A session's world, as a pure function of what is asked for and what the machine has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holt_core::session::Limits;
use holt_keeper::spec::{Bind, DOWNLOADS_INSIDE, EXECUTABLE_INSIDE, Link, Room, RoomLimits, Source, Tmpfs};

use super::certificates::{self, Certificates};
use super::options::PACKAGES;
use super::project::Project;
use crate::environment::{self, FoundKit};

pub const HOSTNAME: &str = "holt";
pub const HOME: &str = "/home/agent";
pub const WORKSPACE: &str = "/workspace";
/// Tells the toolbox where the workspace is.
const WORKSPACE_VARIABLE: &str = "HOLT_WORKSPACE";
const RUN_BYTES: u64 = 16 << 20;
/// A file takes memory of the kernel even when it is empty: so many bytes of the size allow one.
const BYTES_PER_FILE: u64 = 4096;
const FEWEST_FILES: u64 = 1024;
const OPEN_TO_ALL: u32 = 0o1777;
const OWNERS_ONLY: u32 = 0o700;
/// The rest of `/run` cannot be written: what is there cannot be moved away from where it is looked for.
const RUNTIME: &str = "/run/user/1000";
/// The desktop's display, whether it runs or not.
const DISPLAY: &str = ":1";
/// Names by which programs look for other places.
const ALIASES: [(&str, &str); 2] = [("/var/tmp", "/tmp"), ("/var/run", "/run")];
/// Directories of programs that everybody may read. Where they are links, they are links inside.
const PROGRAMS: [&str; 8] = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", FONT_CACHE];
/// Without it the first program with a window looks through all fonts, for seconds.
const FONT_CACHE: &str = "/var/cache/fontconfig";

/// What of the host's programs every sandbox has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    pub links: Vec<Link>,
    pub binds: Vec<Bind>,
}

impl Programs {
    /// Looks at the machine.
    pub fn find() -> Self {
        let mut programs = Self { links: Vec::new(), binds: Vec::new() };
        for at in PROGRAMS.map(PathBuf::from) {
            match std::fs::read_link(&at) {
                Ok(target) => programs.links.push(Link { at, target }),
                Err(_) if at.is_dir() => programs.binds.push(public(at)),
                Err(_) => {}
            }
        }
        programs
    }
}

/// What one session's world is made of.
#[derive(Debug)]
pub struct Parts<'a> {
    pub programs: &'a Programs,
    pub etc: &'a Path,
    pub keeper: &'a Path,
    pub home: PathBuf,
    pub downloads: PathBuf,
    /// What only the browser has.
    pub profile: PathBuf,
    pub workspace: Place,
    pub kits: Vec<FoundKit>,
    pub packages: Option<&'a Path>,
    pub variables: &'a BTreeMap<String, String>,
    pub limits: &'a Limits,
    /// By which programs inside prove that they are of this sandbox.
    pub token: &'a str,
    /// What is trusted inside besides what the machine trusts.
    pub certificates: Option<Certificates>,
    /// The workspace cannot be changed from inside.
    pub read_only: bool,
}

/// Where the agent works.
#[derive(Debug)]
pub enum Place {
    Managed(PathBuf),
    Project(Project),
}

impl Place {
    /// The workspace's path as the agent sees it.
    pub fn path_inside(&self) -> PathBuf {
        match self {
            Self::Managed(_) => PathBuf::from(WORKSPACE),
            Self::Project(project) => project.path.clone(),
        }
    }
}

pub fn room(parts: &Parts<'_>) -> Room {
    let directory = parts.workspace.path_inside();
    let mut variables = environment::variables(&parts.kits);
    variables.extend(environment::way_out());
    variables.extend(environment::models(parts.token));
    variables.extend(parts.certificates.iter().flat_map(|_| certificates::variables()));
    variables.extend(parts.variables.clone());
    let Base { mut binds, mut links } = base(parts);
    binds.push(held(&parts.downloads, DOWNLOADS_INSIDE, true));
    binds.push(held(&parts.home, HOME, true));
    binds.extend(parts.packages.map(|packages| held(packages, PACKAGES, false)));
    binds.extend(parts.kits.iter().map(|kit| held(&kit.place, kit.place.clone(), false)));
    match &parts.workspace {
        Place::Managed(path) => binds.push(held(path, WORKSPACE, !parts.read_only)),
        Place::Project(project) => {
            variables.insert(WORKSPACE_VARIABLE.to_owned(), directory.display().to_string());
            links.push(Link { at: PathBuf::from(WORKSPACE), target: directory.clone() });
            let own = project.binds().into_iter();
            binds.extend(own.map(|bind| Bind { writable: bind.writable && !parts.read_only, ..bind }));
        }
    }
    Room {
        hostname: HOSTNAME.to_owned(),
        binds,
        links,
        tmpfs: memory_file_systems(parts.limits.tmp_bytes),
        variables: on_the_desktop(variables),
        directory,
        user_namespaces: false,
    }
}

/// The world of the session's browser, which has a profile in place of a home and no workspace.
pub fn browser_room(parts: &Parts<'_>) -> Room {
    let Base { mut binds, links } = base(parts);
    binds.push(held(&parts.downloads, DOWNLOADS_INSIDE, true));
    binds.push(held(&parts.profile, HOME, true));
    let mut variables = environment::variables(&[]);
    variables.extend(environment::way_out());
    Room {
        hostname: HOSTNAME.to_owned(),
        binds,
        links,
        tmpfs: memory_file_systems(parts.limits.tmp_bytes),
        variables: on_the_desktop(variables),
        directory: PathBuf::from(DOWNLOADS_INSIDE),
        user_namespaces: true,
    }
}

/// What every room has: programs, and Holt's own.
struct Base {
    binds: Vec<Bind>,
    links: Vec<Link>,
}

fn base(parts: &Parts<'_>) -> Base {
    let (mut binds, mut links) = (parts.programs.binds.clone(), parts.programs.links.clone());
    links.extend(ALIASES.map(|(at, target)| Link { at: PathBuf::from(at), target: PathBuf::from(target) }));
    binds.push(held(parts.etc, "/etc", false));
    if let Some(certificates) = &parts.certificates {
        binds.push(held(&certificates.all, certificates::ALL, false));
        binds.push(held(&certificates.own, certificates::OWN, false));
    }
    binds.push(Bind { source_kind: Source::Executable, ..held(parts.keeper, EXECUTABLE_INSIDE, false) });
    Base { binds, links }
}

fn on_the_desktop(mut variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables.insert("XDG_RUNTIME_DIR".to_owned(), RUNTIME.to_owned());
    variables.insert("DISPLAY".to_owned(), DISPLAY.to_owned());
    variables
}

fn memory_file_systems(bytes: u64) -> Vec<Tmpfs> {
    let one = |at: &str, bytes: u64, mode| Tmpfs {
        at: PathBuf::from(at),
        bytes,
        files: (bytes / BYTES_PER_FILE).max(FEWEST_FILES),
        mode,
    };
    vec![one("/dev/shm", bytes, OPEN_TO_ALL), one("/tmp", bytes, OPEN_TO_ALL), one(RUNTIME, RUN_BYTES, OWNERS_ONLY)]
}

pub fn limits(limits: &Limits) -> RoomLimits {
    RoomLimits {
        memory_bytes: limits.memory_bytes,
        processes: limits.processes,
        cpu_percent: limits.cpu_percent,
        disk_bytes: limits.disk_bytes,
    }
}

fn public(path: PathBuf) -> Bind {
    Bind { source: path.clone(), at: path, writable: false, source_kind: Source::Public }
}

fn held(source: &Path, at: impl Into<PathBuf>, writable: bool) -> Bind {
    Bind { source: source.to_owned(), at: at.into(), writable, source_kind: Source::Held }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(programs: &'a Programs, limits: &'a Limits, variables: &'a BTreeMap<String, String>) -> Parts<'a> {
        Parts {
            programs,
            etc: Path::new("/data/etc/1"),
            keeper: Path::new("/k"),
            home: PathBuf::from("/data/sessions/1/home"),
            downloads: PathBuf::from("/data/sessions/1/downloads"),
            profile: PathBuf::from("/data/sessions/1/browser"),
            workspace: Place::Managed(PathBuf::from("/data/sessions/1/workspace")),
            kits: Vec::new(),
            packages: None,
            variables,
            limits,
            token: "holt-t",
            certificates: None,
            read_only: false,
        }
    }

    #[test]
    fn a_managed_session_sees_programs_and_writes_only_to_what_is_its_own() {
        let programs = Programs { links: Vec::new(), binds: vec![public(PathBuf::from("/usr"))] };
        let (limits, variables) = (Limits::default(), BTreeMap::from([("LANG".to_owned(), "de_DE".to_owned())]));
        let room = room(&parts(&programs, &limits, &variables));
        let seen: Vec<_> = room.binds.iter().map(|bind| (bind.at.to_str().unwrap(), bind.writable)).collect();
        let expected = [
            ("/usr", false),
            ("/etc", false),
            (EXECUTABLE_INSIDE, false),
            (DOWNLOADS_INSIDE, true),
            (HOME, true),
            (WORKSPACE, true),
        ];
        assert_eq!(seen, expected);
        assert_eq!(room.variables["LANG"], "de_DE");
        assert_eq!(room.directory, Path::new(WORKSPACE));
        assert!(room.tmpfs.iter().all(|tmpfs| tmpfs.bytes > 0), "every memory file system is bounded");
    }

    #[test]
    fn a_browser_has_its_profile_and_the_downloads_and_nothing_else_of_the_session_s() {
        let programs = Programs { links: Vec::new(), binds: Vec::new() };
        let (limits, variables) = (Limits::default(), BTreeMap::from([("TOKEN".to_owned(), "x".to_owned())]));
        let room = browser_room(&parts(&programs, &limits, &variables));
        let own = room.binds.iter().filter(|bind| bind.source.starts_with("/data/sessions"));
        let own: Vec<_> = own.map(|bind| (bind.source.to_str().unwrap(), bind.at.to_str().unwrap())).collect();
        assert_eq!(own, [("/data/sessions/1/downloads", DOWNLOADS_INSIDE), ("/data/sessions/1/browser", HOME)]);
        assert!(!room.variables.contains_key("TOKEN") && room.user_namespaces);
    }

    #[test]
    fn programs_find_the_way_out_and_the_models() {
        let programs = Programs { links: Vec::new(), binds: Vec::new() };
        let (limits, variables) = (Limits::default(), BTreeMap::new());
        let room = room(&parts(&programs, &limits, &variables));
        assert_eq!(room.variables["HTTPS_PROXY"], "http://127.0.0.1:3128");
        assert!(room.variables["no_proxy"].contains("localhost"), "what serves inside is not outside");
        assert_eq!(room.variables["ANTHROPIC_BASE_URL"], "http://127.0.0.1:3129/anthropic");
        assert_eq!(room.variables["ANTHROPIC_API_KEY"], "holt-t");
        let browser = browser_room(&parts(&programs, &limits, &variables));
        assert!(!browser.variables.values().any(|value| value == "holt-t"), "pages have nothing to do with models");
    }

    #[test]
    fn a_project_is_at_its_own_path_and_the_workspace_leads_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        let project = Project::examine(path.to_str().unwrap(), Path::new("/data"), None).unwrap();
        let programs = Programs { links: Vec::new(), binds: Vec::new() };
        let (limits, variables) = (Limits::default(), BTreeMap::new());
        let room = room(&Parts { workspace: Place::Project(project), ..parts(&programs, &limits, &variables) });
        assert_eq!(room.directory, path);
        assert!(room.links.contains(&Link { at: PathBuf::from(WORKSPACE), target: path.clone() }));
        assert!(matches!(room.binds.last().unwrap().source_kind, Source::Owned { .. }));
        assert_eq!(room.variables[WORKSPACE_VARIABLE], path.to_str().unwrap());
    }
}

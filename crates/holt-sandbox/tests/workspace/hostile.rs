//! Every way out of a workspace, and everything in it that is better not opened.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holt_core::workspace::{EntryKind, FileError};
use rustix::fs::{AtFlags, CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use crate::yard::{SECRET, Yard, names};

const WAYS_OUT: &[&str] = &[
    "../../../outside/secret",
    "..",
    "../workspace/a",
    "a/../../../../outside/secret",
    "./a",
    "/etc/passwd",
    "//etc/passwd",
    "a/",
    "a//b",
    "",
    "a\0b",
    "a\0/../../secret",
    "a\nb",
    "\u{1b}]0;title\u{7}",
    "a\u{9b}31m",
];

/// These are names like any other, and what they look like to somebody else is never reached.
const ENCODED: &[&str] =
    &["%2e%2e%2fsecret", "..%2fsecret", "..\\secret", "%00", "..%c0%afsecret", "．．／secret", "~root", "$HOME"];

#[test]
fn no_path_leads_out() {
    let yard = Yard::new();
    yard.write("a", "inside");
    for way in WAYS_OUT {
        assert!(matches!(yard.files.open(way), Err(FileError::BadPath(_))), "open {way:?}");
        assert!(matches!(yard.receive(way, "x"), Err(FileError::BadPath(_))), "receive {way:?}");
        assert!(matches!(yard.files.create_directory(way), Err(FileError::BadPath(_))), "create {way:?}");
        assert!(matches!(yard.files.remove(way), Err(FileError::BadPath(_))), "remove {way:?}");
        if !way.is_empty() {
            assert!(matches!(yard.files.list(way), Err(FileError::BadPath(_))), "list {way:?}");
            assert!(matches!(yard.files.walk(way, 10), Err(FileError::BadPath(_))), "walk {way:?}");
        }
    }
    for name in ENCODED {
        assert!(matches!(yard.files.open(name), Err(FileError::NotFound(_))), "open {name:?}");
        yard.receive(name, "mine").unwrap();
        assert_eq!(yard.read(name).unwrap(), "mine");
    }
    yard.assert_outside_untouched();
    assert_eq!(yard.files.list("").unwrap().entries.len(), ENCODED.len() + 1);
}

#[test]
fn no_link_is_followed() {
    let yard = Yard::new();
    yard.write("real/file", "inside");
    let targets = ["../../../outside", "/proc/self/root", "/proc/self/cwd", "/", "real", "."];
    for target in targets {
        symlink(target, yard.path("link")).unwrap();
        symlink(format!("{target}/secret"), yard.path("file")).unwrap();
        for path in ["link/secret", "link/file", "link/etc/passwd"] {
            assert!(matches!(yard.files.open(path), Err(FileError::BadPath(_))), "{path} over {target}");
            assert!(
                matches!(yard.receive(path, "x"), Err(FileError::BadPath(_) | FileError::NotADirectory(_))),
                "{path} over {target}"
            );
            assert!(
                matches!(yard.files.remove(path), Err(FileError::BadPath(_) | FileError::NotADirectory(_))),
                "{path} over {target}"
            );
        }
        assert!(matches!(yard.files.list("link"), Err(FileError::BadPath(_) | FileError::NotADirectory(_))), "{target}");
        assert!(matches!(yard.files.open("link"), Err(FileError::NotAFile(_))), "{target}");
        assert!(matches!(yard.files.open("file"), Err(FileError::NotAFile(_))), "{target}");
        // What is shown is the link; what is replaced or removed is the link.
        let listing = yard.files.list("").unwrap();
        assert_eq!(listing.entries.iter().filter(|entry| entry.kind == EntryKind::Link).count(), 2);
        yard.receive("file", "new").unwrap();
        assert_eq!(yard.read("file").unwrap(), "new");
        yard.files.remove("link").unwrap();
        yard.files.remove("file").unwrap();
        assert_eq!(names(&yard.path("")), ["real"]);
    }
    assert_eq!(yard.read("real/file").unwrap(), "inside");
    yard.assert_outside_untouched();
}

/// Ends the other thread, also when this one fails.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A directory turns into a link to the outside and back, as fast as can be, while files are asked for through it.
#[test]
fn a_link_that_is_swapped_in_during_the_request_is_not_followed() {
    let yard = Yard::new();
    yard.write("d/secret", "inside");
    symlink(yard.outside(), yard.path("swap")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let (mut seen, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let _ends = Stop(Arc::clone(&stop));
        scope.spawn(|| {
            let (one, other) = (yard.path("d"), yard.path("swap"));
            while !stop.load(Ordering::Relaxed) {
                renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        for turn in 0..3_000 {
            match yard.read("d/secret") {
                Ok(text) => {
                    assert_ne!(text, SECRET);
                    seen += 1;
                }
                Err(_) => refused += 1,
            }
            let _ = yard.receive(&format!("d/new-{turn}"), "x");
            let _ = yard.files.create_directory(&format!("d/made-{turn}/deep"));
            let _ = yard.files.remove(&format!("d/new-{turn}"));
            let _ = yard.files.remove("d/secret-that-is-not-there");
            let _ = yard.files.walk("d", 10);
        }
    });
    yard.assert_outside_untouched();
    assert!(seen > 0 && refused > 0, "the two never met: {seen} read, {refused} refused");
}

#[test]
fn a_tree_that_is_swapped_for_a_link_during_its_removal_takes_nothing_else_with_it() {
    let yard = Yard::new();
    symlink(yard.outside(), yard.path("swap")).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _ends = Stop(Arc::clone(&stop));
        scope.spawn(|| {
            // Between the names of two directories, one of which is being removed.
            while !stop.load(Ordering::Relaxed) {
                let _ = renameat_with(CWD, yard.path("tree/inner"), CWD, yard.path("swap"), RenameFlags::EXCHANGE);
            }
        });
        for turn in 0..500 {
            yard.write(&format!("next-{turn}/inner/deep/file"), "x");
            let _ = fs::rename(yard.path(&format!("next-{turn}")), yard.path("tree"));
            if !yard.path("swap").is_symlink() {
                let link = yard.path(&format!("link-{turn}"));
                let _ = symlink(yard.outside(), &link);
                let _ = yard.files.remove("swap");
                let _ = fs::rename(link, yard.path("swap"));
            }
            let _ = yard.files.remove("tree");
        }
    });
    yard.assert_outside_untouched();
}

#[test]
fn only_regular_files_are_opened_and_nothing_blocks() {
    let yard = Yard::new();
    let special = |name: &str, kind, device| mknodat(CWD, yard.path(name), kind, Mode::from_raw_mode(0o666), device);
    special("pipe", FileType::Fifo, 0).unwrap();
    let _socket = UnixListener::bind(yard.path("socket")).unwrap();
    fs::create_dir(yard.path("directory")).unwrap();
    let mut names = vec!["pipe", "socket", "directory"];
    // Only root can make devices; an ordinary user's workspace has none.
    if special("zero", FileType::CharacterDevice, rustix::fs::makedev(1, 5)).is_ok() {
        names.push("zero");
    }
    for name in names {
        assert!(matches!(yard.files.open(name), Err(FileError::NotAFile(_))), "{name}");
        let listed = yard.files.list("").unwrap().entries.into_iter().find(|entry| entry.name == name).unwrap();
        assert!(matches!(listed.kind, EntryKind::Other | EntryKind::Directory), "{name}");
        assert_eq!(yard.receive(name, "x").is_ok(), name != "directory", "{name}");
    }
    assert_eq!(yard.read("pipe").unwrap(), "x");
}

/// A name for a file outside, as only somebody outside can have made it.
#[test]
fn what_is_received_over_a_hard_link_leaves_the_other_name_alone() {
    let yard = Yard::new();
    fs::hard_link(yard.outside().join("secret"), yard.path("link")).unwrap();
    yard.receive("link", "new").unwrap();
    assert_eq!(yard.read("link").unwrap(), "new");
    yard.files.remove("link").unwrap();
    yard.assert_outside_untouched();
}

#[test]
fn a_giant_of_holes_costs_nothing() {
    let yard = Yard::new();
    fs::File::create(yard.path("giant")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(yard.files.open("giant").unwrap().size, 1 << 40);
    assert_eq!(yard.files.list("").unwrap().entries[0].size, 1 << 40);
}

#[test]
fn names_that_harm_terminals_are_shown_harmless_and_can_be_removed_with_their_directory() {
    let yard = Yard::new();
    for name in ["bell\u{7}", "new\nline", "\u{1b}[2J"] {
        yard.write(&format!("d/{name}"), "x");
    }
    fs::write(yard.path("d").join(OsStr::from_bytes(b"\xff\xfe")), "x").unwrap();
    let listing = yard.files.list("d").unwrap();
    assert_eq!(listing.entries.len(), 4);
    assert!(listing.entries.iter().all(|entry| !entry.name.chars().any(char::is_control)), "{listing:?}");
    yard.files.remove("d").unwrap();
    assert_eq!(names(&yard.path("")), Vec::<String>::new());
}

#[test]
fn a_mount_inside_is_not_entered() {
    let yard = Yard::new();
    fs::create_dir(yard.path("mount")).unwrap();
    let mounted = std::process::Command::new("mount").args(["-t", "tmpfs", "none"]).arg(yard.path("mount")).status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("NOT TRIED: this user may not mount");
        return;
    }
    let listed = yard.files.list("mount");
    let received = yard.receive("mount/file", "x");
    let removed = yard.files.remove("mount");
    assert!(std::process::Command::new("umount").arg(yard.path("mount")).status().unwrap().success());
    assert!(matches!(listed, Err(FileError::BadPath(_))), "{listed:?}");
    assert!(matches!(received, Err(FileError::BadPath(_))), "{received:?}");
    assert!(removed.is_err());
    rustix::fs::unlinkat(CWD, yard.path("mount"), AtFlags::REMOVEDIR).unwrap();
}

#[test]
fn what_is_too_large_is_refused_while_it_comes() {
    let yard = Yard::new();
    let mut incoming = yard.files.receive("file", 10).unwrap();
    incoming.write_all(b"0123456789").unwrap();
    let refused = incoming.write_all(b"a").unwrap_err().downcast::<FileError>().unwrap();
    assert!(matches!(refused, FileError::TooLarge { limit: 10, .. }), "{refused}");
    drop(incoming);
    assert!(names(&yard.path("")).is_empty());
}

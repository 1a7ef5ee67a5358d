//! Receiving, making and removing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use holt_core::workspace::FileError;

use crate::yard::{Yard, names};

#[test]
fn a_file_is_there_when_it_is_whole_and_not_before() {
    let yard = Yard::new();
    let mut incoming = yard.files.receive("deep/er/file", 100).unwrap();
    incoming.write_all(b"half").unwrap();
    assert!(names(&yard.path("deep/er")).is_empty());
    assert!(matches!(yard.files.open("deep/er/file"), Err(FileError::NotFound(_))));
    incoming.write_all(b" and half").unwrap();
    assert_eq!(incoming.commit().unwrap(), 13);
    assert_eq!(yard.read("deep/er/file").unwrap(), "half and half");
    assert_eq!(names(&yard.path("deep/er")), ["file"]);
}

#[test]
fn what_is_given_up_leaves_nothing_and_keeps_what_was() {
    let yard = Yard::new();
    yard.write("file", "before");
    let mut incoming = yard.files.receive("file", 100).unwrap();
    incoming.write_all(b"after").unwrap();
    drop(incoming);
    assert_eq!(yard.read("file").unwrap(), "before");
    assert_eq!(names(&yard.path("")), ["file"]);
}

/// Who has it open goes on reading what was there.
#[test]
fn a_file_is_replaced_under_those_who_read_it() {
    let yard = Yard::new();
    yard.write("file", "before");
    let mut open = yard.files.open("file").unwrap();
    yard.receive("file", "after").unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut open.file, &mut text).unwrap();
    assert_eq!((text.as_str(), open.size), ("before", 6));
    assert_eq!(yard.read("file").unwrap(), "after");
}

#[test]
fn of_many_who_send_the_same_name_one_wins_whole() {
    let yard = Yard::new();
    let texts: Vec<String> = (0..16).map(|sender| format!("{sender:02}").repeat(20_000)).collect();
    for _ in 0..5 {
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| yard.receive("d/file", text).unwrap());
            }
        });
        assert!(texts.contains(&yard.read("d/file").unwrap()));
        assert_eq!(names(&yard.path("d")), ["file"]);
    }
}

#[test]
fn a_directory_is_not_replaced_by_a_file() {
    let yard = Yard::new();
    yard.write("d/file", "x");
    assert!(matches!(yard.receive("d", "x"), Err(FileError::NotAFile(_))));
    assert!(matches!(yard.receive("d/file/below", "x"), Err(FileError::NotADirectory(_))));
    // It became one while the file was on its way.
    let mut incoming = yard.files.receive("late", 10).unwrap();
    incoming.write_all(b"x").unwrap();
    fs::create_dir(yard.path("late")).unwrap();
    assert!(matches!(incoming.commit(), Err(FileError::NotAFile(_))));
    assert_eq!(names(&yard.path("")), ["d", "late"]);
}

#[test]
fn directories_are_made_with_all_above_them_and_once() {
    let yard = Yard::new();
    yard.files.create_directory("a/b/c").unwrap();
    assert!(yard.path("a/b/c").is_dir());
    assert!(matches!(yard.files.create_directory("a/b/c"), Err(FileError::Exists(_))));
    yard.write("file", "x");
    assert!(matches!(yard.files.create_directory("file"), Err(FileError::Exists(_))));
    assert!(matches!(yard.files.create_directory("file/below"), Err(FileError::NotADirectory(_))));
}

#[test]
fn a_session_that_never_worked_gets_its_workspace_with_its_first_file() {
    let yard = Yard::unmade();
    assert!(yard.files.list("").unwrap().entries.is_empty());
    assert!(yard.files.walk("", 10).unwrap().entries.is_empty());
    assert!(matches!(yard.files.list("d"), Err(FileError::NotFound(_))));
    assert!(matches!(yard.files.open("file"), Err(FileError::NotFound(_))));
    assert!(matches!(yard.files.remove("file"), Err(FileError::NotFound(_))));
    assert!(!yard.path("").exists());
    yard.receive("d/file", "x").unwrap();
    assert_eq!(yard.read("d/file").unwrap(), "x");
    assert_eq!(fs::metadata(yard.path("")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn new_files_carry_no_dangerous_bits() {
    let yard = Yard::new();
    yard.receive("d/file", "x").unwrap();
    let mode = |path: &str| fs::metadata(yard.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("d/file") & !0o644, 0);
    assert_eq!(mode("d") & !0o755, 0);
}

/// Only root can give files away, and only root has to.
#[test]
fn new_files_belong_to_whom_the_workspace_belongs() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TRIED: only root works for others");
        return;
    }
    let yard = Yard::new();
    chown(yard.path(""), Some(12_345), Some(12_346)).unwrap();
    yard.receive("a/b/file", "x").unwrap();
    yard.files.create_directory("c/d").unwrap();
    for path in ["a", "a/b", "a/b/file", "c", "c/d"] {
        let found = fs::metadata(yard.path(path)).unwrap();
        assert_eq!((found.uid(), found.gid()), (12_345, 12_346), "{path}");
    }
}

#[test]
fn a_tree_is_removed_whole_however_deep_it_is() {
    let yard = Yard::new();
    yard.write("keep", "x");
    yard.write("tree/a/file", "x");
    // Deeper than any path may be long, and than descriptors may be open.
    let mut at = fs::File::open(yard.path("tree")).unwrap();
    for _ in 0..2_500 {
        rustix::fs::mkdirat(&at, "abcdef", rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
        at = rustix::fs::openat(&at, "abcdef", flags, rustix::fs::Mode::empty()).unwrap().into();
    }
    drop(at);
    let walked = yard.files.walk("", 100).unwrap();
    assert!(walked.truncated, "the walk gives up somewhere, and says so");
    yard.files.remove("tree").unwrap();
    assert_eq!(names(&yard.path("")), ["keep"]);
}

#[test]
fn rights_that_were_taken_from_directories_do_not_keep_them() {
    let yard = Yard::new();
    yard.write("tree/locked/inner/file", "x");
    for path in ["tree/locked/inner", "tree/locked"] {
        fs::set_permissions(yard.path(path), fs::Permissions::from_mode(0o000)).unwrap();
    }
    yard.files.remove("tree").unwrap();
    assert!(names(&yard.path("")).is_empty());
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    let yard = Yard::new();
    yard.write("file", "x");
    assert!(matches!(yard.files.remove("other"), Err(FileError::NotFound(_))));
    assert!(matches!(yard.files.remove("d/other"), Err(FileError::NotFound(_))));
    assert!(matches!(yard.files.remove("file/other"), Err(FileError::NotADirectory(_))));
    assert_eq!(names(&yard.path("")), ["file"]);
}

#[test]
fn what_came_before_the_sandbox_is_given_to_its_user() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TRIED: only root works for others");
        return;
    }
    let yard = Yard::unmade();
    yard.receive("a/b/file", "x").unwrap();
    std::os::unix::fs::symlink(yard.outside(), yard.path("a/link")).unwrap();
    holt_sandbox::workspace::give_away(&yard.path(""), 12_345, 12_346).unwrap();
    for path in ["", "a", "a/b", "a/b/file", "a/link"] {
        let found = fs::symlink_metadata(yard.path(path)).unwrap();
        assert_eq!((found.uid(), found.gid()), (12_345, 12_346), "{path}");
    }
    assert_eq!(fs::metadata(yard.outside()).unwrap().uid(), 0);
}

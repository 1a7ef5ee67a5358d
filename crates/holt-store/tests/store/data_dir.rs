//! Who may use a data directory, and what is said to those who may not.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use holt_store::{DataDir, DataDirError};

#[test]
fn a_new_directory_is_made_and_is_private() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("deep/er/holt");
    let taken = DataDir::acquire(&path).unwrap();
    assert_eq!(taken.path(), path.canonicalize().unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_to_string(path.join("version")).unwrap(), "1\n");
}

#[test]
fn permissions_that_were_widened_are_narrowed_again() {
    let parent = tempfile::tempdir().unwrap();
    drop(DataDir::acquire(parent.path()).unwrap());
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _taken = DataDir::acquire(parent.path()).unwrap();
    assert_eq!(fs::metadata(parent.path()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_server_is_refused_and_told_who_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let first = DataDir::acquire(directory.path()).unwrap();
    let refused = DataDir::acquire(directory.path()).unwrap_err();
    assert_eq!(refused.code(), "data_dir_in_use");
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    // By another name it is the same directory.
    let elsewhere = tempfile::tempdir().unwrap();
    let alias = elsewhere.path().join("alias");
    symlink(directory.path(), &alias).unwrap();
    assert_eq!(DataDir::acquire(&alias).unwrap_err().code(), "data_dir_in_use");
    drop(first);
    DataDir::acquire(directory.path()).unwrap();
}

#[test]
fn what_a_newer_version_wrote_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(DataDir::acquire(directory.path()).unwrap());
    fs::write(directory.path().join("version"), "2\n").unwrap();
    let refused = DataDir::acquire(directory.path()).unwrap_err();
    assert!(matches!(refused, DataDirError::Newer { found: 2, known: 1, .. }), "{refused}");
    assert_eq!(fs::read_to_string(directory.path().join("version")).unwrap(), "2\n");
    fs::write(directory.path().join("version"), "otter").unwrap();
    assert_eq!(DataDir::acquire(directory.path()).unwrap_err().code(), "data_dir_unknown_version");
}

#[test]
fn other_peoples_files_are_not_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("thesis.tex"), "").unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(DataDir::acquire(directory.path()).unwrap_err().code(), "data_dir_not_ours");
    assert_eq!(fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o755);
    let file = directory.path().join("thesis.tex");
    assert_eq!(DataDir::acquire(&file).unwrap_err().code(), "data_dir_not_a_directory");
    assert_eq!(DataDir::acquire(&file.join("below")).unwrap_err().code(), "data_dir_not_a_directory");
}

/// Root may write where it likes, so that root sees the foreign owner instead.
#[test]
fn a_directory_that_cannot_be_written_is_refused_with_advice() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("holt");
    drop(DataDir::acquire(&path).unwrap());
    let refused = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(12_345), None).unwrap();
        DataDir::acquire(&path).unwrap_err()
    } else {
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let refused = DataDir::acquire(&parent.path().join("other")).unwrap_err();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
        refused
    };
    assert!(["data_dir_foreign_owner", "data_dir_not_created"].contains(&refused.code()), "{refused}");
    assert!(!refused.hint().is_empty());
}

/// A power cut before anything was acknowledged may leave the file without what was written into it.
#[test]
fn a_version_that_was_lost_before_anything_was_kept_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    drop(DataDir::acquire(directory.path()).unwrap());
    fs::write(directory.path().join("version"), "").unwrap();
    DataDir::acquire(directory.path()).unwrap().settle().unwrap();
    assert_eq!(fs::read_to_string(directory.path().join("version")).unwrap(), "1\n");
}

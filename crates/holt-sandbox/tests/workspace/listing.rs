//! What is shown of a workspace.

use std::fs;
use std::os::unix::fs::symlink;

use holt_core::workspace::{EntryKind, FileError, MAX_ENTRIES};

use crate::yard::Yard;

#[test]
fn directories_come_first_and_everything_is_sorted() {
    let yard = Yard::new();
    for path in ["b", "a", "Z", "y/file", "x/file", ".hidden", "Grüße"] {
        yard.write(path, "four");
    }
    symlink("a", yard.path("link")).unwrap();
    let listing = yard.files.list("").unwrap();
    let shown: Vec<_> = listing.entries.iter().map(|entry| (entry.name.as_str(), entry.kind)).collect();
    let expected = [
        ("x", EntryKind::Directory),
        ("y", EntryKind::Directory),
        (".hidden", EntryKind::File),
        ("Grüße", EntryKind::File),
        ("Z", EntryKind::File),
        ("a", EntryKind::File),
        ("b", EntryKind::File),
        ("link", EntryKind::Link),
    ];
    assert_eq!(shown, expected);
    assert!(!listing.truncated);
    let inner = yard.files.list("x").unwrap();
    assert_eq!((inner.entries[0].path.as_str(), inner.entries[0].size), ("x/file", 4));
    assert!(inner.entries[0].modified_at.as_millis() > 1_600_000_000_000);
    assert!(matches!(yard.files.list("a"), Err(FileError::NotADirectory(_))));
    assert!(matches!(yard.files.list("none"), Err(FileError::NotFound(_))));
}

#[test]
fn a_listing_is_bounded_and_says_so() {
    let yard = Yard::new();
    for number in 0..MAX_ENTRIES {
        fs::File::create(yard.path(&format!("{number}"))).unwrap();
    }
    let listing = yard.files.list("").unwrap();
    assert_eq!((listing.entries.len(), listing.truncated), (MAX_ENTRIES, false));
    yard.write("more", "");
    let listing = yard.files.list("").unwrap();
    assert_eq!((listing.entries.len(), listing.truncated), (MAX_ENTRIES, true));
}

#[test]
fn a_walk_finds_every_regular_file_in_order() {
    let yard = Yard::new();
    for path in ["z", "a/2", "a/1", "a/b/3", "c/4", ".git/config"] {
        yard.write(path, "x");
    }
    fs::create_dir(yard.path("empty")).unwrap();
    symlink("a", yard.path("link")).unwrap();
    symlink("..", yard.path("a/loop")).unwrap();
    let paths = |from: &str, limit| {
        let listing = yard.files.walk(from, limit).unwrap();
        (listing.entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>(), listing.truncated)
    };
    let all = [".git/config", "a/b/3", "a/1", "a/2", "c/4", "z"].map(str::to_owned);
    assert_eq!(paths("", 100), (all.to_vec(), false));
    assert_eq!(paths("", 6), (all.to_vec(), false));
    assert_eq!(paths("", 3), (all[..3].to_vec(), true));
    assert_eq!(paths("a", 100), (all[1..4].to_vec(), false));
}

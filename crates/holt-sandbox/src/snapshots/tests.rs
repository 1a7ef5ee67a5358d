use holt_core::session::WorkspaceSpec;
use holt_core::workspace::Workspaces as _;

use super::*;
use crate::workspace::SessionWorkspaces;

struct Den {
    data: tempfile::TempDir,
    store: SnapshotStore,
    session: SessionId,
}

impl Den {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = SnapshotStore::new(data.path());
        Self { store, data, session: SessionId::new(uuid::Uuid::from_u128(7)) }
    }

    fn workspace(&self) -> PathBuf {
        let path = self.data.path().join("sessions").join(self.session.to_string()).join("workspace");
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn files(&self) -> Box<dyn Files> {
        SessionWorkspaces::new(self.data.path()).files(self.session, &WorkspaceSpec::Managed).unwrap()
    }

    fn take(&self) -> SnapshotInfo {
        self.store.take(self.session, &*self.files()).unwrap()
    }

    fn restore(&self, snapshot: &str, path: Option<&str>) -> Result<u64, FileError> {
        self.store.restore(self.session, snapshot, &*self.files(), path).map(|restored| restored.files)
    }

    fn changes(&self, from: &str, to: &str) -> Vec<(String, ChangeKind)> {
        let changes = self.store.changes(self.session, from, to).unwrap().changes;
        changes.into_iter().map(|change| (change.path, change.change)).collect()
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.workspace().join(path)).ok()
    }
}

#[test]
fn a_workspace_becomes_what_it_was() {
    let den = Den::new();
    assert_eq!(den.take().id, NOTHING);
    den.write("a.txt", "one");
    den.write("src/b.txt", "two");
    den.write("keep.txt", "same");
    let first = den.take();
    assert_eq!((first.files, first.bytes, first.left_out), (3, 10, 0));
    assert_eq!(den.take().id, first.id, "nothing changed");
    den.write("a.txt", "ONE");
    fs::remove_dir_all(den.workspace().join("src")).unwrap();
    // What was a directory is a file now, and the other way round.
    den.write("src", "a file");
    den.write("new/deep/c.txt", "three");
    let second = den.take();
    use ChangeKind::{Added, Changed, Removed};
    let expected = [("a.txt", Changed), ("new/deep/c.txt", Added), ("src", Added), ("src/b.txt", Removed)];
    assert_eq!(den.changes(&first.id, &second.id), expected.map(|(path, change)| (path.to_owned(), change)));
    assert_eq!(den.restore(&first.id, None).unwrap(), 4);
    assert_eq!((den.text("a.txt").as_deref(), den.text("src/b.txt").as_deref()), (Some("one"), Some("two")));
    assert_eq!(den.text("new/deep/c.txt"), None);
    assert_eq!(den.take().id, first.id);
    // That can be undone too.
    den.restore(&second.id, None).unwrap();
    assert_eq!(den.text("src").as_deref(), Some("a file"));
    den.restore(NOTHING, None).unwrap();
    assert_eq!(den.take().files, 0);
}

#[test]
fn one_file_is_had_again_and_the_others_stay() {
    let den = Den::new();
    den.write("a.txt", "one");
    den.write("b.txt", "two");
    let first = den.take();
    den.write("a.txt", "ONE");
    fs::remove_file(den.workspace().join("b.txt")).unwrap();
    assert_eq!(den.restore(&first.id, Some("b.txt")).unwrap(), 1);
    assert_eq!((den.text("a.txt").as_deref(), den.text("b.txt").as_deref()), (Some("ONE"), Some("two")));
    assert!(matches!(den.restore(&first.id, Some("c.txt")), Err(FileError::NotFound(_))));
    let mut text = String::new();
    den.store.open(den.session, &first.id, "a.txt").unwrap().file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one");
}

#[test]
fn a_file_that_was_changed_under_the_same_size_and_time_is_seen() {
    let den = Den::new();
    den.write("a.txt", "one");
    let first = den.take();
    let times = File::open(den.workspace().join("a.txt")).unwrap().metadata().unwrap().modified().unwrap();
    den.write("a.txt", "two");
    File::options().write(true).open(den.workspace().join("a.txt")).unwrap().set_modified(times).unwrap();
    assert_ne!(den.take().id, first.id);
}

#[test]
fn what_leads_out_is_not_kept_and_what_is_made_again_neither() {
    let den = Den::new();
    let outside = den.data.path().join("secret");
    fs::write(&outside, "canary").unwrap();
    std::os::unix::fs::symlink(&outside, den.workspace().join("link")).unwrap();
    std::os::unix::fs::symlink(den.data.path(), den.workspace().join("directory")).unwrap();
    den.write("node_modules/x/index.js", "x");
    den.write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
    den.write("target/big", "x");
    den.write("a.txt", "one");
    let taken = den.take();
    assert_eq!(taken.files, 1);
    den.restore(NOTHING, None).unwrap();
    assert!(den.text("a.txt").is_none() && den.text("target/big").is_some() && outside.exists());
}

#[test]
fn a_kept_content_that_was_damaged_restores_nothing() {
    let den = Den::new();
    den.write("a.txt", "one");
    den.write("b.txt", "two");
    let first = den.take();
    den.write("a.txt", "ONE");
    den.write("b.txt", "TWO");
    let contents = den.data.path().join("snapshots").join(den.session.to_string()).join("contents");
    fs::write(contents.join(hash(b"two")), "tw0").unwrap();
    assert!(den.restore(&first.id, None).is_err());
    assert_eq!((den.text("a.txt").as_deref(), den.text("b.txt").as_deref()), (Some("ONE"), Some("TWO")));
    for bad in ["", "../../version", &first.id.to_uppercase(), &"0".repeat(64)] {
        assert!(matches!(den.restore(bad, None), Err(FileError::NotFound(_))), "{bad}");
    }
    den.store.remove(den.session).unwrap();
    assert!(den.restore(&first.id, None).is_err());
}

#[test]
fn the_oldest_go_when_there_are_too_many() {
    let den = Den::new();
    let mut taken = Vec::new();
    for number in 0..=MOST_SNAPSHOTS {
        den.write("a.txt", &number.to_string());
        taken.push(den.take().id);
    }
    let shelf = den.store.of(den.session);
    assert!(fs::read_dir(shelf.lists()).unwrap().count() <= MOST_SNAPSHOTS / 2 + 2);
    assert_eq!(fs::read_dir(shelf.contents()).unwrap().count(), fs::read_dir(shelf.lists()).unwrap().count());
    den.restore(&taken[MOST_SNAPSHOTS - 1], None).unwrap();
    assert_eq!(den.text("a.txt"), Some((MOST_SNAPSHOTS - 1).to_string()));
}

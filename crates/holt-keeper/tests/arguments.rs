//! What bubblewrap is told, as a table.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use holt_keeper::arguments::{Reached, Sources, arguments};
use holt_keeper::spec::{Bind, Link, Room, Source, Tmpfs};

fn room() -> Room {
    Room {
        hostname: "holt".into(),
        binds: Vec::new(),
        links: Vec::new(),
        tmpfs: Vec::new(),
        variables: BTreeMap::from([("SECRET".into(), "never an argument".into())]),
        directory: "/workspace".into(),
        user_namespaces: false,
    }
}

fn bind(at: &str, writable: bool) -> Bind {
    Bind { source: PathBuf::from("/source"), at: PathBuf::from(at), writable, source_kind: Source::Held }
}

fn line(room: &Room, binds: &[Reached]) -> String {
    line_of(room, &Sources::Each(binds.to_vec()))
}

fn line_of(room: &Room, sources: &Sources) -> String {
    let command = ["/run/holt/holt-keeper", "init", "7"].map(OsString::from);
    let words = arguments(room, sources, &command);
    words.iter().map(|word| word.to_str().expect("text")).collect::<Vec<_>>().join(" ")
}

const ISOLATION: &str = "--unshare-user --unshare-ipc --unshare-pid --unshare-uts --unshare-cgroup --disable-userns \
    --uid 1000 --gid 1000 --cap-drop ALL --new-session --die-with-parent --as-pid-1 --clearenv --hostname holt";
const END: &str = "--remount-ro /dev --remount-ro / --chdir /workspace -- /run/holt/holt-keeper init 7";

#[test]
fn every_room_is_isolated_and_read_only_where_nothing_else_is_said() {
    assert_eq!(line(&room(), &[]), format!("{ISOLATION} --proc /proc --dev /dev {END}"));
}

/// What is in the room, how it is made, where its binds' sources were reached, and what is said for it.
type Row = (&'static str, fn(&mut Room), Vec<Reached>, &'static str);

#[test]
fn what_a_room_has_comes_in_its_order() {
    let path = |path: &str| Reached::Path(PathBuf::from(path));
    let table: [Row; 5] = [
        (
            "a link",
            |room| room.links.push(Link { at: "/bin".into(), target: "usr/bin".into() }),
            vec![],
            "--symlink usr/bin /bin --proc /proc --dev /dev",
        ),
        (
            "a memory file system",
            |room| room.tmpfs.push(Tmpfs { at: "/tmp".into(), bytes: 4096, files: 9, mode: 0o1777 }),
            vec![],
            "--proc /proc --dev /dev --perms 1777 --size 4096 --tmpfs /tmp",
        ),
        (
            "binds by path",
            |room| room.binds.extend([bind("/usr", false), bind("/workspace", true)]),
            vec![path("/usr"), path("/mnt/1")],
            "--proc /proc --dev /dev --ro-bind /usr /usr --bind /mnt/1 /workspace",
        ),
        (
            "binds by descriptor",
            |room| room.binds.extend([bind("/etc", false), bind("/workspace", true)]),
            vec![Reached::Descriptor(5), Reached::Descriptor(6)],
            "--proc /proc --dev /dev --ro-bind-fd 5 /etc --bind-fd 6 /workspace",
        ),
        (
            "an inner bind over an outer one",
            |room| room.binds.extend([bind("/p", true), bind("/p/.git", false)]),
            vec![path("/mnt/0"), path("/mnt/1")],
            "--proc /proc --dev /dev --bind /mnt/0 /p --ro-bind /mnt/1 /p/.git",
        ),
    ];
    for (what, change, sources, expected) in table {
        let mut room = room();
        change(&mut room);
        assert_eq!(line(&room, &sources), format!("{ISOLATION} {expected} {END}"), "{what}");
    }
}

#[test]
fn only_a_room_with_a_browser_may_make_user_namespaces() {
    let with_browser = Room { user_namespaces: true, ..room() };
    assert!(line(&room(), &[]).contains("--disable-userns"));
    assert!(!line(&with_browser, &[]).contains("--disable-userns"));
    assert!(line(&with_browser, &[]).contains("--unshare-user "), "it is in one itself");
}

#[test]
fn no_variable_is_an_argument() {
    assert!(!line(&room(), &[]).contains("never an argument"));
}

#[test]
fn a_room_that_is_composed_already_is_bound_whole() {
    let mut room = room();
    room.tmpfs.push(Tmpfs { at: "/tmp".into(), bytes: 4096, files: 9, mode: 0o1777 });
    room.binds.push(bind("/workspace", true));
    let expected = "--dev-bind /mnt / --proc /proc --remount-ro / --chdir /workspace -- /run/holt/holt-keeper init 7";
    assert_eq!(line_of(&room, &Sources::Whole(PathBuf::from("/mnt"))), format!("{ISOLATION} {expected}"));
}

use std::os::unix::fs::symlink;

use super::*;

struct World {
    _directory: tempfile::TempDir,
    base: PathBuf,
    roots: Roots,
}

/// `base/work` is the workspace, `base/home` and `base/tmp` are the other roots, `base/secret` is outside.
fn world() -> World {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    for name in ["work/src", "work-evil", "home", "tmp", "secret"] {
        std::fs::create_dir_all(base.join(name)).unwrap();
    }
    std::fs::write(base.join("work/src/a.txt"), "a").unwrap();
    std::fs::write(base.join("secret/key"), "key").unwrap();
    let roots = Roots::new(&base.join("work"), Some(&base.join("home")), [&*base.join("home"), &*base.join("tmp")]).unwrap();
    World { _directory: directory, base, roots }
}

impl World {
    fn find(&self, path: &str) -> Result<PathBuf, &'static str> {
        let found = self.roots.find(path, LastLink::Follow);
        found.map(|place| place.path).map_err(|failure| failure.code)
    }

    fn absolute(&self, path: &str) -> String {
        self.base.join(path).display().to_string()
    }
}

#[test]
fn finds_what_is_inside() {
    let world = world();
    for path in ["src/a.txt", "./src//a.txt", "src/../src/a.txt", "src/new/../a.txt", &world.absolute("work/src/a.txt")] {
        assert_eq!(world.find(path).unwrap(), world.base.join("work/src/a.txt"), "{path}");
    }
    assert_eq!(world.find(".").unwrap(), world.base.join("work"));
    assert_eq!(world.find("~").unwrap(), world.base.join("home"));
    assert_eq!(world.find("~/x").unwrap(), world.base.join("home/x"));
    assert_eq!(world.find("~x").unwrap(), world.base.join("work/~x"));
    assert_eq!(world.find(&world.absolute("tmp/y/z")).unwrap(), world.base.join("tmp/y/z"));
    let place = world.roots.find("src/new/deep", LastLink::Follow).unwrap();
    assert!(matches!(place.target, Target::Missing { names } if names == ["new", "deep"]));
}

#[test]
fn refuses_what_is_outside() {
    let world = world();
    let up = "../".repeat(60);
    for path in [
        "../secret/key",
        "src/../../secret/key",
        "new/../../secret/key",
        "/",
        "/etc/passwd",
        "..",
        &format!("{up}etc/passwd"),
        &world.absolute("secret/key"),
        &world.absolute("work-evil"),
        &world.absolute("work/../secret"),
        "/proc/self/root/etc/passwd",
    ] {
        assert_eq!(world.find(path).unwrap_err(), "outside_workspace", "{path}");
    }
    for path in ["", "a\0b", &"x/".repeat(3000)] {
        assert_eq!(world.find(path).unwrap_err(), "bad_path");
    }
    let message = world.roots.find("/etc/passwd", LastLink::Follow).unwrap_err().message;
    assert!(message.contains(&world.absolute("work")), "{message}");
}

#[test]
fn links_are_followed_as_far_as_they_lead_inside() {
    let world = world();
    let work = world.base.join("work");
    symlink("src/a.txt", work.join("relative")).unwrap();
    symlink(work.join("src"), work.join("absolute")).unwrap();
    symlink(world.base.join("tmp"), work.join("to-tmp")).unwrap();
    symlink("absolute", work.join("twice")).unwrap();
    assert_eq!(world.find("relative").unwrap(), work.join("src/a.txt"));
    assert_eq!(world.find("twice/a.txt").unwrap(), work.join("src/a.txt"));
    assert_eq!(world.find("to-tmp/new").unwrap(), world.base.join("tmp/new"));

    symlink("/etc", work.join("etc")).unwrap();
    symlink("../../secret", work.join("src/up")).unwrap();
    symlink(world.base.join("secret/none"), work.join("dangling-out")).unwrap();
    symlink("src/none", work.join("dangling-in")).unwrap();
    symlink("/proc/self/root/etc", work.join("magic")).unwrap();
    symlink("/proc/self/fd/0", work.join("fd")).unwrap();
    for path in ["etc", "etc/passwd", "src/up/key", "dangling-out", "magic/passwd", "fd", "etc/../etc/passwd"] {
        assert_eq!(world.find(path).unwrap_err(), "outside_workspace", "{path}");
    }
    assert_eq!(world.find("dangling-in").unwrap(), work.join("src/none"));

    symlink("loop-b", work.join("loop-a")).unwrap();
    symlink("loop-a", work.join("loop-b")).unwrap();
    assert_eq!(world.find("loop-a/x").unwrap_err(), "link_loop");
}

#[test]
fn the_last_link_can_be_kept() {
    let world = world();
    let work = world.base.join("work");
    symlink("/etc/passwd", work.join("out")).unwrap();
    let place = world.roots.find("out", LastLink::Keep).unwrap();
    assert_eq!(place.path, work.join("out"));
    assert!(matches!(place.target, Target::Link { .. }));
    // A link on the way is not the last one.
    symlink("/etc", work.join("etc")).unwrap();
    assert_eq!(world.roots.find("etc/passwd", LastLink::Keep).unwrap_err().code, "outside_workspace");
}

#[test]
fn a_file_is_no_directory_and_depth_is_bounded() {
    let world = world();
    assert_eq!(world.find("src/a.txt/b").unwrap_err(), "not_a_directory");
    assert_eq!(world.find(&"d/".repeat(200)).unwrap_err(), "bad_path");
}

#[test]
fn roots_are_known() {
    let world = world();
    assert!(world.roots.is_root(&world.base.join("work")));
    assert!(world.roots.is_root(&world.base), "what holds a root is one too");
    assert!(!world.roots.is_root(&world.base.join("work/src")));
    assert_eq!(world.roots.shown(&world.base.join("work/src/a.txt")), "src/a.txt");
    assert_eq!(world.roots.shown(&world.base.join("work")), ".");
    assert_eq!(world.roots.shown(&world.base.join("tmp/x")), world.absolute("tmp/x"));
}

#[test]
fn names_are_shown_as_they_are_but_for_what_cannot_be_seen() {
    assert_eq!(visible("it's \"Ω\" \\ 🦦"), "it's \"Ω\" \\ 🦦");
    assert_eq!(visible("a\nb\u{1b}[2J\u{202e}fdp.exe"), "a\\nb\\u{1b}[2J\\u{202e}fdp.exe");
}

#[test]
fn plain_names() {
    assert!(is_plain_name("report 2.pdf"));
    for name in ["", ".", "..", "a/b", "a\nb", "a\u{7f}", &"x".repeat(256)] {
        assert!(!is_plain_name(name), "{name:?}");
    }
}

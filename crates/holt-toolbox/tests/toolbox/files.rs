//! The tools for files, good and bad input.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use crate::support::session;
use serde_json::json;

fn fifo(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn a_file_is_written_read_edited_and_deleted() {
    let session = session().await;
    let wrote = session.call("write_file", json!({"path": "a/b/c.txt", "content": "one\ntwo\nthree\n"})).await.ok();
    assert_eq!(wrote.text, "Created a/b/c.txt: 14 bytes, 3 lines.");
    assert_eq!(wrote.facts, json!({"path": "a/b/c.txt", "size": 14, "lines": 3, "created": true}));

    let read = session.call("read_file", json!({"path": session.path("a/b/c.txt")})).await.ok();
    assert_eq!(read.text, "File: a/b/c.txt\n\none\ntwo\nthree\n");
    assert_eq!(read.facts["total_lines"], 3);

    let edit = json!({"path": "a/b/c.txt", "old_text": "two", "new_text": "2"});
    let edited = session.call("edit_file", edit).await.ok();
    assert_eq!(edited.facts, json!({"path": "a/b/c.txt", "replacements": 1, "first_line": 2, "size": 12}));
    assert_eq!(session.content("a/b/c.txt"), "one\n2\nthree\n");

    let again = session.call("write_file", json!({"path": "a/b/c.txt", "content": ""})).await.ok();
    assert_eq!(again.facts["created"], false);
    let read = session.call("read_file", json!({"path": "a/b/c.txt"})).await.ok();
    assert_eq!(read.text, "File: a/b/c.txt\n\n");

    let deleted = session.call("delete_file", json!({"path": "a"})).await.ok();
    assert_eq!(deleted.text, "Deleted a and 2 in it.");
    assert!(!session.path("a").exists());
    assert_eq!(session.call("delete_file", json!({"path": "a"})).await.code(), "not_found");
    assert_eq!(session.call("read_file", json!({"path": "a"})).await.code(), "not_found");
    session.close().await;
}

#[tokio::test]
async fn a_part_of_a_file_is_read() {
    let session = session().await;
    let lines: String = (1..=500).map(|number| format!("line {number}\n")).collect();
    session.write("many", &lines);
    let part = session.call("read_file", json!({"path": "many", "offset": 10, "limit": "2"})).await.ok();
    assert_eq!(part.text, "File: many (lines 10 to 11 of 500)\n\nline 10\nline 11\n\n[there is more: read on with offset 12]");
    let last = session.call("read_file", json!({"path": "many", "offset": 499})).await.ok();
    assert_eq!(last.text, "File: many (lines 499 to 500 of 500)\n\nline 499\nline 500\n");
    assert_eq!(last.facts["truncated"], false);
    assert_eq!(session.call("read_file", json!({"path": "many", "offset": 501})).await.code(), "past_the_end");
    session.close().await;
}

#[tokio::test]
async fn a_huge_file_is_read_in_parts_that_make_the_whole() {
    let session = session().await;
    let whole: String = (0..20_000).map(|number| format!("{number} {}\n", "ä".repeat(number % 50))).collect();
    session.write("huge", &whole);
    let (mut seen, mut offset) = (String::new(), 1);
    loop {
        let part = session.call("read_file", json!({"path": "huge", "offset": offset})).await.ok();
        assert!(part.text.len() < 70_000);
        let body = part.text.split_once("\n\n").unwrap().1;
        seen.push_str(body.split("\n[there is more").next().unwrap());
        if part.facts["truncated"] == false {
            break;
        }
        offset = part.facts["last_line"].as_u64().unwrap() + 1;
    }
    assert_eq!(seen, whole);
    session.close().await;
}

#[tokio::test]
async fn one_endless_line_is_cut_and_what_is_no_text_is_named() {
    let session = session().await;
    session.write("minified.js", "x".repeat(3_000_000));
    let read = session.call("read_file", json!({"path": "minified.js"})).await.ok();
    assert!(read.text.len() < 70_000 && read.text.contains("line 1 has 2.9 MiB"), "{}", &read.text[read.text.len() - 200..]);
    session.write("image", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let binary = session.call("read_file", json!({"path": "image"})).await.ok();
    assert_eq!(binary.text, "`image` is a binary file of 16 bytes; its content cannot be shown as text.");
    session.write("latin1", b"caf\xe9\n");
    let latin = session.call("read_file", json!({"path": "latin1"})).await.ok();
    assert!(latin.text.contains("caf\u{FFFD}\n") && latin.text.contains("not all UTF-8"), "{}", latin.text);
    session.close().await;
}

#[tokio::test]
async fn nothing_outside_is_touched() {
    let session = session().await;
    let outside = session.workspace.parent().unwrap().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    symlink(&outside, session.path("link")).unwrap();
    symlink(outside.join("new"), session.path("dangling")).unwrap();
    symlink("/etc", session.path("etc")).unwrap();
    let sibling = format!("{}-evil/x", session.workspace.display());
    let absolute = outside.join("secret").display().to_string();
    for path in ["../outside/secret", "link/secret", "link/new", "dangling", "etc/passwd", "/etc/passwd", &sibling, &absolute] {
        for (tool, arguments) in [
            ("read_file", json!({"path": path})),
            ("write_file", json!({"path": path, "content": "x"})),
            ("edit_file", json!({"path": path, "old_text": "a", "new_text": "b"})),
            ("create_directory", json!({"path": path})),
            ("list_files", json!({"path": path})),
            ("find_files", json!({"pattern": "*", "path": path})),
            ("search_text", json!({"pattern": "x", "path": path})),
            ("publish_artifact", json!({"path": path})),
            ("execute_command", json!({"command": "true", "cwd": path})),
            ("execute_command_async", json!({"command": "true", "cwd": path})),
        ] {
            let reply = session.call(tool, arguments).await;
            assert_eq!(reply.code(), "outside_workspace", "{tool} {path}: {reply:?}");
            assert!(reply.text.contains(&session.workspace.display().to_string()), "{}", reply.text);
        }
    }
    for path in ["../outside/secret", "link/secret", "etc/passwd", &absolute] {
        assert_eq!(session.call("delete_file", json!({"path": path})).await.code(), "outside_workspace");
    }
    // A link itself may go; what it leads to stays.
    session.call("delete_file", json!({"path": "link"})).await.ok();
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    for path in [".", "..", "/", "src/.."] {
        let reply = session.call("delete_file", json!({"path": path})).await;
        assert!(["is_a_root", "outside_workspace"].contains(&reply.code()), "{path}: {reply:?}");
    }
    assert!(session.workspace.exists());
    session.close().await;
}

#[tokio::test]
async fn a_tree_is_deleted_without_following_its_links() {
    let session = session().await;
    session.write("precious/file", "x");
    session.write("tree/deep/er/file", "x");
    symlink(session.path("precious"), session.path("tree/deep/link")).unwrap();
    fifo(&session.path("tree/fifo"));
    let reply = session.call("delete_file", json!({"path": "tree"})).await.ok();
    assert_eq!(reply.facts["deleted"], 6);
    assert_eq!(session.content("precious/file"), "x");
    session.close().await;
}

#[tokio::test]
async fn links_inside_are_fine_and_the_other_roots_too() {
    let session = session().await;
    session.write("real/file", "content\n");
    symlink("real", session.path("relative")).unwrap();
    symlink(session.path("real/file"), session.path("absolute")).unwrap();
    assert!(session.call("read_file", json!({"path": "relative/file"})).await.ok().text.contains("content"));
    session.call("edit_file", json!({"path": "absolute", "old_text": "content", "new_text": "changed"})).await.ok();
    assert_eq!(session.content("real/file"), "changed\n");
    assert!(session.path("absolute").is_symlink(), "the link stays a link");
    for root in [&session.home, &session.temporary] {
        let path = root.join("x");
        session.call("write_file", json!({"path": path, "content": "x"})).await.ok();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "x");
    }
    session.call("write_file", json!({"path": "~/y", "content": "y"})).await.ok();
    assert!(session.home.join("y").exists());
    session.close().await;
}

#[tokio::test]
async fn what_is_not_a_regular_file_is_never_opened() {
    let session = session().await;
    fifo(&session.path("fifo"));
    let _socket = std::os::unix::net::UnixListener::bind(session.path("socket")).unwrap();
    session.write("text", "needle\n");
    for path in ["fifo", "socket"] {
        for (tool, arguments) in [
            ("read_file", json!({"path": path})),
            ("write_file", json!({"path": path, "content": "x"})),
            ("edit_file", json!({"path": path, "old_text": "a", "new_text": "b"})),
            ("search_text", json!({"pattern": "needle", "path": path})),
            ("publish_artifact", json!({"path": path})),
        ] {
            let reply = session.call(tool, arguments).await;
            assert_eq!(reply.code(), "not_a_file", "{tool} {path}: {reply:?}");
        }
    }
    assert!(session.call("list_files", json!({})).await.ok().text.contains("OTHER fifo"));
    let found = session.call("search_text", json!({"pattern": "needle"})).await.ok();
    assert_eq!(found.text, "text:1: needle");
    for (tool, arguments) in [
        ("read_file", json!({"path": "."})),
        ("write_file", json!({"path": ".", "content": "x"})),
        ("edit_file", json!({"path": ".", "old_text": "a", "new_text": "b"})),
        ("publish_artifact", json!({"path": "."})),
    ] {
        assert_eq!(session.call(tool, arguments).await.code(), "is_a_directory", "{tool}");
    }
    session.close().await;
}

#[tokio::test]
async fn writing_keeps_the_mode_and_the_other_names_of_a_file() {
    let session = session().await;
    session.write("script", "old");
    std::fs::set_permissions(session.path("script"), PermissionsExt::from_mode(0o750)).unwrap();
    session.call("write_file", json!({"path": "script", "content": "new"})).await.ok();
    assert_eq!(std::fs::metadata(session.path("script")).unwrap().mode() & 0o7777, 0o750);
    std::fs::hard_link(session.path("script"), session.path("twin")).unwrap();
    session.call("edit_file", json!({"path": "twin", "old_text": "new", "new_text": "newer"})).await.ok();
    assert_eq!(session.content("script"), "newer");
    let names: Vec<_> = std::fs::read_dir(&session.workspace).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no temporary file is left: {names:?}");
    session.close().await;
}

#[tokio::test]
async fn an_edit_that_cannot_be_made_says_why_and_changes_nothing() {
    let session = session().await;
    let content = "fn main() {\n\tlet total = price * count;\n\tprintln!(\"{total}\");\n}\nfn main2() {}\n";
    session.write("main.rs", content);
    let edit = async |old: &str, new: &str| {
        session.call("edit_file", json!({"path": "main.rs", "old_text": old, "new_text": new})).await
    };
    let whitespace = edit("    let total = price * count;", "x").await;
    assert_eq!(whitespace.code(), "no_match");
    assert!(whitespace.text.contains("whitespace, from line 2") && whitespace.text.contains("→let"), "{}", whitespace.text);
    let near = edit("let total = price * amount;", "x").await;
    assert!(near.text.contains("     2  \tlet total = price * count;"), "{}", near.text);
    let several = edit("fn main", "x").await;
    assert_eq!(several.code(), "several_matches");
    assert!(several.text.contains("2 times (on the lines 1, 5)"), "{}", several.text);
    assert_eq!(edit("", "x").await.code(), "bad_arguments");
    assert_eq!(edit("fn", "fn").await.code(), "bad_arguments");
    assert_eq!(session.content("main.rs"), content);
    session.write("latin1", b"caf\xe9");
    let latin = json!({"path": "latin1", "old_text": "caf", "new_text": "x"});
    assert_eq!(session.call("edit_file", latin).await.code(), "not_text");
    session.write("large", vec![b'x'; 9 * 1024 * 1024]);
    let large = json!({"path": "large", "old_text": "y", "new_text": "x"});
    assert_eq!(session.call("edit_file", large).await.code(), "too_large");
    let all = json!({"path": "main.rs", "old_text": "main", "new_text": "start", "replace_all": true});
    assert_eq!(session.call("edit_file", all).await.ok().facts["replacements"], 2);
    assert!(session.content("main.rs").contains("fn start2"));
    session.close().await;
}

#[tokio::test]
async fn directories_are_made_and_listed() {
    let session = session().await;
    assert_eq!(session.call("list_files", json!({})).await.ok().text, ". is empty.");
    assert_eq!(session.call("create_directory", json!({"path": "a/b/c"})).await.ok().facts["created"], true);
    assert_eq!(session.call("create_directory", json!({"path": "a/b"})).await.ok().facts["created"], false);
    session.write("a/file with\nnewline", "12345");
    symlink("nowhere", session.path("a/link")).unwrap();
    let listed = session.call("list_files", json!({"path": "a"})).await.ok();
    assert_eq!(listed.text, "DIR   b\nFILE  file with\\nnewline\nLINK  link -> nowhere");
    assert_eq!(listed.facts["entries"][1]["size"], 5);
    assert_eq!(session.call("create_directory", json!({"path": "a/link/x"})).await.ok().facts["path"], "a/nowhere/x");
    session.write("plain", "");
    assert_eq!(session.call("create_directory", json!({"path": "plain"})).await.code(), "exists");
    assert_eq!(session.call("list_files", json!({"path": "plain"})).await.code(), "not_a_directory");
    assert_eq!(session.call("list_files", json!({"path": "none"})).await.code(), "not_found");
    for number in 0..1200 {
        session.write(&format!("many/{number}"), "");
    }
    let many = session.call("list_files", json!({"path": "many"})).await.ok();
    assert!(many.text.ends_with("[1000 of 1200 entries; use `find_files` to look for others]"));
    assert_eq!(many.facts["total"], 1200);
    session.close().await;
}

#[tokio::test]
async fn files_are_found_by_pattern() {
    let session = session().await;
    for file in ["src/main.rs", "src/deep/lib.rs", "target/out.rs", "README.md", ".github/ci.yml"] {
        session.write(file, "");
    }
    session.write(".gitignore", "target\n");
    let find = async |arguments| session.call("find_files", arguments).await;
    let rust = find(json!({"pattern": "*.rs"})).await.ok();
    assert_eq!(rust.facts["files"], json!(["src/deep/lib.rs", "src/main.rs"]));
    let all = find(json!({"pattern": "**/*.rs", "include_ignored": true})).await.ok();
    assert_eq!(all.facts["files"].as_array().unwrap().len(), 3);
    let below = find(json!({"pattern": "*.rs", "path": "src/deep"})).await.ok();
    assert_eq!(below.facts["files"], json!(["src/deep/lib.rs"]));
    assert_eq!(find(json!({"pattern": "*.yml"})).await.ok().facts["files"], json!([".github/ci.yml"]));
    assert_eq!(find(json!({"pattern": "*.none"})).await.ok().text, "No file below . matches `*.none`.");
    assert_eq!(find(json!({"pattern": "a["})).await.code(), "bad_pattern");
    assert_eq!(find(json!({"pattern": "*", "path": "README.md"})).await.code(), "not_a_directory");
    for number in 0..600 {
        session.write(&format!("many/{number}.x"), "");
    }
    let many = find(json!({"pattern": "*.x"})).await.ok();
    assert_eq!((many.facts["files"].as_array().unwrap().len(), &many.facts["truncated"]), (500, &json!(true)));
    session.close().await;
}

#[tokio::test]
async fn text_is_searched() {
    let session = session().await;
    session.write("a.py", "import os\nprint(os.name)\n\nOS = 1\n");
    session.write("sub/b.py", "x = 'os.'\r\n");
    session.write("c.txt", "no os here");
    session.write("binary", b"os\0os");
    session.write(".gitignore", "*.txt\n");
    let search = async |arguments| session.call("search_text", arguments).await;
    assert_eq!(
        search(json!({"pattern": r"\bos\b"})).await.ok().text,
        "a.py:1: import os\na.py:2: print(os.name)\nsub/b.py:1: x = 'os.'"
    );
    assert_eq!(
        search(json!({"pattern": "os.", "literal": true})).await.ok().text,
        "a.py:2: print(os.name)\nsub/b.py:1: x = 'os.'"
    );
    let case = search(json!({"pattern": "^os", "ignore_case": true})).await.ok();
    assert_eq!((case.text.as_str(), &case.facts["files"]), ("a.py:4: OS = 1", &json!(1)));
    assert_eq!(search(json!({"pattern": "os", "glob": "sub/*.py"})).await.ok().text, "sub/b.py:1: x = 'os.'");
    assert_eq!(search(json!({"pattern": "here$", "include_ignored": true})).await.ok().text, "c.txt:1: no os here");
    assert_eq!(search(json!({"pattern": "name", "path": "a.py"})).await.ok().text, "a.py:2: print(os.name)");
    assert_eq!(search(json!({"pattern": "^$"})).await.ok().text, "a.py:3: ", "empty lines, but not what follows the last");
    assert_eq!(search(json!({"pattern": "zzz"})).await.ok().text, "Nothing below . matches `zzz`.");
    for pattern in ["(", "", "a{1000}{1000}{1000}"] {
        assert_eq!(search(json!({"pattern": pattern})).await.code(), "bad_pattern", "{pattern}");
    }
    session.write("flood", "os\n".repeat(10_000));
    let flood = search(json!({"pattern": "os"})).await.ok();
    assert_eq!((flood.text.lines().count(), &flood.facts["truncated"]), (201, &json!(true)));
    session.write("flood", format!("os{}", "x".repeat(100_000)));
    let long = search(json!({"pattern": "osx"})).await.ok();
    assert!(long.text.len() < 600 && long.text.contains("more bytes"), "{}", long.text);
    session.close().await;
}

#[tokio::test]
async fn an_artifact_is_offered() {
    let session = session().await;
    session.write("out/report.pdf", "12345");
    let offered = session.call("publish_artifact", json!({"path": "out/report.pdf"})).await.ok();
    assert_eq!(offered.text, "Offered out/report.pdf to the user as `report.pdf` (5 bytes).");
    assert_eq!(offered.facts, json!({"path": "out/report.pdf", "name": "report.pdf", "size": 5}));
    let named = session.call("publish_artifact", json!({"path": "out/report.pdf", "name": "Otters.pdf"})).await.ok();
    assert_eq!(named.facts["name"], "Otters.pdf");
    let publish = async |path: &str, name: &str| {
        session.call("publish_artifact", json!({"path": path, "name": name})).await.code().to_owned()
    };
    assert_eq!(publish("out/report.pdf", "../x").await, "bad_name");
    assert_eq!(publish("out/none", "x").await, "not_found");
    assert_eq!(publish("out", "x").await, "is_a_directory");
    std::fs::write(session.temporary.join("t"), "x").unwrap();
    let elsewhere = session.call("publish_artifact", json!({"path": session.temporary.join("t")})).await;
    assert_eq!(elsewhere.code(), "outside_workspace");
    session.close().await;
}

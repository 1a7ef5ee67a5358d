use proptest::prelude::*;

use super::Script;

fn clear(text: &str) -> Vec<String> {
    let script = Script::parse(text);
    assert_eq!(script.unclear, None, "{text}");
    script.commands.iter().map(|words| words.join("·")).collect()
}

#[test]
fn what_is_plain_is_taken_apart() {
    for (text, commands) in [
        ("", &[][..]),
        ("ls -la", &["ls·-la"]),
        ("a; b && c || d | e & f\ng", &["a", "b", "c", "d", "e", "f", "g"]),
        ("(cd x; rm y)", &["cd·x", "rm·y"]),
        ("{ a; b; }", &["a", "b"]),
        ("! a", &["a"]),
        ("echo 'a; rm -rf /' \"b && c\" d\\;e", &["echo·a; rm -rf /·b && c·d;e"]),
        ("r\"\"m -r'f' x", &["rm·-rf·x"]),
        ("a \\\n b", &["a·b"]),
        ("a # rm -rf /", &["a"]),
        ("a#b", &["a#b"]),
        ("make 2>&1 >/dev/null", &["make"]),
        ("grep 'x$' f", &["grep·x$·f"]),
        ("[ -f x ]", &["[·-f·x·]"]),
        ("sh -c 'a; b'", &["sh·-c·a; b", "a", "b"]),
        ("bash -ec \"sh -c 'rm x'\"", &["bash·-ec·sh -c 'rm x'", "sh·-c·rm x", "rm·x"]),
        ("timeout -s KILL 5 npm test", &["timeout·-s·KILL·5·npm·test", "npm·test"]),
        ("env nice -n 5 rm x", &["env·nice·-n·5·rm·x", "nice·-n·5·rm·x", "rm·x"]),
        ("time -p rm x", &["time·-p·rm·x", "rm·x"]),
        ("sudo -u root -- rm x", &["sudo·-u·root·--·rm·x", "rm·x"]),
        ("echo a=b", &["echo·a=b"]),
        ("sh build.sh", &["sh·build.sh"]),
    ] {
        assert_eq!(clear(text), commands, "{text}");
    }
}

/// Each of these hides something from whoever only reads its words.
#[test]
fn what_is_not_plain_is_unclear() {
    for text in [
        "echo $(rm x)",
        "echo `rm x`",
        "echo \"$(rm x)\"",
        "$X",
        "r$X",
        "\"$X\" a",
        "ls ${X:-y}",
        "ls $'\\x41'",
        "ls $\"a\"",
        "cat <(rm x)",
        "tee >(sh)",
        "rm *",
        "r? x",
        "/b[i]n/rm x",
        "{rm,x}",
        "echo {1..3}",
        "PATH=. ls",
        "X=1",
        "LD_PRELOAD=x ls",
        "env PATH=. ls",
        "env -S 'rm x'",
        "sudo X=1 rm",
        "eval rm x",
        ". ./x",
        "source x",
        "alias ls=rm; ls",
        "trap 'rm x' EXIT",
        "set -- rm; ls",
        "printf -v PATH x",
        "sh",
        "sh -",
        "bash -s",
        "curl x | bash /dev/stdin",
        "bash --rcfile x",
        "curl x | python3",
        "python3 -",
        "cat <<EOF\nrm x\nEOF",
        "sh <<< 'rm x'",
        "sh < x",
        "echo a > x",
        "echo a >> ~/.bashrc",
        "a >& x",
        "a &> x",
        "a | tee x > y",
        "f() { rm x; }; f",
        "function f { rm x; }",
        "if a; then rm x; fi",
        "while true; do rm x; done",
        "for x in a; do rm y; done",
        "case a in a) rm x;; esac",
        "[[ a ]] && b",
        "((x=1))",
        "a=(b c)",
        "coproc rm x",
        "find . -exec rm {} ;",
        "find . -delete",
        "xargs rm",
        "busybox rm x",
        "ssh host rm x",
        "su -c 'rm x'",
        "timeout --signal KILL 5 rm x",
        "timeout -Q 5 rm x",
        "time { rm x; }",
        "cd /tmp/x && ./build",
        "rm x\r",
        "rm\u{1b}[2K x",
        "a 'b",
        "a \"b",
        "a \\",
        "(a",
        "a)",
        "sh -c 'sh -c \"sh -c \\\"sh -c \\\\\\\"sh -c a\\\\\\\"\\\"\"'",
    ] {
        assert!(Script::parse(text).unclear.is_some(), "{text}");
    }
}

/// What can be seen is still found in what is unclear, so that a rule that denies it holds.
#[test]
fn what_is_seen_is_found_in_what_is_unclear() {
    for text in ["X=1 rm x", "env A=b rm x", "rm x > y", "echo $X; rm x", "cat y | xargs -n 1 rm x", "time -p rm x; echo *"] {
        let found = Script::parse(text).commands.iter().any(|words| words.starts_with(&["rm".into(), "x".into()]));
        assert!(found, "{text}");
    }
}

proptest! {
    #[test]
    fn every_text_comes_to_an_end(text in "\\PC{0,300}") {
        Script::parse(&text);
    }

    #[test]
    fn every_text_of_a_shells_characters_comes_to_an_end(text in "[ a\\n;&|()<>{}'\"\\\\$`*=#!-]{0,60}") {
        let script = Script::parse(&text);
        prop_assert!(script.commands.iter().all(|words| !words.is_empty()));
    }

    /// Whatever is quoted stays one word.
    #[test]
    fn quoted_text_stays_one_word(inner in "[^']{0,40}") {
        let script = Script::parse(&format!("echo '{inner}'"));
        prop_assert_eq!(&script.commands, &vec![vec!["echo".to_owned(), inner]]);
    }

    /// What stands behind a separator is found, whatever harmless words stand before it.
    #[test]
    fn a_second_command_is_found(first in "[a-z]{5,9}( [a-z'; ]{0,9}')?", separator in "(;|&&|\\|\\||\\||&|\n)") {
        prop_assume!(Script::parse(&first).unclear.is_none());
        let script = Script::parse(&format!("{first} {separator} rm -rf x"));
        let found = script.commands.iter().any(|words| words.join(" ") == "rm -rf x");
        prop_assert!(found || script.unclear.is_some());
    }
}

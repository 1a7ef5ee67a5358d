use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::id::{CallId, RunId, SessionId};
use crate::session::Network;
use crate::tool::Place;

fn tool(name: &str) -> ToolSpec {
    let reads_only = name.starts_with("read") || name.starts_with("search") || name.starts_with("list");
    ToolSpec {
        name: name.into(),
        description: String::new(),
        parameters: json!({}),
        reads_only,
        parallel: false,
        screen: false,
        place: if name.starts_with("mcp__") { Place::Elsewhere } else { Place::Sandbox },
    }
}

fn policy(rules: Vec<Rule>, otherwise: Verdict) -> Policy {
    Policy { rules, otherwise, ..Policy::default() }
}

#[expect(clippy::needless_pass_by_value, reason = "what is judged reads better so")]
fn judge(mode: Mode, session: &Policy, above: &[Policy], name: &str, arguments: Value) -> Verdict {
    let layers = Layers { mode, session, above, grants: &[], workspace: &WorkspaceSpec::Managed };
    layers.judge(&tool(name), &arguments).verdict
}

fn run(session: &Policy, command: &str) -> Verdict {
    judge(Mode::Full, session, &[], "execute_command", json!({ "command": command }))
}

#[test]
fn the_first_matching_rule_decides() {
    let rules = vec![
        Rule::about("read_*", Verdict::Allow),
        Rule::about("*command*", Verdict::Ask),
        Rule::about("execute_command", Verdict::Allow),
    ];
    let policy = policy(rules, Verdict::Deny);
    for (name, verdict) in [
        ("read_file", Verdict::Allow),
        ("execute_command", Verdict::Ask),
        ("execute_command_async", Verdict::Ask),
        ("xread_file", Verdict::Deny),
        ("write_file", Verdict::Deny),
    ] {
        assert_eq!(judge(Mode::Full, &policy, &[], name, json!({})), verdict, "{name}");
    }
}

/// Every way that somebody might think of to get something else past a pattern that allows `npm test` and `git status`.
#[test]
fn a_pattern_that_allows_cannot_be_tricked() {
    let rules = ["npm test", "git status *", "echo *", "sh *", "env *", "timeout *", "xargs *"];
    let policy = policy(rules.iter().map(|rule| Rule::of_command(*rule, Verdict::Allow)).collect(), Verdict::Ask);
    for allowed in [
        "npm test",
        "npm  'test'",
        "npm test && git status -s",
        "npm test; echo done",
        "npm test | echo a > /dev/null 2>&1",
        "(npm test)",
        "timeout 5 npm test",
        "sh -c 'npm test; echo x'",
        "npm test # ; rm x",
        "echo 'rm -rf /; $(x) `y`'",
    ] {
        assert_eq!(run(&policy, allowed), Verdict::Allow, "{allowed}");
    }
    for asked in [
        "npm test; rm x",
        "npm test\nrm x",
        "npm test & rm x",
        "npm test || rm x",
        "npm test | sh",
        "npm test $(rm x)",
        "npm test `rm x`",
        "echo \"$(rm x)\"",
        "echo ${x:=$(rm y)}",
        "echo <(rm x)",
        "echo a > .bashrc",
        "echo a >> .git/hooks/pre-commit",
        "echo a | tee x",
        "npm test x",
        "./npm test",
        "/tmp/npm test",
        "PATH=/tmp npm test",
        "env PATH=/tmp npm test",
        "env rm x",
        "env -S 'rm x'",
        "timeout 5 rm x",
        "xargs npm test",
        "sh -c 'rm x'",
        "sh -c \"npm test; rm x\"",
        "sh -c \"$X\"",
        "sh -c npm\\ test\\;rm\\ x",
        "echo 'x' | sh",
        "sh <<< 'rm x'",
        "echo x\rrm x",
        "alias npm=rm; npm test",
        "npm() { rm x; }; npm test",
        "export PATH=/tmp; npm test",
        "hash -p /tmp/x npm; npm test",
        "trap 'rm x' EXIT; npm test",
        "eval npm test",
        "exec rm x",
        "if true; then npm test; fi",
        "{ npm test; rm x; }",
        "npm te$'s't",
        "n{pm,x} test",
        "echo *",
        "cat <<A\nnpm test\nA",
        "npm test \\\n; rm x",
        "'npm test'",
    ] {
        assert_eq!(run(&policy, asked), Verdict::Ask, "{asked}");
    }
}

#[test]
fn a_pattern_that_forbids_finds_what_is_dressed_up() {
    let policy = policy(vec![Rule::of_command("rm *", Verdict::Deny)], Verdict::Allow);
    for denied in [
        "rm x",
        "rm",
        "/bin/rm x",
        "r\\m x",
        "'rm' x",
        "echo a; rm x",
        "echo a && (rm x)",
        "sudo rm x",
        "nice -n 3 env rm x",
        "sh -c 'rm x'",
        "bash -c \"sh -c 'rm x'\"",
        "cat list | xargs -n 1 rm",
        "X=1 rm x",
        "rm $X",
        "time -p rm x",
    ] {
        assert_eq!(run(&policy, denied), Verdict::Deny, "{denied}");
    }
    for asked in ["$(echo rm) x", "eval x", "busybox rm x", "find . -delete", "r? x", "$R x"] {
        assert_eq!(run(&policy, asked), Verdict::Ask, "{asked}");
    }
    for allowed in ["ls", "echo rm", "echo 'rm x'", ""] {
        assert_eq!(run(&policy, allowed), Verdict::Allow, "{allowed}");
    }
}

#[test]
fn a_policy_without_patterns_asks_nothing_about_what_is_unclear() {
    assert_eq!(run(&Policy::default(), "for x in $(ls); do rm $x; done"), Verdict::Allow);
    let denies = policy(vec![Rule::of_command("npm *", Verdict::Allow)], Verdict::Deny);
    assert_eq!(run(&denies, "npm $X"), Verdict::Deny, "who denies the rest is not asked about it");
}

#[test]
fn paths_decide() {
    let about = |path: &str, verdict| Rule { path: Some(path.into()), ..Rule::about("*", verdict) };
    let policy = policy(vec![about("**/.env", Verdict::Deny), about("src/**", Verdict::Allow)], Verdict::Ask);
    for (name, arguments, verdict) in [
        ("write_file", json!({ "path": "src/a.rs" }), Verdict::Allow),
        ("write_file", json!({ "path": "/workspace/src/a.rs" }), Verdict::Allow),
        ("write_file", json!({ "path": "src/../a.rs" }), Verdict::Ask),
        ("write_file", json!({ "path": "/src/a.rs" }), Verdict::Ask),
        ("write_file", json!({ "path": "src/.env" }), Verdict::Deny),
        ("read_file", json!({ "path": "x/../.env" }), Verdict::Deny),
        ("search_text", json!({ "pattern": "x" }), Verdict::Deny),
        ("execute_command", json!({ "command": "cat src/.env" }), Verdict::Deny),
        ("execute_command", json!({ "command": "dd if=.env" }), Verdict::Deny),
        ("execute_command", json!({ "command": "cat src/a.rs" }), Verdict::Ask),
        ("move", json!({ "source": "src/a", "destination": "b" }), Verdict::Ask),
    ] {
        assert_eq!(judge(Mode::Full, &policy, &[], name, arguments.clone()), verdict, "{name} {arguments}");
    }
}

#[test]
fn hosts_decide() {
    let about = |host: &str, verdict| Rule { host: Some(host.into()), ..Rule::about("*", verdict) };
    let policy = policy(vec![about("evil.example", Verdict::Deny), about("*.good.example", Verdict::Allow)], Verdict::Ask);
    for (url, verdict) in [
        ("https://a.good.example/x", Verdict::Allow),
        ("https://a.good.example@other.example/", Verdict::Ask),
        ("https://a.good.example\\@evil.example/", Verdict::Deny),
        ("https://EVIL.example./", Verdict::Deny),
        ("https://other.example/", Verdict::Ask),
    ] {
        assert_eq!(judge(Mode::Full, &policy, &[], "browser_open", json!({ "url": url })), verdict, "{url}");
    }
    assert_eq!(run(&policy, "curl https://evil.example/x"), Verdict::Deny);
    assert_eq!(run(&policy, "curl https://a.good.example/x"), Verdict::Ask);
}

#[test]
fn modes_say_what_holds_where_no_rule_speaks() {
    let (free, none) = (Policy::default(), json!({}));
    let command = json!({ "command": "make" });
    for (mode, name, arguments, verdict) in [
        (Mode::Full, "execute_command", &command, Verdict::Allow),
        (Mode::AcceptEdits, "execute_command", &command, Verdict::Ask),
        (Mode::AcceptEdits, "write_file", &json!({ "path": "a" }), Verdict::Allow),
        (Mode::AcceptEdits, "write_file", &json!({ "path": "../home/a" }), Verdict::Ask),
        (Mode::Ask, "write_file", &json!({ "path": "a" }), Verdict::Ask),
        (Mode::Ask, "read_file", &json!({ "path": "a" }), Verdict::Allow),
        (Mode::Plan, "read_file", &json!({ "path": "a" }), Verdict::Allow),
        (Mode::Plan, "write_file", &json!({ "path": "a" }), Verdict::Deny),
        (Mode::Plan, "execute_command", &command, Verdict::Allow),
        (Mode::Plan, "mcp__github__create_issue", &none, Verdict::Deny),
        (Mode::Ask, "mcp__github__create_issue", &none, Verdict::Ask),
    ] {
        assert_eq!(judge(mode, &free, &[], name, arguments.clone()), verdict, "{mode:?} {name}");
    }
    let knows = policy(vec![Rule::of_command("make *", Verdict::Allow)], Verdict::Allow);
    assert_eq!(judge(Mode::Ask, &knows, &[], "execute_command", command), Verdict::Allow);
}

#[test]
fn the_strictest_layer_wins_and_a_grant_never_goes_beyond_a_denial() {
    let (asks, denies) = (policy(vec![], Verdict::Ask), policy(vec![Rule::about("kill_*", Verdict::Deny)], Verdict::Allow));
    let free = Policy::default();
    let command = json!({ "command": "make", "timeout_seconds": 5 });
    assert_eq!(judge(Mode::Full, &free, &[asks.clone(), free.clone()], "execute_command", command.clone()), Verdict::Ask);
    assert_eq!(judge(Mode::Full, &asks, std::slice::from_ref(&denies), "kill_process", json!({})), Verdict::Deny);

    let layers = Layers { mode: Mode::Full, session: &asks, above: &[denies], grants: &[], workspace: &WorkspaceSpec::Managed };
    let (execute, kill) = (tool("execute_command"), tool("kill_process"));
    let grants = [layers.grant_for(&execute, &command), layers.grant_for(&kill, &json!({}))];
    let grants = grants.map(|grant| KeptGrant { id: 1, grant, by: None, at: None });
    let layers = Layers { grants: &grants, ..layers };
    let verdict = |tool: &ToolSpec, arguments: Value| layers.judge(tool, &arguments).verdict;
    assert_eq!(verdict(&execute, json!({ "command": "make" })), Verdict::Allow);
    assert_eq!(verdict(&execute, json!({ "command": "make", "cwd": "sub" })), Verdict::Ask);
    assert_eq!(verdict(&execute, json!({ "command": "make; rm x" })), Verdict::Ask);
    assert_eq!(verdict(&tool("execute_command_async"), json!({ "command": "make" })), Verdict::Ask);
    assert_eq!(verdict(&kill, json!({})), Verdict::Deny);
    let plans = Layers { mode: Mode::Plan, ..layers };
    assert_eq!(plans.judge(&tool("write_file"), &json!({ "path": "a" })).verdict, Verdict::Deny);
}

#[test]
fn a_hash_changes_with_everything_that_it_covers() {
    let arguments = json!({ "command": "make", "cwd": "a" });
    let parts = QuestionParts {
        session: SessionId::new(Uuid::from_u128(1)),
        run: RunId::new(Uuid::from_u128(2)),
        call: CallId::new(Uuid::from_u128(3)),
        tool: "execute_command",
        arguments: &arguments,
        workspace: &WorkspaceSpec::Managed,
        environment: "node",
        network: &Network::default(),
        mode: Mode::Ask,
    };
    let same: Value = serde_json::from_str(r#"{"cwd":"a","command":"make"}"#).unwrap();
    assert_eq!(parts.hash(), QuestionParts { arguments: &same, ..parts }.hash());
    assert_eq!(parts.hash().len(), 64);
    let other = json!({ "command": "make ", "cwd": "a" });
    let elsewhere = WorkspaceSpec::Directory { path: "/x".into() };
    for changed in [
        QuestionParts { session: SessionId::new(Uuid::from_u128(9)), ..parts },
        QuestionParts { run: RunId::new(Uuid::from_u128(9)), ..parts },
        QuestionParts { call: CallId::new(Uuid::from_u128(9)), ..parts },
        QuestionParts { tool: "other", ..parts },
        QuestionParts { arguments: &other, ..parts },
        QuestionParts { workspace: &elsewhere, ..parts },
        QuestionParts { environment: "rust", ..parts },
        QuestionParts { network: &Network::Open, ..parts },
        QuestionParts { mode: Mode::Plan, ..parts },
    ] {
        assert_ne!(parts.hash(), changed.hash(), "{changed:?}");
    }
}

proptest! {
    /// Whatever a command says, allowing some of it allows nothing else.
    #[test]
    fn what_is_put_behind_an_allowed_command_is_never_allowed(
        before in "[ a-z;&|()\n'\"\\\\]{0,12}",
        separator in "[;&|\n]",
        after in "[ a-z'\"$()]{0,12}",
    ) {
        let policy = policy(vec![Rule::of_command("ok *", Verdict::Allow)], Verdict::Ask);
        let command = format!("ok {before}{separator} rm x {after}");
        // Inside of quotes it is only a word.
        let quotes = before.matches(['\'', '"', '\\']).count();
        prop_assume!(quotes == 0);
        prop_assert_eq!(run(&policy, &command), Verdict::Ask, "{}", command);
    }

    /// A further layer never makes a verdict milder.
    #[test]
    fn layers_only_make_stricter(command in "\\PC{0,40}", first in 0..3u8, second in 0..3u8) {
        let verdicts = [Verdict::Allow, Verdict::Ask, Verdict::Deny];
        let one = policy(vec![Rule::of_command("l*", verdicts[usize::from(first)])], Verdict::Ask);
        let other = policy(vec![], verdicts[usize::from(second)]);
        let arguments = json!({ "command": command });
        let alone = judge(Mode::Full, &one, &[], "execute_command", arguments.clone());
        prop_assert!(judge(Mode::Full, &one, &[other], "execute_command", arguments) >= alone);
    }
}

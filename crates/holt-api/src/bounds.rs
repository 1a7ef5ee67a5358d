//! How large things may be, and the checks that say so before anything happens.
//!
//! A check answers with a stable code, a sentence and what to do, so that every interface refuses the same thing in the
//! same words. What the engine or the file system alone can know is not decided here.

use std::fmt;

use holt_core::access::{KeyRules, Scope};
use holt_core::id::OwnerId;
use holt_core::policy::Policy;
use holt_core::session::{Limits, WorkspaceSpec};

use crate::fork::ForkSession;
use crate::key::{CreateKey, CreateTicket};
use crate::session::{CreateSession, SendPrompt};
use crate::terminal::{ChangeTerminal, OpenTerminal};

/// A JSON body of a request.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
pub const MAX_TITLE_CHARS: usize = 200;
pub const MAX_PROMPT_BYTES: usize = 256 * 1024;
pub const MAX_ATTACHMENTS: usize = 50;
pub const MAX_PATH_BYTES: usize = 4096;
/// One name between two `/`, as file systems have it.
pub const MAX_NAME_BYTES: usize = 255;
/// The name of a key, of an agent, of a model, of an environment.
pub const MAX_WORD_CHARS: usize = 100;
pub const MAX_OWNER_CHARS: usize = 64;
pub const MAX_RULES: usize = 200;
/// How many `*` one rule may have: matching is quick below.
pub const MAX_STARS: usize = 4;
pub const MAX_ANSWER_SECONDS: u64 = 30 * 24 * 60 * 60;
/// Half a century, so that sums of times never overflow.
pub const MAX_SLEEP_SECONDS: u64 = 50 * 365 * 24 * 60 * 60;
pub const MAX_SEARCH_CHARS: usize = 200;
/// The most sessions or events that one page has.
pub const MAX_PAGE: usize = 200;
pub const MAX_EVENT_PAGE: usize = 1000;
/// One file that is put into a workspace, unless the server says otherwise.
pub const MAX_UPLOAD_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// One frame or message that a client sends on a socket.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;
pub const MAX_FOLLOWS: usize = 200;
/// The command of a terminal, all of its words together.
pub const MAX_COMMAND_BYTES: usize = 16 * 1024;
pub const MAX_COMMAND_WORDS: usize = 256;

/// What is wrong with a request, in the form of every error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub code: &'static str,
    pub message: String,
    pub hint: &'static str,
}

impl Invalid {
    pub fn new(code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { code, message: message.into(), hint }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}

pub type Checked = Result<(), Invalid>;

pub fn check_create_session(request: &CreateSession) -> Checked {
    request.title.as_deref().map_or(Ok(()), check_title)?;
    let words = [("agent", &request.agent), ("model", &request.model), ("environment", &request.environment)];
    for (what, word) in words {
        word.as_deref().map_or(Ok(()), |word| check_word(what, word))?;
    }
    if let Some(WorkspaceSpec::Directory { path }) = &request.workspace {
        check_directory(path)?;
    }
    request.policy.as_ref().map_or(Ok(()), check_policy)?;
    request.limits.as_ref().map_or(Ok(()), check_limits)?;
    for (name, seconds) in
        [("sleep_after_seconds", request.sleep_after_seconds), ("keep_awake_seconds", request.keep_awake_seconds)]
    {
        if seconds.is_some_and(|seconds| seconds > MAX_SLEEP_SECONDS) {
            let message = format!("`{name}` is more than fifty years");
            return Err(Invalid::new("bad_sleep", message, "Give a smaller number of seconds."));
        }
    }
    request.prompt.as_ref().map_or(Ok(()), check_prompt)
}

pub fn check_fork(request: &ForkSession) -> Checked {
    request.title.as_deref().map_or(Ok(()), check_title)?;
    const HINT: &str = "Name the place by `at`, or by `before_step` and perhaps `run`.";
    if request.at.is_some() && request.before_step.is_some() {
        return Err(Invalid::new("bad_place", "the place is named in two ways", HINT));
    }
    if request.run.is_some() && request.before_step.is_none() {
        return Err(Invalid::new("bad_place", "a run is named, and none of its steps", HINT));
    }
    request.prompt.as_ref().map_or(Ok(()), check_prompt)
}

pub fn check_title(title: &str) -> Checked {
    if title.trim().is_empty() {
        return Err(Invalid::new("bad_title", "the title is empty", "Give a title, or leave it out to have one made."));
    }
    if title.chars().count() > MAX_TITLE_CHARS {
        let message = format!("the title is longer than {MAX_TITLE_CHARS} characters");
        return Err(Invalid::new("bad_title", message, "Shorten it; the rest belongs into the prompt."));
    }
    if title.chars().any(char::is_control) {
        return Err(Invalid::new("bad_title", "the title has control characters", "Use one line of plain text."));
    }
    Ok(())
}

pub fn check_prompt(prompt: &SendPrompt) -> Checked {
    if prompt.text.trim().is_empty() && prompt.attachments.is_empty() {
        return Err(Invalid::new("empty_prompt", "the prompt has no text", "Say in `text` what is to be done."));
    }
    if prompt.text.len() > MAX_PROMPT_BYTES {
        let message = format!("the prompt is larger than {} KiB", MAX_PROMPT_BYTES / 1024);
        return Err(Invalid::new("prompt_too_large", message, "Put long material into a file and attach it."));
    }
    if prompt.attachments.len() > MAX_ATTACHMENTS {
        let message = format!("the prompt has more than {MAX_ATTACHMENTS} attachments");
        return Err(Invalid::new("too_many_attachments", message, "Pack them, or send them with several prompts."));
    }
    prompt.attachments.iter().try_for_each(|path| check_path(path))
}

pub fn check_open_terminal(request: &OpenTerminal) -> Checked {
    const HINT: &str = "Give a program and its arguments, or leave `command` out for a shell.";
    request.title.as_deref().map_or(Ok(()), check_title)?;
    let bytes: usize = request.command.iter().map(|word| word.len() + 1).sum();
    if bytes > MAX_COMMAND_BYTES || request.command.len() > MAX_COMMAND_WORDS {
        return Err(Invalid::new("bad_command", "the command is too long", HINT));
    }
    let is_nameless = request.command.first().is_some_and(|program| program.trim().is_empty());
    if is_nameless || request.command.iter().any(|word| word.contains('\0')) {
        return Err(Invalid::new("bad_command", "the command has no program, or has a null byte", HINT));
    }
    // The program's name is the title when none is given.
    request.command.first().filter(|_| request.title.is_none()).map_or(Ok(()), |program| check_title(program))
}

pub fn check_change_terminal(request: &ChangeTerminal) -> Checked {
    request.title.as_deref().map_or(Ok(()), check_title)
}

/// A path inside a workspace, without anything that could mean another place.
pub fn check_path(path: &str) -> Checked {
    const HINT: &str = "Give a path relative to the workspace, without `..`, empty names and control characters.";
    let bad = |why: &str| Err(Invalid::new("bad_path", format!("`{}` {why}", shown(path)), HINT));
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return bad("is empty or longer than 4096 bytes");
    }
    if path.chars().any(char::is_control) {
        return bad("has control characters");
    }
    for name in path.split('/') {
        match name {
            "" => return bad("has an empty name"),
            "." | ".." => return bad("leaves its place with `.` or `..`"),
            name if name.len() > MAX_NAME_BYTES => return bad("has a name longer than 255 bytes"),
            _ => {}
        }
    }
    Ok(())
}

/// The top of the workspace is the empty path.
pub fn check_path_or_top(path: &str) -> Checked {
    if path.is_empty() { Ok(()) } else { check_path(path) }
}

fn check_directory(path: &str) -> Checked {
    let plain = path.starts_with('/') && path.len() <= MAX_PATH_BYTES && !path.chars().any(char::is_control);
    if plain {
        return Ok(());
    }
    let message = format!("`{}` is not an absolute path", shown(path));
    Err(Invalid::new("bad_directory", message, "Give the directory's whole path, beginning with `/`."))
}

/// A name that one chooses from a list: an agent, a model, an environment.
pub fn check_word(what: &'static str, word: &str) -> Checked {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@+".contains(c);
    if word.is_empty() || word.len() > MAX_WORD_CHARS || !word.chars().all(plain) {
        let message = format!("`{}` cannot be the name of a {what}", shown(word));
        return Err(Invalid::new("bad_name", message, "`GET /v2/status` lists the names that there are."));
    }
    Ok(())
}

pub fn check_policy(policy: &Policy) -> Checked {
    const HINT: &str = "A rule names a tool, with at most four `*`; the first rule that matches decides.";
    if policy.rules.len() > MAX_RULES {
        return Err(Invalid::new("bad_policy", format!("the policy has more than {MAX_RULES} rules"), HINT));
    }
    let bad = policy.rules.iter().find(|rule| {
        rule.tool.is_empty() || rule.tool.chars().count() > MAX_WORD_CHARS || rule.tool.matches('*').count() > MAX_STARS
    });
    if let Some(rule) = bad {
        return Err(Invalid::new("bad_policy", format!("`{}` cannot be the tool of a rule", shown(&rule.tool)), HINT));
    }
    if !(1..=MAX_ANSWER_SECONDS).contains(&policy.answer_within_seconds) {
        let message = "`answer_within_seconds` is not between a second and thirty days";
        return Err(Invalid::new("bad_policy", message, "Leave it out for a day."));
    }
    Ok(())
}

/// The most that a sandbox may be given, whatever the machine has.
const MAX_SANDBOX_BYTES: u64 = 1 << 40;
const MAX_PROCESSES: u32 = 32_768;
const MAX_CPU_PERCENT: u32 = 25_600;

pub fn check_limits(limits: &Limits) -> Checked {
    const MIB: u64 = 1 << 20;
    const HINT: &str =
        "A sandbox needs at least 64 MiB of memory, 16 processes, a tenth of a processor, 16 MiB of disk and 1 MiB of /tmp.";
    const LARGEST: &str = "At most 1 TiB of memory and of disk, 32768 processes, 256 processors, and a /tmp within the memory.";
    let enough = limits.memory_bytes >= 64 * MIB
        && limits.processes >= 16
        && limits.cpu_percent >= 10
        && limits.disk_bytes >= 16 * MIB
        && limits.tmp_bytes >= MIB;
    let most = limits.memory_bytes <= MAX_SANDBOX_BYTES
        && limits.processes <= MAX_PROCESSES
        && limits.cpu_percent <= MAX_CPU_PERCENT
        && limits.disk_bytes <= MAX_SANDBOX_BYTES
        && limits.tmp_bytes <= limits.memory_bytes;
    match (enough, most) {
        (true, true) => Ok(()),
        (false, _) => Err(Invalid::new("bad_limits", "a sandbox cannot live within these limits", HINT)),
        (_, false) => Err(Invalid::new("bad_limits", "these limits are larger than any sandbox gets", LARGEST)),
    }
}

pub fn check_create_key(request: &CreateKey) -> Checked {
    check_key_name(&request.name)?;
    if request.scopes.is_empty() {
        return Err(Invalid::new(
            "bad_scopes",
            "the key would have no scope",
            "Give it `view`, `operate`, `approve` or `admin`.",
        ));
    }
    request.rules.as_ref().map_or(Ok(()), |rules| check_key_rules(rules, &request.scopes))?;
    request.owner.as_ref().map_or(Ok(()), check_owner)
}

/// Who may change everything may change their own rules.
fn check_key_rules(rules: &KeyRules, scopes: &[Scope]) -> Checked {
    if scopes.contains(&Scope::Admin) {
        let message = "a key with the scope `admin` would not be held by rules";
        return Err(Invalid::new("bad_rules", message, "Give it `operate`, and `approve` if it may answer questions."));
    }
    rules.policy.as_ref().map_or(Ok(()), check_policy)
}

pub fn check_key_name(name: &str) -> Checked {
    let count = name.chars().count();
    if name.trim().is_empty() || count > MAX_WORD_CHARS || name.chars().any(char::is_control) {
        let message = format!("`{}` cannot be the name of a key", shown(name));
        return Err(Invalid::new("bad_name", message, "Use 1 to 100 characters on one line."));
    }
    Ok(())
}

fn check_owner(owner: &OwnerId) -> Checked {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@+".contains(c);
    let name = owner.as_str();
    if name.is_empty() || name.len() > MAX_OWNER_CHARS || !name.chars().all(plain) {
        let message = format!("`{}` cannot be the name of an owner", shown(name));
        return Err(Invalid::new("bad_owner", message, "Use up to 64 letters, digits and `-_.@+`."));
    }
    Ok(())
}

pub fn check_ticket(request: &CreateTicket) -> Checked {
    if request.verb != "GET" {
        let message = format!("a ticket cannot be for `{}`", shown(&request.verb));
        return Err(Invalid::new("bad_ticket", message, "Tickets are for GET; send the key in a header for everything else."));
    }
    let path = &request.path;
    let plain = path.starts_with("/v2/") && path.len() <= MAX_PATH_BYTES && path.bytes().all(|b| b.is_ascii_graphic());
    if !plain || path.contains('#') {
        let message = format!("`{}` cannot be the path of a ticket", shown(path));
        return Err(Invalid::new(
            "bad_ticket",
            message,
            "Give path and query exactly as they will be asked for, percent-encoded.",
        ));
    }
    Ok(())
}

/// A piece of what somebody sent, fit to be shown: short, on one line, without invisible tricks.
pub fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::policy::{Rule, Verdict};
    use proptest::prelude::*;

    fn code(checked: Checked) -> &'static str {
        checked.map_or_else(|invalid| invalid.code, |()| "fine")
    }

    #[test]
    fn a_path_stays_in_its_place() {
        for fine in ["a", "src/main.rs", "ä/ö ü.txt", ".env", "a..b/...", "back\\slash"] {
            assert_eq!(code(check_path(fine)), "fine", "{fine}");
        }
        let long = "x".repeat(MAX_PATH_BYTES + 1);
        for bad in ["", "/etc/passwd", "a//b", "a/", "..", "a/../b", "./a", "a/.", "a\0b", "a\nb", long.as_str()] {
            assert_eq!(code(check_path(bad)), "bad_path", "{bad:?}");
        }
        assert_eq!(code(check_path_or_top("")), "fine");
    }

    #[test]
    fn a_request_to_make_a_session_is_checked_whole() {
        let with = |change: fn(&mut CreateSession)| {
            let mut request = CreateSession::default();
            change(&mut request);
            code(check_create_session(&request))
        };
        assert_eq!(with(|_| {}), "fine");
        assert_eq!(with(|r| r.title = Some("  ".into())), "bad_title");
        assert_eq!(with(|r| r.title = Some("é".repeat(MAX_TITLE_CHARS))), "fine");
        assert_eq!(with(|r| r.title = Some("é".repeat(MAX_TITLE_CHARS + 1))), "bad_title");
        assert_eq!(with(|r| r.title = Some("a\u{1b}[2J".into())), "bad_title");
        assert_eq!(with(|r| r.model = Some("x y".into())), "bad_name");
        assert_eq!(with(|r| r.model = Some("anthropic/claude-sonnet:latest".into())), "fine");
        assert_eq!(with(|r| r.workspace = Some(WorkspaceSpec::Directory { path: "relative".into() })), "bad_directory");
        assert_eq!(with(|r| r.limits = Some(Limits { processes: 1, ..Limits::default() })), "bad_limits");
        assert_eq!(with(|r| r.sleep_after_seconds = Some(u64::MAX)), "bad_sleep");
        assert_eq!(with(|r| r.keep_awake_seconds = Some(u64::MAX)), "bad_sleep");
        assert_eq!(with(|r| r.prompt = Some(SendPrompt::default())), "empty_prompt");
    }

    #[test]
    fn a_prompt_has_bounds() {
        let prompt = |text: String, attachments: usize| {
            code(check_prompt(&SendPrompt { text, attachments: vec!["a".into(); attachments], ..SendPrompt::default() }))
        };
        assert_eq!(prompt("hello".into(), MAX_ATTACHMENTS), "fine");
        assert_eq!(prompt("hello".into(), MAX_ATTACHMENTS + 1), "too_many_attachments");
        assert_eq!(prompt("x".repeat(MAX_PROMPT_BYTES + 1), 0), "prompt_too_large");
    }

    #[test]
    fn a_rule_cannot_be_made_slow() {
        let rule = |tool: &str| Policy { rules: vec![Rule::about(tool, Verdict::Ask)], ..Policy::default() };
        assert_eq!(code(check_policy(&rule("*a*b*"))), "fine");
        assert_eq!(code(check_policy(&rule("*****"))), "bad_policy");
        assert_eq!(code(check_policy(&Policy { answer_within_seconds: 0, ..Policy::default() })), "bad_policy");
    }

    #[test]
    fn a_ticket_is_for_reading_holts_own_interface() {
        let ticket = |verb: &str, path: &str| code(check_ticket(&CreateTicket { verb: verb.into(), path: path.into() }));
        assert_eq!(ticket("GET", "/v2/feed"), "fine");
        assert_eq!(ticket("GET", "/v2/sessions/x/archive?path=src"), "fine");
        for (verb, path) in
            [("DELETE", "/v2/feed"), ("GET", "/"), ("GET", "/v2/a b"), ("GET", "/v2/a#b"), ("GET", "http://x/v2/")]
        {
            assert_eq!(ticket(verb, path), "bad_ticket", "{verb} {path}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_short_and_on_one_line(text in ".*") {
            let shown = shown(&text);
            prop_assert!(shown.chars().count() <= 81);
            prop_assert!(!shown.chars().any(char::is_control));
        }

        #[test]
        fn an_accepted_path_never_climbs(path in "[a./\\\\]{0,12}") {
            if check_path(&path).is_ok() {
                let mut depth = 0i32;
                for name in path.split('/') {
                    depth += if name == ".." { -1 } else { 1 };
                    prop_assert!(depth > 0 && !name.is_empty() && name != ".");
                }
            }
        }
    }
}

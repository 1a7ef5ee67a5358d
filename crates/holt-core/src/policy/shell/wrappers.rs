//! Commands that run others, or that change what those after them mean.

use super::{MAX_DEPTH, Script};

/// A program that runs the command behind its own options.
struct Wrapper {
    names: &'static [&'static str],
    /// Letters of options without a value.
    flags: &'static str,
    /// Letters of options with one.
    values: &'static str,
    /// Long options; those that take a value end in `=`, and are only known with it behind that.
    long: &'static [&'static str],
    /// How many words stand before the command.
    operands: usize,
}

const WRAPPERS: [Wrapper; 12] = [
    wrapper(&["env"], "i0v", "uC", &["--ignore-environment"], 0),
    wrapper(&["sudo", "doas"], "nEHkSb", "ugpCD", &["--non-interactive"], 0),
    wrapper(&["nohup", "unbuffer", "builtin"], "", "", &[], 0),
    wrapper(&["nice"], "", "n", &["--adjustment="], 0),
    wrapper(&["ionice"], "t", "cnp", &[], 0),
    wrapper(&["timeout"], "fpv", "sk", &["--foreground", "--preserve-status", "--verbose", "--signal=", "--kill-after="], 1),
    wrapper(&["time"], "pv", "f", &["--portability", "--verbose"], 0),
    wrapper(&["stdbuf"], "", "ioe", &["--input=", "--output=", "--error="], 0),
    wrapper(&["setsid"], "cfw", "", &["--ctty", "--fork", "--wait"], 0),
    wrapper(&["command"], "p", "", &[], 0),
    wrapper(&["exec"], "cl", "a", &[], 0),
    wrapper(&["xargs"], "0rtx", "nPILsd", &["--null", "--no-run-if-empty", "--max-args=", "--max-procs="], 0),
];

const fn wrapper(
    names: &'static [&'static str],
    flags: &'static str,
    values: &'static str,
    long: &'static [&'static str],
    operands: usize,
) -> Wrapper {
    Wrapper { names, flags, values, long, operands }
}

const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "rbash", "fish"];
/// They change what later words mean, or run what cannot be seen here.
const CHANGERS: [&str; 25] = [
    "eval",
    "source",
    ".",
    "alias",
    "unalias",
    "trap",
    "enable",
    "hash",
    "set",
    "shopt",
    "export",
    "declare",
    "typeset",
    "readonly",
    "local",
    "unset",
    "bind",
    "complete",
    "mapfile",
    "readarray",
    "read",
    "getopts",
    "let",
    "fc",
    "umask",
];
/// They run commands in ways of their own.
const OTHERS: [&str; 24] = [
    "su",
    "runuser",
    "chroot",
    "unshare",
    "nsenter",
    "script",
    "flock",
    "parallel",
    "at",
    "batch",
    "crontab",
    "screen",
    "tmux",
    "expect",
    "watch",
    "strace",
    "ltrace",
    "gdb",
    "busybox",
    "toybox",
    "setpriv",
    "capsh",
    "systemd-run",
    "ssh",
];
/// They run what they read when no program is named.
const INTERPRETERS: [&str; 14] = [
    "python",
    "python2",
    "python3",
    "node",
    "nodejs",
    "deno",
    "bun",
    "perl",
    "ruby",
    "php",
    "lua",
    "Rscript",
    "tclsh",
    "osascript",
];
const READS: &str = "it runs what it reads";
const ASKS_MORE: &str = "it runs another command in a way that is not taken apart";

/// The last part of a program's path.
pub fn name_of(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// Adds what the command `words` runs in turn.
pub(super) fn look_into(script: &mut Script, words: &[String], depth: u8) {
    let name = name_of(&words[0]);
    if CHANGERS.contains(&name) || (name == "printf" && words.iter().any(|word| word.starts_with("-v"))) {
        script.doubt("it changes what later commands mean, or runs a text");
    } else if OTHERS.contains(&name) {
        script.doubt(ASKS_MORE);
    } else if SHELLS.contains(&name) {
        shell(script, words, depth);
    } else if INTERPRETERS.contains(&name) {
        let only_tells = words.len() == 2 && ["--version", "-V", "-v", "--help"].contains(&words[1].as_str());
        if !only_tells && (words[1..].iter().all(|word| word.starts_with('-')) || words.iter().any(|word| is_input(word))) {
            script.doubt(READS);
        }
    } else if name == "find" {
        let acts = |word: &&String| ["-exec", "-ok", "-delete", "-fprint", "-fls"].iter().any(|act| word.starts_with(act));
        if words.iter().any(|word| acts(&word)) {
            script.doubt(ASKS_MORE);
        }
    } else if let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name)) {
        wrapped(script, wrapper, words, depth);
    }
}

/// `sh -c "…"` runs a text, `sh file` a file, and `sh` alone what it reads.
fn shell(script: &mut Script, words: &[String], depth: u8) {
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        if is_input(word) {
            break;
        }
        let Some(letters) = word.strip_prefix('-') else { return };
        if letters.contains('c') && letters.bytes().all(|letter| b"ceuxvlnf".contains(&letter)) {
            // More options may stand before the text.
            return match rest.find(|word| !word.starts_with('-')) {
                Some(text) if depth < MAX_DEPTH => script.add(text, depth + 1),
                _ => script.doubt(ASKS_MORE),
            };
        }
        match letters {
            "o" => drop(rest.next()),
            _ if letters.bytes().all(|letter| b"euxvnf".contains(&letter)) => {}
            _ => return script.doubt(ASKS_MORE),
        }
    }
    script.doubt(READS);
}

/// What a program reads rather than a file.
fn is_input(word: &str) -> bool {
    word == "-" || word.starts_with("/dev/") || word.starts_with("/proc/")
}

fn wrapped(script: &mut Script, wrapper: &Wrapper, words: &[String], depth: u8) {
    let name = name_of(&words[0]);
    if name == "xargs" {
        script.doubt("which files it names is only known when it runs (it reads them)");
    }
    if name == "command" && words.get(1).is_some_and(|word| word == "-v" || word == "-V") {
        return;
    }
    let Some(from) = wrapper.command_at(words) else { return script.doubt(ASKS_MORE) };
    let inner = &words[from.min(words.len())..];
    if inner.first().is_some_and(|word| word.contains('=')) {
        script.doubt("it sets a variable");
    }
    let inner: Vec<String> = inner.iter().skip_while(|word| word.contains('=')).cloned().collect();
    if !inner.is_empty() && depth >= MAX_DEPTH {
        return script.doubt("it is too long or too deep to be taken apart");
    }
    script.push(&inner, depth + 1);
}

impl Wrapper {
    /// Where the command begins; nothing when the options are not all known.
    fn command_at(&self, words: &[String]) -> Option<usize> {
        let mut at = 1;
        while let Some(word) = words.get(at) {
            at += 1;
            if word == "--" {
                return Some(at + self.operands);
            }
            if word.starts_with("--") {
                let name = word.split_inclusive('=').next().unwrap_or(word);
                self.long.iter().find(|known| **known == name)?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                let end = letters.find(|letter| !self.flags.contains(letter));
                match end.map(|end| &letters[end..]) {
                    None => {}
                    Some(option) if option.starts_with(|letter| self.values.contains(letter)) => {
                        at += usize::from(option.chars().count() == 1);
                    }
                    Some(_) => return None,
                }
            } else {
                return Some(at - 1 + self.operands);
            }
        }
        Some(at)
    }
}

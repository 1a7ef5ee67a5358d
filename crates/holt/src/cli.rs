//! The command line: what can be asked, and the help that says so.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::commands::{
    agents, answer, budget, compact, completions, config, doctor, fork, gc, get, grants, key, life, list, logs, mcp, memory,
    mode, models, network, open, openapi, preview, profiles, put, run, search, secret, send, show, status, stop, terminal, undo,
};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::serve;

const AFTER_HELP: &str = "\
A SESSION is named by its id, by the beginning or the end of it (`holt ls` shows the ends), or by `last`, the
one that was made last.

Exit codes: 0 good · 1 it failed · 2 the command or the configuration makes no sense · 3 a run's budget is used up ·
4 no server answers · 5 not allowed · 10 the address is in use · 11 the data directory is in use · 12 it cannot be used ·
13 it is of a newer version · 14 no sandbox can be opened here · 130 cancelled

Start here:
  holt run \"make a small web page about otters\"    in this directory, without any set-up
  holt serve                                       the server with its page
  holt doctor                                      what this machine can and cannot do";

/// The den your agents live in.
#[derive(Debug, Parser)]
#[command(name = "holt", version, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The command line of this process. One that cannot be understood, or that asks for help, ends it here.
    pub fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            let words: Vec<_> = std::env::args_os().skip(1).take_while(|word| word != "--").collect();
            if error.use_stderr() && words.iter().any(|word| word == "--json") {
                Output { json: true }.failure(&misunderstood(&error));
                std::process::exit(Exit::Usage as i32);
            }
            error.exit()
        })
    }
}

/// What the parser says, in the form of every other failure: its first paragraph, and its tip or where there is help.
fn misunderstood(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let is_bare = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let paragraph = text.split("\n\n").next().filter(|_| !is_bare).unwrap_or("a command is needed");
    let message = paragraph.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let hint = tip.map_or_else(|| "`holt --help` lists the commands, `holt COMMAND --help` what one takes.".into(), sentence);
    Failure::usage("bad_command_line", message, hint)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print results as JSON, events as JSON lines
    #[arg(long, global = true)]
    pub json: bool,
    /// Where Holt keeps its data [default: ~/.local/share/holt, or /var/lib/holt as a service; env: HOLT_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The configuration file [default: ./holt.toml for `serve`, ~/.config/holt/holt.toml, /etc/holt/holt.toml; env: HOLT_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Talk to the server at this address instead of the one on this machine
    #[arg(long, global = true, value_name = "URL", env = "HOLT_SERVER")]
    pub server: Option<String>,
    /// The key for that server; HOLT_KEY keeps it out of the list of processes
    #[arg(long, global = true, value_name = "KEY", env = "HOLT_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// A certificate to trust for that server, as PEM: for one that made its own
    #[arg(long, global = true, value_name = "FILE", env = "HOLT_CA")]
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server, with its page
    Serve(Box<serve::Arguments>),
    /// Give an agent a task and watch it work
    Run(Box<run::Arguments>),
    /// List sessions
    #[command(visible_alias = "list")]
    Ls(list::Arguments),
    /// Show a session
    Show(show::Arguments),
    /// Read what happened in a session
    Logs(logs::Arguments),
    /// Search what was said in all sessions
    Search(search::Arguments),
    /// Send a session a prompt
    Send(send::Arguments),
    /// Answer yes to what a session asks
    Approve(answer::Approve),
    /// Answer no to what a session asks
    Deny(answer::Deny),
    /// List what was allowed until a session ends, and take it back
    Grants(grants::Arguments),
    /// Show and change where a session may go, and answer what it asks about that
    Network(network::Arguments),
    /// Show and change what a session may use
    Budget(budget::Arguments),
    /// Sum up the older part of a session's conversation, or undo that
    Compact(compact::Arguments),
    /// Say which files the last run changed
    Changes(undo::ChangesArguments),
    /// Have the files as they were before the last run
    Undo(undo::UndoArguments),
    /// Make a session out of another one: its conversation up to an event, and its files
    Fork(fork::Arguments),
    /// Try a failed session again, or do its last run again from a step
    Retry(fork::RetryArguments),
    /// Answer in words what a session asks in words
    Reply(answer::Reply),
    /// Show or change how freely a session's agent works
    Mode(mode::Arguments),
    /// List and define agents
    Agents {
        #[command(subcommand)]
        command: Option<agents::Command>,
    },
    /// See and change what agents remember from session to session
    Memory {
        #[command(subcommand)]
        command: Option<memory::Command>,
    },
    /// Cancel what a session is working on
    Cancel(life::Arguments),
    /// End a session; its conversation and files stay
    Stop(stop::Arguments),
    /// Remove sessions with their conversations and files
    Rm(life::RemoveArguments),
    /// Type in a terminal in a session's sandbox
    Terminal(terminal::Arguments),
    /// Download files of a session
    Get(get::Arguments),
    /// Upload files into a session
    Put(put::Arguments),
    /// Sign a browser in
    Open(open::Arguments),
    /// Open what a session serves on a port of its sandbox
    Preview(preview::Arguments),
    /// See and remove what browsers know of earlier sessions
    #[command(subcommand)]
    Profiles(profiles::Command),
    /// Manage access keys
    #[command(subcommand)]
    Key(key::Command),
    /// Keep secrets for hosts, which are added outside of sandboxes
    #[command(subcommand)]
    Secret(secret::Command),
    /// Manage models: their providers and keys
    #[command(subcommand)]
    Models(models::Command),
    /// Manage outside servers of tools (MCP)
    #[command(subcommand)]
    Mcp(mcp::Command),
    /// Show how the server is
    Status(status::Arguments),
    /// Find out what this machine can and cannot do, and mend it
    Doctor(doctor::Arguments),
    /// Remove sessions that ended long ago
    Gc(gc::Arguments),
    /// Show the configuration and where each value comes from
    Config(config::Arguments),
    /// Print the description of the HTTP interface
    Openapi(openapi::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Print the version
    Version,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lines_that_are_understood() {
        for line in [
            "holt serve --listen 127.0.0.1:0 --data-dir /d --tls",
            "holt run make a page",
            "holt run --managed --json -",
            "holt --server https://h --key k ls --status running,idle otters",
            "holt ls --json",
            "holt show last",
            "holt logs -f 1234abcd --tail 10",
            "holt send last go on --when-busy steer",
            "holt search otters dam -n 5",
            "holt approve last",
            "holt compact last --undo",
            "holt approve last --for-session --hash 1234abcd",
            "holt approve last --command ls",
            "holt deny last --reason no",
            "holt reply last the second one",
            "holt mode last",
            "holt grants last --revoke 17",
            "holt changes last --diff --since 3fa9",
            "holt changes last --snapshots",
            "holt undo last notes.txt --to 3fa9",
            "holt run --git https://github.com/a/b --branch main mend it",
            "holt fork last --at 42 --files now try it otherwise",
            "holt retry last --step 3",
            "holt budget last --session cost=5,time=8h --run steps=50",
            "holt key add ci --mode ask --network allow --budget cost=10 --day-budget cost=2,steps=500",
            "holt run --budget steps=5 --session-budget cost=1 hello",
            "holt mode last accept-edits",
            "holt agents",
            "holt agents add writer.toml",
            "holt memory",
            "holt memory add --session last the tests need Postgres",
            "holt memory ls --session last",
            "holt memory change 3 the tests need nothing",
            "holt memory agree 3",
            "holt memory rm 3 4",
            "holt run --agent reviewer --mode plan look at it",
            "holt stop server",
            "holt stop last",
            "holt rm a b --yes",
            "holt get last index.html -o x.html",
            "holt get last --list",
            "holt get last",
            "holt get last --artifact report.pdf -o -",
            "holt put last a.txt b.txt --to docs",
            "holt open --no-browser",
            "holt network last allow --allow *.example.com:443",
            "holt network last --yes --always",
            "holt network last --no 17",
            "holt run --network allow --allow example.com hello",
            "holt preview last",
            "holt preview last 5173 --no-browser",
            "holt terminal last",
            "holt terminal last --shared -- vim notes.md",
            "holt terminal last --attach 01920000-0000-7000-8000-0000000000aa",
            "holt key add laptop --scope operate,approve --expires 30d",
            "holt key ls",
            "holt secret add api.github.com",
            "holt key revoke 01920000-0000-7000-8000-0000000000aa",
            "holt run --managed --profile work sign in",
            "holt profiles ls",
            "holt profiles rm work",
            "holt mcp ls",
            "holt mcp add files -- npx -y @modelcontextprotocol/server-filesystem /workspace",
            "holt mcp add docs --url https://docs.example/mcp --header Authorization=${TOKEN}",
            "holt mcp use files --yes",
            "holt mcp secret github GITHUB_TOKEN",
            "holt doctor --fix --yes --json",
            "holt gc --older-than 30d --yes",
            "holt config --about",
            "holt completions bash",
            "holt openapi",
            "holt version",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn the_name_of_a_tool_server_is_not_taken_for_the_address_of_holt() {
        let cli = Cli::try_parse_from(["holt", "mcp", "use", "files"]).unwrap();
        assert_eq!(cli.global.server, None);
    }

    #[test]
    fn lines_that_are_not() {
        for line in
            ["holt", "holt run", "holt frobnicate", "holt key add", "holt show", "holt get", "holt send last", "holt stop"]
        {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }

    #[test]
    fn every_command_has_help_and_most_have_examples() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
        }
        let serve = Cli::command().find_subcommand("serve").unwrap().get_after_help().unwrap().to_string();
        assert!(serve.contains("Examples:"));
    }
}

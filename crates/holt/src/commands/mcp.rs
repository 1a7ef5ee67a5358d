//! `holt mcp`: outside servers of tools.

use std::io::Read as _;

use clap::{Args, Subcommand};
use holt_api::{TestedServer, ToolServer, ToolServerList};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::terminal::{clean_line, reveal, short_line};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the servers, and what agents are offered of them
    #[command(visible_alias = "list")]
    Ls,
    /// Name a server, and get its package
    #[command(after_help = "Examples:\n  holt mcp add files -- npx -y @modelcontextprotocol/server-filesystem /workspace\n  \
        holt mcp add search --env 'API_KEY=${API_KEY}' -- npx -y some-search-server\n  \
        holt mcp add docs --url https://docs.example/mcp --header 'Authorization=Bearer ${TOKEN}'")]
    Add(AddArguments),
    /// Get a server's package again
    Fetch {
        /// The server's name
        name: String,
    },
    /// Start a server, and show what it says that it can do
    Test {
        /// The server's name
        name: String,
    },
    /// Test a server, agree to what it says, and offer it to agents
    Use {
        /// The server's name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Offer a server to agents no longer
    Off {
        /// The server's name
        name: String,
    },
    /// Keep a secret that a server needs; it is read from the standard input
    Secret {
        /// The server's name
        name: String,
        /// What the file calls the secret: TOKEN for ${TOKEN}
        secret: String,
    },
    /// Forget a server and its secrets
    Rm {
        /// The server's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct AddArguments {
    /// What it is called from now on; its tools' names begin with it
    name: String,
    /// The address of a server that is reached over HTTP
    #[arg(long, conflicts_with = "command")]
    url: Option<String>,
    /// A header for it, such as 'Authorization=Bearer ${TOKEN}'
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair, requires = "url")]
    header: Vec<(String, String)>,
    /// A variable for its program; ${NAME} stands for a secret
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,
    /// Its program, with arguments
    #[arg(last = true, required_unless_present = "url")]
    command: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let explain = context.explain();
    let output = context.output;
    match command {
        Command::Ls => {
            let list = client.tool_servers().await.map_err(explain)?;
            output.result(&list, || shown(&list))
        }
        Command::Add(arguments) => {
            let server = arguments.name.clone();
            client.put_tool_server(&server, entry(arguments)).await.map_err(&explain)?;
            let named = client.tool_servers().await.map_err(&explain)?.servers.into_iter().find(|one| one.name == server);
            if named.is_some_and(|one| one.package.is_some() && !one.fetched) {
                client.fetch_tool_server(&server).await.map_err(&explain)?;
            }
            output.result(&json!({ "added": server }), || format!("added; `holt mcp use {server}` offers it to agents"))
        }
        Command::Fetch { name: server } => {
            client.fetch_tool_server(&server).await.map_err(explain)?;
            output.result(&json!({ "fetched": server }), || "fetched".into())
        }
        Command::Test { name: server } => {
            let tested = client.test_tool_server(&server).await.map_err(explain)?;
            output.result(&tested, || tools(&tested))
        }
        Command::Use { name: server, yes } => {
            let tested = client.test_tool_server(&server).await.map_err(&explain)?;
            if !output.json {
                output.note(&tools(&tested));
            }
            let agreed = yes || (output.can_ask() && output.confirm("Offer these tools to agents?"));
            if !agreed {
                let hint = "Say yes, or add --yes.";
                return Err(Failure::usage("not_agreed", "nobody agreed, and nothing was changed", hint));
            }
            client.agree_tool_server(&server, &tested.fingerprint).await.map_err(explain)?;
            output.result(&json!({ "offered": server, "tools": tested.tools.len() }), || "offered from the next run on".into())
        }
        Command::Off { name: server } => {
            client.switch_tool_server(&server, false).await.map_err(explain)?;
            output.result(&json!({ "off": server }), || "not offered any more".into())
        }
        Command::Secret { name, secret } => {
            let value = read_secret()?;
            client.keep_tool_server_secret(&name, &secret, &value).await.map_err(explain)?;
            output.result(&json!({ "kept": secret }), || "kept".into())
        }
        Command::Rm { name: server } => {
            client.remove_tool_server(&server).await.map_err(explain)?;
            output.result(&json!({ "removed": server }), || "removed".into())
        }
    }
}

/// A secret is no argument: everybody on the machine could read it there.
fn read_secret() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().take(64 * 1024).read_to_string(&mut text);
    let secret = text.trim_end_matches(['\n', '\r']);
    match read {
        Ok(_) if !secret.is_empty() => Ok(secret.to_owned()),
        _ => Err(Failure::usage(
            "no_secret",
            "there is no secret on the standard input",
            "Pipe it in, or type it and end with Ctrl-D.",
        )),
    }
}

fn entry(arguments: AddArguments) -> Value {
    let object = |pairs: Vec<(String, String)>| -> Map<String, Value> {
        pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
    };
    if let Some(url) = arguments.url {
        return json!({ "type": "http", "url": url, "headers": object(arguments.header) });
    }
    let mut words = arguments.command.into_iter();
    let command = words.next().unwrap_or_default();
    json!({ "type": "stdio", "command": command, "args": words.collect::<Vec<_>>(), "env": object(arguments.env) })
}

fn shown(list: &ToolServerList) -> String {
    let rows: Vec<Vec<String>> = list.servers.iter().map(row).collect();
    let notices = list.notices.iter().map(|note| {
        let about = note.server.as_deref().map(|server| format!("{}: ", clean_line(server))).unwrap_or_default();
        format!("\n{about}{}", clean_line(&note.text))
    });
    table(&rows) + &notices.collect::<String>()
}

fn row(server: &ToolServer) -> Vec<String> {
    let missing = server.secrets.iter().find(|secret| !secret.kept);
    let state = match (server.on, server.agreed, server.fetched, missing) {
        (false, ..) => "off".to_owned(),
        (true, _, false, _) => "its package is not here: holt mcp fetch".to_owned(),
        (true, _, _, Some(secret)) => format!("needs the secret {}: holt mcp secret", clean_line(&secret.name)),
        (true, false, ..) => "not agreed to: holt mcp use".to_owned(),
        (true, true, ..) => format!("{} tools", server.tools.len()),
    };
    vec![clean_line(&server.name), state, short_line(&server.reached_by, 60), clean_line(&server.description)]
}

/// What a server says is shown with everything made visible that could hide in it.
fn tools(tested: &TestedServer) -> String {
    let mut lines: Vec<String> = Vec::new();
    for tool in &tested.tools {
        let changed = if tested.changed.contains(&tool.name) { " (new or changed)" } else { "" };
        lines.push(format!("{}{changed}", reveal(&tool.name)));
        lines.extend(tool.description.lines().take(40).map(|line| format!("    {}", reveal(line))));
    }
    if tested.left_out > 0 {
        lines.push(format!("{} more are left out: too many, too large, or not to be called", tested.left_out));
    }
    if lines.is_empty() { "it has no tools".into() } else { lines.join("\n") }
}

//! `holt models`: the providers of models and their keys. A key is never an argument, where every process could read it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use holt_api::{Price, ProviderInfo, ProviderList, ProviderOrigin, ProviderSettings, ProviderTest, PutProvider};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::terminal::clean_line;

/// The longest key that is read.
const MAX_KEY_BYTES: usize = 8 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the providers and their models
    #[command(visible_alias = "list")]
    Ls,
    /// Add a provider, or give it another key; the key is asked for, or read from the standard input
    #[command(after_help = "Examples:\n  holt models add openai\n  holt models add anthropic --key-env MY_KEY\n  \
                            holt models add my-server --kind compatible --url http://127.0.0.1:8000/v1")]
    Add(AddArguments),
    /// Ask a provider whether it answers and takes the key; that costs nothing
    Test {
        /// The provider
        name: String,
    },
    /// Remove a provider and its key
    Rm {
        /// The provider
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct AddArguments {
    /// What to call it; the name of a kind is enough: anthropic, openai, gemini, openrouter, ollama
    name: String,
    /// What it is: anthropic, openai, gemini, openrouter, ollama, compatible [default: its name]
    #[arg(long)]
    kind: Option<String>,
    /// Where it is, when elsewhere
    #[arg(long, value_name = "ADDRESS")]
    url: Option<String>,
    /// The language it speaks, when another: anthropic, responses, chat, gemini, ollama
    #[arg(long, value_name = "LANGUAGE")]
    wire: Option<String>,
    /// A model that it offers; may be given more than once [default: the usual ones, or those that it lists]
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// It is in your own network: names may lead to private addresses, and the key may travel unencrypted
    #[arg(long)]
    own_network: bool,
    /// Take the key from this variable of the environment
    #[arg(long, value_name = "VARIABLE", conflicts_with = "no_key")]
    key_env: Option<String>,
    /// It needs no key, or keeps the one it has
    #[arg(long)]
    no_key: bool,
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    match command {
        Command::Ls => {
            let providers = client.providers().await.map_err(context.explain())?;
            context.output.result(&providers, || list(&providers))
        }
        Command::Add(arguments) => {
            let kind = arguments.kind.clone().unwrap_or_else(|| arguments.name.clone());
            let key = key(&arguments, &kind)?;
            let AddArguments { name, url, wire, models, own_network, .. } = arguments;
            let settings = ProviderSettings { kind, base_url: url, wire, models, own_network };
            let made = client.put_provider(&name, &PutProvider { settings, key }).await.map_err(context.explain())?;
            let tested = client.test_provider(&name).await.map_err(context.explain())?;
            context
                .output
                .result(&json!({ "provider": made, "test": tested }), || format!("{}\n{}", line(&made), report(&tested)))
        }
        Command::Test { name } => {
            let tested = client.test_provider(&name).await.map_err(context.explain())?;
            context.output.result(&tested, || report(&tested))
        }
        Command::Rm { name } => {
            client.remove_provider(&name).await.map_err(context.explain())?;
            context.output.result(&json!({ "removed": name }), || "removed".into())
        }
    }
}

fn key(arguments: &AddArguments, kind: &str) -> Result<Option<String>, Failure> {
    let needs_none = ["ollama", "compatible"].contains(&kind);
    if let Some(variable) = &arguments.key_env {
        let missing =
            || Failure::usage("key_missing", format!("the variable {variable} has no key"), "Set it, or leave `--key-env` out.");
        return std::env::var(variable).ok().filter(|key| !key.trim().is_empty()).map(Some).ok_or_else(missing);
    }
    if arguments.no_key || (needs_none && io::stdin().is_terminal()) {
        return Ok(None);
    }
    let key = read_key(&arguments.name).map_err(|error| Failure::failed("key_unread", error.to_string(), "Try `--key-env`."))?;
    if key.is_empty() && !needs_none {
        return Err(Failure::usage("key_missing", "there was no key to read", "Type it, pipe it in, or use `--key-env`."));
    }
    Ok(Some(key).filter(|key| !key.is_empty()))
}

/// Reads one line, which a terminal does not show.
fn read_key(name: &str) -> io::Result<String> {
    let stdin = io::stdin();
    let hidden = if stdin.is_terminal() {
        write!(io::stderr(), "Key for {}: ", clean_line(name))?;
        io::stderr().flush()?;
        Some(Hidden::new()?)
    } else {
        None
    };
    let mut line = Vec::new();
    let mut limited = io::Read::take(stdin.lock(), MAX_KEY_BYTES as u64);
    limited.read_until(b'\n', &mut line)?;
    if hidden.is_some() {
        writeln!(io::stderr())?;
    }
    let text = String::from_utf8(line).map_err(|_| io::Error::other("the key is no text"))?;
    Ok(text.trim().to_owned())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing put back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

fn list(providers: &ProviderList) -> String {
    if providers.items.is_empty() {
        return "no providers: only the offline demo answers. `holt models add openai` adds one.".into();
    }
    let mut text: Vec<String> = Vec::new();
    for provider in &providers.items {
        text.push(line(provider));
        let rows: Vec<Vec<String>> = provider
            .offers
            .iter()
            .map(|model| {
                let is_default = if model.id == providers.default_model { "*" } else { " " };
                let tools = if model.tools { "" } else { "no tools" };
                let tokens = format!("{}k", model.context_tokens / 1000);
                vec![format!(" {is_default}"), clean_line(&model.id), tokens, price(model.price), tools.into()]
            })
            .collect();
        text.push(table(&rows));
    }
    text.push(format!("* is the default. Prices per million tokens, in and out, as of {}.", clean_line(&providers.prices_as_of)));
    text.join("\n")
}

fn line(provider: &ProviderInfo) -> String {
    let origin = match provider.origin {
        ProviderOrigin::Kept => "added",
        ProviderOrigin::Configuration => "configured",
        ProviderOrigin::Found => "found",
    };
    let key = if provider.has_key { "with a key" } else { "no key" };
    let problem = provider.problem.as_ref().map(|problem| format!("\n  ! {}", clean_line(problem))).unwrap_or_default();
    format!("{} ({origin}, {key}) {}{problem}", clean_line(&provider.name), clean_line(&provider.address))
}

fn price(price: Option<Price>) -> String {
    let dollars = |micros: u64| format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000);
    match price {
        None => "price unknown".into(),
        Some(price) if price == Price::default() => "free".into(),
        Some(price) => format!("{} / {}", dollars(price.input), dollars(price.output)),
    }
}

fn report(tested: &ProviderTest) -> String {
    let hint = tested.hint.as_ref().map(|hint| format!("\n  {}", clean_line(hint))).unwrap_or_default();
    format!("{} {}{hint}", if tested.ok { "✓" } else { "✗" }, clean_line(&tested.message))
}

//! The executable: reads the command line, does what it says, and ends with a code that tells how it went.

mod cli;
mod commands;
mod config;
mod context;
mod definitions;
mod failure;
mod output;
mod serve;
mod show;
mod terminal;

use cli::{Cli, Command};
use context::Context;
use failure::{Exit, Failure};

fn main() {
    let Cli { global, command } = Cli::read();
    let context = Context::new(global);
    let exit = match start(command, &context) {
        Ok(()) => Exit::Good,
        Err(failure) => {
            context.output.failure(&failure);
            failure.exit
        }
    };
    // At once: a thread that waits for a line from the keyboard would hold the process.
    std::process::exit(exit as i32)
}

fn start(command: Command, context: &Context) -> Result<(), Failure> {
    // What needs no server and no waiting needs no runtime either.
    match command {
        Command::Completions(arguments) => return commands::completions::run(arguments),
        Command::Config(arguments) => return commands::config::run(arguments, context),
        Command::Openapi(arguments) => return commands::openapi::run(arguments, context),
        Command::Version => return version(context),
        _ => {}
    }
    let mut runtime = match &command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    runtime.enable_all().build()?.block_on(run(command, context))
}

async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => Box::pin(serve::run(*arguments, context)).await,
        Command::Run(arguments) => Box::pin(commands::run::run(*arguments, context)).await,
        Command::Ls(arguments) => commands::list::run(arguments, context).await,
        Command::Show(arguments) => commands::show::run(arguments, context).await,
        Command::Logs(arguments) => commands::logs::run(arguments, context).await,
        Command::Search(arguments) => commands::search::run(arguments, context).await,
        Command::Send(arguments) => Box::pin(commands::send::run(arguments, context)).await,
        Command::Network(arguments) => commands::network::run(arguments, context).await,
        Command::Compact(arguments) => commands::compact::run(arguments, context).await,
        Command::Changes(arguments) => commands::undo::changes(arguments, context).await,
        Command::Undo(arguments) => commands::undo::undo(arguments, context).await,
        Command::Fork(arguments) => Box::pin(commands::fork::fork(arguments, context)).await,
        Command::Retry(arguments) => Box::pin(commands::fork::retry(arguments, context)).await,
        Command::Approve(arguments) => commands::answer::approve(arguments, context).await,
        Command::Deny(arguments) => commands::answer::deny(arguments, context).await,
        Command::Reply(arguments) => commands::answer::reply(arguments, context).await,
        Command::Grants(arguments) => commands::grants::run(arguments, context).await,
        Command::Mode(arguments) => commands::mode::run(arguments, context).await,
        Command::Budget(arguments) => commands::budget::run(arguments, context).await,
        Command::Agents { command } => commands::agents::run(command, context).await,
        Command::Memory { command } => commands::memory::run(command, context).await,
        Command::Cancel(arguments) => commands::life::cancel(arguments, context).await,
        Command::Stop(arguments) => commands::stop::run(arguments, context).await,
        Command::Rm(arguments) => commands::life::remove(arguments, context).await,
        Command::Terminal(arguments) => Box::pin(commands::terminal::run(arguments, context)).await,
        Command::Get(arguments) => Box::pin(commands::get::run(arguments, context)).await,
        Command::Put(arguments) => commands::put::run(arguments, context).await,
        Command::Preview(arguments) => commands::preview::run(arguments, context).await,
        Command::Open(arguments) => commands::open::run(arguments, context).await,
        Command::Profiles(command) => commands::profiles::run(command, context).await,
        Command::Models(command) => commands::models::run(command, context).await,
        Command::Key(command) => commands::key::run(command, context).await,
        Command::Secret(command) => commands::secret::run(command, context).await,
        Command::Mcp(command) => Box::pin(commands::mcp::run(command, context)).await,
        Command::Status(arguments) => commands::status::run(arguments, context).await,
        Command::Doctor(arguments) => Box::pin(commands::doctor::run(arguments, context)).await,
        Command::Gc(arguments) => commands::gc::run(arguments, context).await,
        // Done before there was a runtime.
        Command::Completions(_) | Command::Config(_) | Command::Openapi(_) | Command::Version => Ok(()),
    }
}

fn version(context: &Context) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    context.output.result(&serde_json::json!({ "version": version }), || format!("holt {version}"))
}

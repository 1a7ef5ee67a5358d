//! `holt serve`: takes the data directory, opens what stands in it, listens, and ends in good order.

mod announce;
mod assemble;
mod background;
mod egress;
mod elsewhere;
mod ending;
pub mod epoch;
mod gateway;
pub mod keeper;
mod log;
mod memory;
mod models;
mod process;
mod retention;
mod secrets;
mod take;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use holt_client::Client;
use holt_engine::Engine;
use holt_server::{Bound, Server};
use holt_store::{DataDir, SqliteStore};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::commands::doctor::is_here;
use crate::config::{Config, Flags, WorkingDirectory};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use announce::Greeting;
use assemble::{House, Remainder};
use ending::{Ending, Signals};

#[derive(Debug, Args)]
#[command(
    after_help = "Settings come from these flags, else the environment, else .env in this directory, else holt.toml, else defaults;
`holt config --about` lists them all. SIGINT and `holt stop server` end the sandboxes; SIGTERM leaves them running for a
while, so that the next server goes on with them.

Examples:
  holt serve
  holt serve --listen 127.0.0.1:8000 --data-dir ./data
  holt serve --listen 0.0.0.0:9090 --tls           for other machines, with a certificate of its own
  ANTHROPIC_API_KEY=… holt serve"
)]
pub struct Arguments {
    /// Addresses to listen on, separated by commas [default: 127.0.0.1:9090; env: HOLT_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Use TLS with a certificate that Holt makes and keeps
    #[arg(long)]
    tls: bool,
    /// Use TLS with this certificate chain [env: HOLT_TLS_CERT]
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key [env: HOLT_TLS_KEY]
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The address that browsers use, when it is another one [env: HOLT_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The model of sessions that name none [env: HOLT_MODEL]
    #[arg(long)]
    model: Option<String>,
    /// error, warn, info, debug or trace [default: info; env: LOG_LEVEL]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// plain, json or auto [default: auto, plain on a terminal; env: HOLT_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Serve the page from this directory instead of from the program
    #[arg(long, value_name = "DIR", hide = true)]
    page_dir: Option<PathBuf>,
    /// Make a first session when there is none
    #[arg(long, hide = true)]
    welcome: bool,
    /// Serve the private socket alone, and end when nobody needs it any more
    #[arg(long, hide = true)]
    background: bool,
}

impl Arguments {
    fn flags(&self) -> Flags {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let given = [
            ("listen", self.listen.clone()),
            ("tls.generate", (self.tls && self.tls_cert.is_none()).then(|| "true".to_owned())),
            ("tls.certificate", path(&self.tls_cert)),
            ("tls.key", path(&self.tls_key)),
            ("public_url", self.public_url.clone()),
            ("model", self.model.clone()),
            ("log.level", self.log_level.clone()),
            ("log.format", self.log_format.clone()),
        ];
        given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    if !arguments.background {
        return Box::pin(serve(&arguments, context, WorkingDirectory::Read)).await;
    }
    background::leave_the_terminal();
    let ended = Box::pin(serve(&arguments, context, WorkingDirectory::Ignore)).await;
    if let Err(failure) = &ended {
        background::tell_failure(failure);
    }
    ended.map_err(|failure| Failure::silent(failure.exit))
}

async fn serve(arguments: &Arguments, context: &Context, working_directory: WorkingDirectory) -> Result<(), Failure> {
    let (config, settings) = context.configuration(arguments.flags(), working_directory)?;
    // From here on a signal is heard, however early it comes.
    let ending = Signals::listen()?.watch();
    check_programs()?;
    process::prepare();
    let data_dir = Arc::new(take::data_dir(&config.data_dir, arguments.background).await?);
    start_log(&config, arguments.background, &data_dir)?;
    let store = SqliteStore::open(holt_store::Options::new(data_dir.clone())).map_err(|error| take::store_failure(&error))?;
    let (house, remainder) = assemble::assemble(&config, &data_dir, Arc::new(store)).await?;
    let options = assemble::server_options(&config, &data_dir, arguments);
    let (bound, remainder) = match bind(options, &house, remainder).await {
        Ok(bound) => bound,
        Err(failure) => {
            close(&house, true).await;
            return Err(failure);
        }
    };
    let greeting = Greeting::new(&bound, settings.warnings, &config, arguments.background, house.demo_only);
    let mut upkeep = JoinSet::new();
    let coming_up = async {
        if let Some(remainder) = remainder {
            remainder.finish().await?;
        }
        if arguments.welcome {
            assemble::welcome(&house.engine).await;
        }
        greeting.say();
        keep_up(&mut upkeep, &config, &house, arguments.background);
        Ok(())
    };
    let linger = arguments.background.then_some(config.sessions.linger);
    let reason = serve_until_end(bound, &house.engine, ending, linger, Box::pin(coming_up)).await;
    upkeep.shutdown().await;
    let keeps_sandboxes = reason.as_ref().map_or(true, |ending| ending.keeps_sandboxes());
    tracing::info!(keeps_sandboxes, "closing sessions");
    close(&house, keeps_sandboxes).await;
    tracing::info!("ended");
    reason.map(drop)
}

/// Takes the addresses. What is left to be done can be done while the server answers; but who listens to other machines
/// needs to know before what kind of a machine this is, and who may come.
async fn bind(options: holt_server::Options, house: &House, remainder: Remainder) -> Result<(Bound, Option<Remainder>), Failure> {
    let is_private = options.listen.iter().all(|listen| listen.address.ip().is_loopback());
    let remainder = if is_private {
        Some(remainder)
    } else {
        remainder.finish().await?;
        None
    };
    let bound = Server::bind(options, house.parts.clone()).await.map_err(|error| take::bind_failure(&error))?;
    Ok((bound, remainder))
}

/// What runs beside the server as long as it does.
fn keep_up(upkeep: &mut JoinSet<()>, config: &Config, house: &House, background: bool) {
    upkeep.spawn(memory::run());
    // Who lists models by itself may take its time, and nobody waits for it.
    let providers = Arc::clone(&house.parts.providers);
    upkeep.spawn(async move { drop(providers.list().await) });
    if config.sessions.retention.is_some() {
        upkeep.spawn(retention::run(house.engine.clone()));
    }
    if !background {
        upkeep.spawn(announce::say_findings(Client::local(&config.data_dir)));
    }
}

async fn close(house: &House, keep_sandboxes: bool) {
    house.servers.shutdown().await;
    house.engine.shutdown(keep_sandboxes).await;
    if let Ok(driver) = house.sandboxes.driver().await {
        driver.shutdown().await;
    }
}

/// What nothing works without. Everything else is said by `/ready` and `holt doctor`.
fn check_programs() -> Result<(), Failure> {
    if is_here("bwrap") {
        return Ok(());
    }
    Err(Failure::new(
        Exit::NoSandbox,
        "bubblewrap_missing",
        "bubblewrap is not installed, and Holt runs no agent without a sandbox",
        "Install it (on Debian and Ubuntu: sudo apt-get install bubblewrap); `holt doctor` tries whether it works.",
    ))
}

fn start_log(config: &Config, background: bool, data_dir: &DataDir) -> Result<(), Failure> {
    let target = if background {
        let path = data_dir.path().join("background.log");
        log::Target::file(&path).map_err(|error| Failure::file(&path, &error))?
    } else {
        log::Target::StandardError
    };
    log::start(config.log, target);
    Ok(())
}

/// Serves, and meanwhile does what is left to do. `linger` is for a server in the background: how long it stays when nobody
/// needs it.
async fn serve_until_end(
    bound: Bound,
    engine: &Engine,
    mut ending: watch::Receiver<Option<Ending>>,
    linger: Option<Duration>,
    coming_up: impl Future<Output = Result<(), Failure>>,
) -> Result<Ending, Failure> {
    let mut reason = Ok(Ending::Terminated);
    let unneeded = async {
        coming_up.await?;
        match linger {
            Some(linger) => background::until_unneeded(engine, linger).await,
            None => std::future::pending().await,
        }
        Ok(())
    };
    bound
        .run(async {
            tokio::select! {
                _ = ending.wait_for(Option::is_some) => {}
                unneeded = unneeded => reason = unneeded.map(|()| Ending::Unneeded),
            }
        })
        .await;
    let signalled = *ending.borrow();
    signalled.map_or(reason, Ok)
}

//! `holt serve`: takes the data directory, opens what stands in it, listens, and ends in good order.

mod announce;
mod assemble;
mod background;
mod ending;
pub mod epoch;
pub mod keeper;
mod log;
mod process;
mod retention;
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
use crate::config::{Config, Flags, Settings, WorkingDirectory};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use assemble::House;
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
        return serve(&arguments, context, WorkingDirectory::Read).await;
    }
    background::leave_the_terminal();
    let ended = serve(&arguments, context, WorkingDirectory::Ignore).await;
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
    let house = assemble::assemble(&config, &data_dir, Arc::new(store)).await?;
    let options = assemble::server_options(&config, &data_dir, arguments);
    let bound = match Server::bind(options, house.parts.clone()).await {
        Ok(bound) => bound,
        Err(error) => {
            close(&house, true).await;
            return Err(take::bind_failure(&error));
        }
    };
    if arguments.welcome {
        assemble::welcome(&house.engine).await;
    }
    tell(&bound, &config, &settings, arguments.background, house.demo_only);
    let mut upkeep = JoinSet::new();
    if let Some(age) = config.sessions.retention {
        upkeep.spawn(retention::run(house.engine.clone(), age));
    }
    if !arguments.background {
        upkeep.spawn(announce::say_findings(Client::local(data_dir.path())));
    }
    let linger = arguments.background.then_some(config.sessions.linger);
    let reason = serve_until_end(bound, &house.engine, ending, linger).await;
    upkeep.shutdown().await;
    tracing::info!(keeps_sandboxes = reason.keeps_sandboxes(), "closing sessions");
    close(&house, reason.keeps_sandboxes()).await;
    tracing::info!("ended");
    Ok(())
}

async fn close(house: &House, keep_sandboxes: bool) {
    house.engine.shutdown(keep_sandboxes).await;
    house.driver.shutdown().await;
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

/// Says that the server is there: to a program that started it, or to a person, and to the log.
fn tell(bound: &Bound, config: &Config, settings: &Settings, background: bool, demo_only: bool) {
    let mut warnings = settings.warnings.clone();
    warnings.extend(config.listen.warning(config.tls.is_on()));
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    if background {
        return background::tell_ready();
    }
    let addresses: Vec<_> = bound.addresses().iter().map(ToString::to_string).collect();
    tracing::info!(addresses = addresses.join(","), data_dir = %config.data_dir.display(), "listening");
    announce::say(bound, demo_only, &warnings);
}

/// `linger` is for a server in the background: how long it stays when nobody needs it.
async fn serve_until_end(
    bound: Bound,
    engine: &Engine,
    mut ending: watch::Receiver<Option<Ending>>,
    linger: Option<Duration>,
) -> Ending {
    let mut reason = Ending::Terminated;
    let unneeded = async {
        match linger {
            Some(linger) => background::until_unneeded(engine, linger).await,
            None => std::future::pending().await,
        }
    };
    bound
        .run(async {
            tokio::select! {
                _ = ending.wait_for(Option::is_some) => {}
                () = unneeded => reason = Ending::Unneeded,
            }
        })
        .await;
    let signalled = *ending.borrow();
    signalled.unwrap_or(reason)
}

//! What Holt's promises of speed and memory measure like on this machine, with the release program.
//!
//! Each figure starts the real server on a data directory of its own and drives it as a client would. Where a peer exists it
//! is measured in the same run, turn by turn with Holt, so that a noisy neighbour disturbs both. One table comes out; a
//! missed target is printed as such and only fails the program when asked to (`--strict`).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that measures and prints")]

mod bare;
mod bench;
mod figures;
mod holt;
mod http;
mod machine;
mod process;
mod table;
mod times;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use bench::Bench;
use figures::FIGURES;
use table::Table;

/// Measures Holt beside real peers and prints one table.
#[derive(Debug, Parser)]
#[command(name = "holt-bench")]
struct Arguments {
    /// Only the figures whose name contains this; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Fewer rounds: rougher figures, soon
    #[arg(long)]
    quick: bool,
    /// A thousand sessions come and go, and nothing of them may be left (a few minutes)
    #[arg(long)]
    soak: bool,
    /// Fail when a target is missed
    #[arg(long)]
    strict: bool,
    /// The program to measure
    #[arg(long, env = "HOLT_BIN", value_name = "FILE", default_value = "target/release/holt")]
    program: PathBuf,
    /// Where to work: on a disk, not in memory [default: beside this program]
    #[arg(long, env = "HOLT_BENCH_DIR", value_name = "DIR")]
    directory: Option<PathBuf>,
    /// List the figures
    #[arg(long)]
    list: bool,
    /// Only for this program itself: stand between the desktop at this socket and its viewers
    #[arg(long, hide = true, value_name = "SOCKET")]
    serve_desktop: Option<PathBuf>,
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        let named = self.only.iter().any(|part| name.contains(part.as_str()));
        named || (self.only.is_empty() && (name != "soak" || self.soak))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(met) if met || !arguments.strict => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the measurement failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints. Says whether every target was met.
fn run(arguments: &Arguments) -> Result<bool> {
    if arguments.list {
        FIGURES.iter().for_each(|(name, about, _)| println!("{name:<14} {about}"));
        return Ok(true);
    }
    if let Some(source) = &arguments.serve_desktop {
        figures::viewers::serve(source)?;
        return Ok(true);
    }
    machine::allow_many_descriptors();
    let bench = Bench::new(&arguments.program, arguments.directory.as_deref(), arguments.quick)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (mut table, mut failed) = (Table::default(), Vec::new());
    println!("{}", machine::line(&bench));
    for (name, about, figure) in FIGURES.iter().filter(|(name, ..)| arguments.wants(name)) {
        eprintln!("measuring {name}: {about}");
        match runtime.block_on(figure(&bench)) {
            Ok(lines) => {
                lines.iter().for_each(|line| eprintln!("  {line}"));
                table.extend(lines);
            }
            // The others are worth having all the same.
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    println!("\n{table}\n{}", machine::load());
    ensure!(failed.is_empty(), "these figures could not be measured: {}", failed.join("; "));
    Ok(table.is_met())
}

//! `holt completions`.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  holt completions bash > ~/.local/share/bash-completion/completions/holt\n  holt completions zsh > ~/.zfunc/_holt\n  holt completions fish > ~/.config/fish/completions/holt.fish"
)]
pub struct Arguments {
    /// Which shell
    shell: Shell,
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments")]
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "holt", &mut script);
    Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
}

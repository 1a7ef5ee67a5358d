//! `holt profiles`.

use clap::Subcommand;
use holt_core::profile::{Profile, ProfileName};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{ago, now, short_id};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what browsers know of earlier sessions
    #[command(visible_alias = "list")]
    Ls,
    /// Remove a profile; whoever was signed in by it is not any more
    Rm {
        /// Its name
        #[arg(value_parser = name)]
        name: ProfileName,
    },
}

/// A profile's name, as it stands on the command line.
pub fn name(text: &str) -> Result<ProfileName, String> {
    ProfileName::new(text).map_err(|error| error.to_string())
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    match command {
        Command::Ls => {
            let profiles = client.profiles().await.map_err(context.explain())?;
            context.output.result(&profiles, || list(&profiles.items))
        }
        Command::Rm { name } => {
            client.remove_profile(&name).await.map_err(context.explain())?;
            context.output.result(&json!({ "removed": name }), || "removed".into())
        }
    }
}

fn list(profiles: &[Profile]) -> String {
    if profiles.is_empty() {
        return "no profiles; a session begins one with `holt run --managed --profile NAME`".into();
    }
    let now = now();
    let row = |profile: &Profile| {
        let kept = profile.kept_at.map_or_else(|| "never".into(), |at| ago(at, now));
        let held = profile.held_by.map_or_else(String::new, |session| format!("held by {}", short_id(session)));
        vec![profile.name.to_string(), format!("{} kB", profile.bytes.div_ceil(1000)), kept, held]
    };
    table(&profiles.iter().map(row).collect::<Vec<_>>())
}

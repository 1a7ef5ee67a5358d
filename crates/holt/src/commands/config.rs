//! `holt config`: the configuration in effect, with where each value comes from. Secrets are not shown.

use clap::Args;
use serde_json::{Map, json};

use crate::config::{Config, Setting, Settings, WorkingDirectory, settings};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  holt config             what `holt serve` would use, started here\n  holt config --about     every setting, with its names and what it is for"
)]
pub struct Arguments {
    /// Say what each setting is for and what it is called in the environment
    #[arg(long)]
    about: bool,
}

#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments")]
pub fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let (config, found) = context.configuration(Vec::new(), WorkingDirectory::Read)?;
    if arguments.about {
        return context.output.result(&about_json(), about);
    }
    for warning in &found.warnings {
        context.output.note(warning);
    }
    context.output.result(&json(&found, &config), || {
        let rows: Vec<Vec<String>> = settings().map(|setting| row(setting, &found, &config)).collect();
        table(&rows)
    })
}

/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

fn shown(setting: &Setting, found: &Settings, config: &Config) -> (Option<String>, String) {
    match found.get(setting.key) {
        Some(value) if setting.secret => (Some(HIDDEN.into()), value.source.to_string()),
        Some(value) => (Some(value.text.clone()), value.source.to_string()),
        None if setting.key == "data_dir" => (Some(config.data_dir.display().to_string()), "default".into()),
        None => (None, String::new()),
    }
}

fn row(setting: &Setting, found: &Settings, config: &Config) -> Vec<String> {
    let (value, source) = shown(setting, found, config);
    vec![setting.key.into(), value.as_deref().map_or("-".into(), clean_line), clean_line(&source)]
}

fn json(found: &Settings, config: &Config) -> Map<String, serde_json::Value> {
    let entry = |setting: &Setting| {
        let (value, source) = shown(setting, found, config);
        (setting.key.to_owned(), json!({ "value": value, "source": source }))
    };
    settings().map(entry).collect()
}

fn about() -> String {
    let rows: Vec<Vec<String>> = settings()
        .map(|setting| {
            let default = setting.default.map(|default| format!(" [{default}]")).unwrap_or_default();
            vec![setting.key.into(), setting.env.join(" or "), format!("{}{default}", setting.about)]
        })
        .collect();
    table(&rows)
}

fn about_json() -> Vec<serde_json::Value> {
    let entry = |setting: &'static Setting| json!({ "key": setting.key, "env": setting.env, "about": setting.about, "default": setting.default, "secret": setting.secret });
    settings().map(entry).collect()
}

//! The scripted model as a program, for tests and benchmarks in other languages: `scripted-model [SCRIPT.json]`.
//!
//! It prints its address on a line and serves until its standard input ends. The script is a list of answers, such as
//! `{"text": "Hi."}`, `{"calls": [{"tool": "list_files", "arguments": {}}]}` or `{"error": {"status": 529, "kind":
//! "overloaded_error", "message": "busy"}}`, which are given in turn, over and over. What clients got wrong is printed to
//! the standard error at the end, and makes the program fail.

use std::io::{self, Write as _};
use std::process::ExitCode;

use holt_testkit::{ScriptedModel, Step};
use serde_json::json;
use tokio::io::AsyncReadExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(violations) if violations.is_empty() => ExitCode::SUCCESS,
        Ok(violations) => fail(&violations.join("\n")),
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(text: &str) -> ExitCode {
    // Where it could not be said, the exit code still tells it.
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::FAILURE
}

async fn serve() -> io::Result<Vec<String>> {
    let script = match std::env::args().nth(1) {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        None => json!([{ "text": "ok" }]),
    };
    let steps = script.as_array().into_iter().flatten().map(Step::read).collect::<Result<Vec<_>, _>>();
    let steps = steps.map_err(io::Error::other)?;
    if steps.is_empty() {
        return Err(io::Error::other("the script has no answers"));
    }
    let mut turn = steps.into_iter().cycle();
    let server = ScriptedModel::answering(move |_| turn.next().unwrap_or(Step::HangUp)).await;
    writeln!(io::stdout(), "{}", server.url())?;
    io::stdout().flush()?;
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    Ok(server.take_violations())
}

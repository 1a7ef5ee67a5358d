//! What the server says to a person when it is there. The sign-in link goes to a terminal and nowhere else.

use std::io::{self, IsTerminal, Write};

use holt_server::Bound;

/// Says it, when somebody sits there.
pub fn say(bound: &Bound, demo_only: bool, warnings: &[String]) {
    let (out, err) = (io::stdout(), io::stderr());
    if !out.is_terminal() && !err.is_terminal() {
        return;
    }
    let text = text(bound.url(), &bound.sign_in_link().url, demo_only, warnings);
    // A person who cannot be reached is no reason not to serve.
    let _ = if out.is_terminal() { out.lock().write_all(text.as_bytes()) } else { err.lock().write_all(text.as_bytes()) };
}

fn text(url: &str, sign_in: &str, demo_only: bool, warnings: &[String]) -> String {
    let mut text = format!("\n  Holt {} is at {url}\n\n  Sign in:  {sign_in}\n", env!("CARGO_PKG_VERSION"));
    text.push_str("            (works once, for five minutes; `holt open` makes another)\n\n");
    if demo_only {
        text.push_str("  Only the offline demo answers. For a real model, set ANTHROPIC_API_KEY and start again.\n\n");
    }
    for warning in warnings {
        text.push_str(&format!("  ! {warning}\n"));
    }
    text
}

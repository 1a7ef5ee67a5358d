//! The executable in its parts: the keeper of a sandbox, process 1 inside it, the toolbox, the desktop, and the browser's parent.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["keeper"] => holt_keeper::outside::run(),
        ["init", number] => holt_keeper::inside::run_init(number),
        ["desktop", flavour, geometry] => holt_keeper::inside::desktop::run_desktop(flavour, geometry),
        ["toolbox", number] => holt_keeper::inside::run_toolbox(number),
        ["browser", number] => holt_keeper::inside::run_browser(number),
        _ => ExitCode::from(64),
    }
}

//! How long calls may take, as the keeper is told: it does not believe the toolbox, which keeps the same limits itself.

use holt_toolbox::catalogue::{DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS};
use serde_json::Value;

/// Every tool but a command ends well within this by its own limit.
const OTHER_TOOLS_SECONDS: u64 = 60;
/// What ending a command with all that it started, and a busy machine, may take besides.
const GRACE_SECONDS: u64 = 30;

/// After how many seconds a toolbox that keeps its own time limits has certainly answered.
pub fn longest_seconds(tool: &str, arguments: &Value) -> u64 {
    let own = match tool {
        "execute_command" => arguments.get("timeout_seconds").map_or(DEFAULT_TIMEOUT_SECONDS, asked),
        _ => OTHER_TOOLS_SECONDS,
    };
    own + GRACE_SECONDS
}

/// Models send numbers as text too. What is none of both is refused by the toolbox, or means that nothing was asked for.
fn asked(value: &Value) -> u64 {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.map_or(DEFAULT_TIMEOUT_SECONDS, |number| number as u64).clamp(1, MAX_TIMEOUT_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_command_s_own_limit_counts_as_the_toolbox_reads_it() {
        for (arguments, seconds) in [
            (json!({ "command": "x" }), DEFAULT_TIMEOUT_SECONDS),
            (json!({ "timeout_seconds": 7 }), 7),
            (json!({ "timeout_seconds": "90" }), 90),
            (json!({ "timeout_seconds": null }), DEFAULT_TIMEOUT_SECONDS),
            (json!({ "timeout_seconds": 0 }), 1),
            (json!({ "timeout_seconds": 1e9 }), MAX_TIMEOUT_SECONDS),
            (json!({ "timeout_seconds": "1e99" }), MAX_TIMEOUT_SECONDS),
            (json!({ "timeout_seconds": { "nonsense": true } }), DEFAULT_TIMEOUT_SECONDS),
            (json!([]), DEFAULT_TIMEOUT_SECONDS),
        ] {
            assert_eq!(longest_seconds("execute_command", &arguments), seconds + GRACE_SECONDS, "{arguments}");
        }
        assert_eq!(longest_seconds("read_file", &json!({ "timeout_seconds": 7 })), OTHER_TOOLS_SECONDS + GRACE_SECONDS);
    }
}

//! Sizes, times, ids and calls in a few characters.

use holt_core::id::SessionId;
use holt_core::time::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::terminal::short_line;

/// The end of an id, which is its random part: enough to name a session by.
pub fn short_id(id: SessionId) -> String {
    let text = id.to_string();
    text[text.len() - 8..].to_owned()
}

pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = 0;
    let mut tenths = bytes / 100;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// How long ago, in one unit.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(then).as_secs();
    match seconds {
        0..10 => "just now".into(),
        10..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A time in the user's own time zone.
pub fn time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// The arguments that say most about a call, in the order of preference.
const TELLING: &[&str] = &["command", "path", "pattern", "query", "name", "url", "process_id", "pid"];

/// What a call is about, on one line.
pub fn call(arguments: &Value) -> String {
    let telling = TELLING.iter().find_map(|name| arguments.get(name).and_then(Value::as_str));
    match telling {
        Some(text) => first_line(text),
        None if arguments.as_object().is_some_and(serde_json::Map::is_empty) => String::new(),
        None => short_line(&arguments.to_string(), 100),
    }
}

/// The first line of a text that may have many, with a sign that there is more.
fn first_line(text: &str) -> String {
    let text = text.trim();
    match text.split_once('\n') {
        Some((first, _)) => format!("{} …", short_line(first.trim_end(), 98)),
        None => short_line(text, 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sizes() {
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (5_000_000_000, "5.0 GB")] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn calls_show_what_they_are_about() {
        assert_eq!(call(&json!({ "path": "a.txt", "content": "long" })), "a.txt");
        assert_eq!(call(&json!({ "command": "printf '\x1b]0;x'\nls" })), "printf '␛]0;x' …");
        assert_eq!(call(&json!({ "command": "\n  cat > a <<E\r\nx\nE" })), "cat > a <<E …");
        assert_eq!(call(&json!({})), "");
        assert_eq!(call(&json!({ "a": 1 })), r#"{"a":1}"#);
    }

    #[test]
    fn times_ago() {
        let ago = |millis| ago(Timestamp::from_millis(0), Timestamp::from_millis(millis));
        assert_eq!((ago(5_000), ago(59_000), ago(7_200_000)), ("just now".into(), "59 s ago".into(), "2 h ago".into()));
    }
}

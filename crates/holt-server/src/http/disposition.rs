//! How a file of a workspace is handed to a browser: under which name and as which type.
//!
//! The bytes were perhaps made by something hostile. They are for saving, not for showing; the few types that may be shown
//! cannot carry script, and the type that is said is never one that could.

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 5987: what may stand unencoded in `filename*`.
const ATTR: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const MAX_NAME_CHARS: usize = 200;

/// `Content-Disposition` for a file of this name.
pub(crate) fn disposition(kind: Kind, path: &str) -> HeaderValue {
    let name = plain_name(path);
    let fallback: String = name.chars().map(|c| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let word = match kind {
        Kind::Attachment => "attachment",
        Kind::Inline => "inline",
    };
    let encoded = utf8_percent_encode(&name, ATTR);
    HeaderValue::from_str(&format!(r#"{word}; filename="{fallback}"; filename*=UTF-8''{encoded}"#))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Attachment,
    Inline,
}

/// The last name of a path without what could confuse those who read it or store it.
fn plain_name(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control() && !is_invisible(*c)).take(MAX_NAME_CHARS).collect();
    let name = name.trim_matches([' ', '.']);
    // A leading dot is part of a name such as `.env`; browsers rename it as they see fit.
    if name.is_empty() { "file".into() } else { name.replace('\\', "_") }
}

/// Characters that turn the direction of text, join or hide.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The type that is said of an attachment. What a browser could run is said to be nothing in particular.
pub(crate) fn attachment_type(path: &str) -> String {
    let guess = mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream");
    let kind = guess.split('/').next().unwrap_or_default();
    let passive = matches!(kind, "audio" | "video" | "font")
        || (kind == "image" && guess != "image/svg+xml")
        || matches!(
            guess,
            "text/plain" | "text/csv" | "text/markdown" | "application/json" | "application/zip" | "application/gzip"
        );
    if passive { guess.to_owned() } else { "application/octet-stream".to_owned() }
}

/// The type as which a file may be shown in place, if it may.
pub(crate) fn inline_type(path: &str) -> Option<&'static str> {
    const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
    const TEXT: &str = "text/plain; charset=utf-8";
    match mime_guess::from_path(path).first_raw() {
        Some(guess) if PICTURES.contains(&guess) => PICTURES.into_iter().find(|known| *known == guess),
        Some("text/html" | "text/xml") => None,
        Some(guess) if guess.starts_with("text/") || guess == "application/json" => Some(TEXT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header(path: &str) -> String {
        disposition(Kind::Attachment, path).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_name_is_quoted() {
        assert_eq!(header("src/a.txt"), r#"attachment; filename="a.txt"; filename*=UTF-8''a.txt"#);
        assert_eq!(header("ö\"x\".txt"), r#"attachment; filename="__x_.txt"; filename*=UTF-8''%C3%B6%22x%22.txt"#);
        assert_eq!(header("a\r\nSet-Cookie: x"), r#"attachment; filename="aSet-Cookie: x"; filename*=UTF-8''aSet-Cookie%3A%20x"#);
        assert_eq!(header("gnp.\u{202e}exe"), r#"attachment; filename="gnp.exe"; filename*=UTF-8''gnp.exe"#);
        assert_eq!(header("dir/\u{1}"), r#"attachment; filename="file"; filename*=UTF-8''file"#);
    }

    #[test]
    fn nothing_that_runs_is_called_by_its_type() {
        for path in ["a.html", "a.svg", "a.xml", "a.xhtml", "a.js", "a.pdf", "a.wasm", "noext", "a.unknown"] {
            assert_eq!(attachment_type(path), "application/octet-stream", "{path}");
        }
        assert_eq!(attachment_type("a.png"), "image/png");
        for path in ["a.html", "a.svg", "a.xhtml", "a.pdf", "a.xml", "noext"] {
            assert_eq!(inline_type(path), None, "{path}");
        }
        assert_eq!(inline_type("a.PNG"), Some("image/png"));
        assert_eq!(inline_type("a.rs"), Some("text/plain; charset=utf-8"));
    }

    proptest! {
        #[test]
        fn any_name_makes_a_header(path in "\\PC{0,300}|[\\x00-\\x7f]{0,50}") {
            let text = header(&path);
            prop_assert!(text.starts_with("attachment; filename=\""));
            prop_assert_eq!(text.matches('"').count(), 2);
            prop_assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)));
        }
    }
}

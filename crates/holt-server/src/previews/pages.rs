//! What stands on a preview's origin when what the agent serves cannot: small pages that say why, without a script.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::accept::wants_page;

pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors ";
pub(crate) const STYLE: &str = "html{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto 0;padding:0 24px}\
    h1{font-size:20px;font-weight:600}code{font-size:12px;opacity:.7}";

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// There is no such preview, or it is over.
    Closed,
    /// Whoever asks has not been let in.
    Stranger,
    /// The request comes from a page that is not the preview's.
    Foreign,
    Asleep,
    NobodyServes(u16),
    Busy,
    /// What serves there does not speak as it should, or stopped in the middle.
    Broken,
}

impl Why {
    fn status(self) -> StatusCode {
        match self {
            Self::Closed => StatusCode::NOT_FOUND,
            Self::Stranger | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Asleep | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::NobodyServes(_) | Self::Broken => StatusCode::BAD_GATEWAY,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Closed => "preview_closed",
            Self::Stranger => "preview_not_opened",
            Self::Foreign => "foreign_site",
            Self::Asleep => "sandbox_closed",
            Self::NobodyServes(_) => "nobody_serves",
            Self::Busy => "preview_busy",
            Self::Broken => "preview_broken",
        }
    }

    fn words(self) -> (String, &'static str) {
        match self {
            Self::Closed => ("This preview is closed.".into(), "Open it again from the session in Holt."),
            Self::Stranger => {
                let how =
                    "Open it from the session in Holt: its link lets one browser in, once. `holt preview` prints such a link.";
                ("This preview has not been opened in this browser.".into(), how)
            }
            Self::Foreign => ("Another site’s page asked for this.".into(), "Open the preview itself."),
            Self::Asleep => ("The session sleeps.".into(), "Wake it in Holt; this page looks again by itself."),
            Self::NobodyServes(port) => {
                (format!("Nothing serves on port {port} in the sandbox."), "When something does, it appears here by itself.")
            }
            Self::Busy => ("Too many requests are under way.".into(), "Try again in a moment."),
            Self::Broken => {
                let next = "Look at what it prints in the session, and load this page again.";
                ("What serves in the sandbox did not answer as a web server does.".into(), next)
            }
        }
    }

    /// It may be otherwise in a moment.
    fn looks_again(self) -> bool {
        matches!(self, Self::Asleep | Self::NobodyServes(_))
    }

    /// The answer: a page for whoever wants one.
    pub fn answer(self, asked: &HeaderMap, frames: &str) -> Response {
        let ((what, next), code) = (self.words(), self.code());
        let mut response = if wants_page(asked) {
            let page = format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <title>{what}</title><style>{STYLE}</style><h1>{what}</h1><p>{next}</p><code>{code}</code></html>"
            );
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], Body::from(page)).into_response()
        } else {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{what} {next} ({code})\n")).into_response()
        };
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let policy = HeaderValue::try_from(format!("{POLICY}{frames}"));
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.unwrap_or(HeaderValue::from_static("default-src 'none'")));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(HeaderName::from_static("x-holt-preview"), HeaderValue::from_static(code));
        if self.looks_again() {
            headers.insert(header::REFRESH, HeaderValue::from_static("2"));
        }
        response
    }
}

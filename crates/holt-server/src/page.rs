//! The web page: files that stand in the program, or in a directory while the page is being developed.
//!
//! Files whose name changes with their content are kept by browsers for ever; everything else is asked for again by its
//! tag. Addresses that are nobody's file belong to the page itself, which knows its own routes.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::OnceLock;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use holt_api::bounds;
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::http::accept::{takes_encoding, wants_page};
use crate::http::conditional::has_already;
use crate::http::headers::page_policy;
use crate::state::App;

const INDEX: &str = "index.html";
const IMMUTABLE: &str = "_app/immutable/";
/// What no page answers for: programs that ask there want to be told that there is nothing.
const INTERFACES: [&str; 6] = ["/v1/", "/v2/", "/api/", "/ws", "/mcp", "/_app/"];

#[derive(rust_embed::RustEmbed)]
#[folder = "../../web/build"]
struct Built;

#[derive(Debug)]
pub(crate) struct Page {
    directory: Option<PathBuf>,
    preview_domain: Option<String>,
    policy: OnceLock<HeaderValue>,
}

/// One file of the page.
struct Asset {
    bytes: Bytes,
    etag: HeaderValue,
}

impl Asset {
    fn new(data: Cow<'static, [u8]>, hash: [u8; 32]) -> Self {
        let tag: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""));
        let bytes = match data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => Bytes::from(data),
        };
        Self { bytes, etag }
    }
}

impl Page {
    pub fn new(directory: Option<PathBuf>, preview_domain: Option<String>) -> Self {
        Self { directory, preview_domain, policy: OnceLock::new() }
    }

    fn get(&self, name: &str) -> Option<Asset> {
        bounds::check_path(name).ok()?;
        let Some(directory) = &self.directory else {
            let file = Built::get(name)?;
            return Some(Asset::new(file.data, file.metadata.sha256_hash()));
        };
        let data = std::fs::read(directory.join(name)).ok()?;
        let hash = Sha256::digest(&data).into();
        Some(Asset::new(data.into(), hash))
    }

    /// The policy for documents. The index may change under a server that serves it from a directory.
    fn policy(&self) -> HeaderValue {
        let make = || {
            let index = self.get(INDEX).map(|asset| asset.bytes).unwrap_or_default();
            page_policy(&inline_script_hashes(&String::from_utf8_lossy(&index)), self.preview_domain.as_deref())
        };
        let changes = cfg!(debug_assertions) || self.directory.is_some();
        if changes { make() } else { self.policy.get_or_init(make).clone() }
    }

    /// The page's own document.
    pub fn index(&self, headers: &HeaderMap) -> Response {
        self.file(INDEX, headers).unwrap_or_else(|| ApiError::not_found().into_response())
    }

    /// One of its files, if there is one of that name.
    pub fn file(&self, name: &str, headers: &HeaderMap) -> Option<Response> {
        let plain = self.get(name)?;
        let (asset, encoding) = self.compressed(name, headers).map_or((plain, None), |(asset, word)| (asset, Some(word)));
        let mut response = if has_already(headers, &asset.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(asset.bytes))
        };
        let kept = if name.starts_with(IMMUTABLE) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let out = response.headers_mut();
        out.insert(header::CONTENT_TYPE, media_type(name));
        out.insert(header::ETAG, asset.etag);
        out.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        out.append(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if let Some(word) = encoding {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(word));
        }
        if name.ends_with(".html") {
            out.insert(header::CONTENT_SECURITY_POLICY, self.policy());
        }
        Some(response)
    }

    /// The same file as the build of the page has packed it, when the client takes that.
    fn compressed(&self, name: &str, headers: &HeaderMap) -> Option<(Asset, &'static str)> {
        [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(word, ending)| {
            let takes = takes_encoding(headers, word);
            takes.then(|| self.get(&format!("{name}.{ending}"))).flatten().map(|asset| (asset, word))
        })
    }
}

/// Answers what no route answers.
pub(crate) async fn page(State(app): State<App>, request: Request) -> Response {
    let path = request.uri().path();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::not_found().into_response();
    }
    let name = percent_decode_str(path.trim_start_matches('/')).decode_utf8().unwrap_or_default();
    if let Some(response) = app.page.file(&name, request.headers()) {
        return response;
    }
    let belongs_to_page = !INTERFACES.iter().any(|prefix| path.starts_with(prefix)) && wants_page(request.headers());
    if belongs_to_page { app.page.index(request.headers()) } else { ApiError::not_found().into_response() }
}

fn media_type(name: &str) -> HeaderValue {
    let guess = match name.rsplit('.').next() {
        Some("webmanifest") => "application/manifest+json",
        Some("js" | "mjs") => "text/javascript",
        _ => mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream"),
    };
    let text = guess.starts_with("text/");
    let full = if text { format!("{guess}; charset=utf-8") } else { guess.to_owned() };
    HeaderValue::from_str(&full).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

/// SHA-256 of every script that stands in a document, as a content security policy names them.
fn inline_script_hashes(html: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        rest = &rest[start + "<script".len()..];
        let Some(open) = rest.find('>') else { break };
        let (attributes, after) = (&rest[..open], &rest[open + 1..]);
        let Some(end) = after.find("</script") else { break };
        let is_inline = !attributes.split_ascii_whitespace().any(|word| word.starts_with("src="));
        if is_inline {
            hashes.push(STANDARD.encode(Sha256::digest(&after.as_bytes()[..end])));
        }
        rest = &after[end..];
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scripts_in_the_document_are_named_by_their_hash() {
        let html = "<script src=\"/a.js\"></script><script>alert(1)</script><p><script type=module>\nx\n</script>";
        let expected = [STANDARD.encode(Sha256::digest(b"alert(1)")), STANDARD.encode(Sha256::digest(b"\nx\n"))];
        assert_eq!(inline_script_hashes(html), expected);
        assert!(inline_script_hashes("<script>never ends").is_empty());
    }

    #[test]
    fn the_page_never_leaves_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let build = directory.path().join("build");
        std::fs::create_dir(&build).unwrap();
        std::fs::write(directory.path().join("secret"), "s").unwrap();
        std::fs::write(build.join("index.html"), "i").unwrap();
        let page = Page::new(Some(build), None);
        assert!(page.get("index.html").is_some());
        for outside in ["../secret", "/../secret", "a/../../secret", "", "..", "/etc/passwd"] {
            assert!(page.get(outside).is_none(), "{outside}");
        }
    }

    proptest! {
        #[test]
        fn any_document_is_read(html in "(<script|>|</script>|src=| |x){0,30}") {
            let _ = inline_script_hashes(&html);
        }
    }
}

//! The description as a page: one document, no script, nothing from elsewhere.

use std::fmt::Write as _;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{openapi_json, status_words};

const STYLE: &str = include_str!("page.css");

pub(crate) fn page(version: &str) -> Response {
    let document: Value = serde_json::from_str(&openapi_json(version)).unwrap_or_default();
    let mut response = Html(render(&document)).into_response();
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// An operation and where it is.
struct Place<'a> {
    method: String,
    path: &'a str,
    operation: &'a Value,
}

impl Place<'_> {
    fn tag(&self) -> &str {
        self.operation["tags"][0].as_str().unwrap_or("other")
    }

    fn anchor(&self) -> &str {
        self.operation["operationId"].as_str().unwrap_or_default()
    }
}

fn render(document: &Value) -> String {
    let places = places(document);
    let mut tags: Vec<&str> = Vec::new();
    for place in &places {
        if !tags.contains(&place.tag()) {
            tags.push(place.tag());
        }
    }
    let mut out = String::with_capacity(128 * 1024);
    let (title, version) = (text(&document["info"]["title"]), text(&document["info"]["version"]));
    let _ = write!(
        out,
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>{title} {version}: the interface</title><style>{STYLE}</style></head><body><nav><h1>{title} <small>{version}</small></h1>"
    );
    for tag in &tags {
        let _ = write!(out, "<h2>{}</h2><ul>", escape(tag));
        for place in places.iter().filter(|place| place.tag() == *tag) {
            let (anchor, summary) = (escape(place.anchor()), text(&place.operation["summary"]));
            let _ = write!(out, "<li><a href='#{anchor}'>{summary}</a>");
        }
        out.push_str("</ul>");
    }
    out.push_str("<h2><a href='#schemas'>Types</a></h2></nav><main>");
    let _ = write!(
        out,
        "<p class=lead>{}</p><p><a href='/openapi.json'>openapi.json</a></p>",
        prose(&document["info"]["description"])
    );
    places.iter().for_each(|place| operation(&mut out, place));
    out.push_str("<h2 id=schemas>Types</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        type_section(&mut out, name, schema);
    }
    out.push_str("</main></body></html>");
    out
}

fn places(document: &Value) -> Vec<Place<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            operations.map(move |(method, operation)| Place { method: method.to_uppercase(), path, operation })
        })
        .collect()
}

fn operation(out: &mut String, place: &Place<'_>) {
    let Place { method, path, operation } = place;
    let (anchor, summary) = (escape(place.anchor()), text(&operation["summary"]));
    let _ =
        write!(out, "<section id='{anchor}'><h3>{summary}</h3><p class=call><b>{method}</b> <code>{}</code></p>", escape(path));
    let said = operation["description"].as_str().unwrap_or_default();
    for paragraph in said.split("\n\n").filter(|paragraph| Some(*paragraph) != operation["summary"].as_str()) {
        let _ = write!(out, "<p>{}</p>", marked(paragraph));
    }
    let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        out.push_str("<table><tr><th>Parameter<th>In<th>Type<th>");
        for parameter in parameters {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let (kind, said) = (type_name(&parameter["schema"]), prose(&parameter["description"]));
            let _ = write!(out, "<tr><td><code>{name}</code><td>{place}<td>{kind}<td>{said}");
        }
        out.push_str("</table>");
    }
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = write!(out, "<p>Takes {} <small>{}</small></p>", type_name(&content["schema"]), escape(media));
    }
    out.push_str("<table><tr><th>Answer<th>Type<th>");
    for (code, response) in operation["responses"].as_object().into_iter().flatten() {
        let kinds = response["content"].as_object().into_iter().flatten();
        let kinds: Vec<String> = kinds.map(|(media, content)| answer_type(media, &content["schema"])).collect();
        let said = prose(&response["description"]);
        let _ = write!(out, "<tr><td>{} <small>{}</small><td>{}<td>{said}", escape(code), status_words(code), kinds.join("<br>"));
    }
    out.push_str("</table></section>");
}

fn answer_type(media: &str, schema: &Value) -> String {
    if media == "application/json" { type_name(schema) } else { format!("<small>{}</small>", escape(media)) }
}

fn type_section(out: &mut String, name: &str, schema: &Value) {
    let name = escape(name);
    let _ = write!(out, "<section id='type-{name}'><h3>{name}</h3><p>{}</p>", prose(&schema["description"]));
    fields(out, schema);
    for key in ["oneOf", "anyOf", "allOf"] {
        for part in schema[key].as_array().into_iter().flatten() {
            let _ = write!(out, "<p class=part>{} {}</p>", type_name(part), prose(&part["description"]));
            fields(out, part);
        }
    }
    if schema["enum"].is_array() {
        let _ = write!(out, "<p>{}</p>", type_name(schema));
    }
    out.push_str("</section>");
}

fn fields(out: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else { return };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("<table>");
    for (name, property) in properties {
        let must = if required.contains(&name.as_str()) { "" } else { " <small>may be absent</small>" };
        let (kind, said) = (type_name(property), prose(&property["description"]));
        let _ = write!(out, "<tr><td><code>{}</code>{must}<td>{kind}<td>{said}", escape(name));
    }
    out.push_str("</table>");
}

/// A type in a few words, with a link where it has a name.
fn type_name(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href='#type-{name}'>{name}</a>");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string()))).collect();
        return values.join(" · ");
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[key].as_array() {
            let parts: Vec<String> = parts.iter().map(type_name).filter(|part| !part.is_empty()).collect();
            return parts.join(" or ");
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        kind => kind.as_str().unwrap_or_default().to_owned(),
    };
    if kind.starts_with("array") { format!("list of {}", type_name(&schema["items"])) } else { escape(&kind) }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn prose(value: &Value) -> String {
    marked(value.as_str().unwrap_or_default())
}

/// Plain text with code between backticks.
fn marked(said: &str) -> String {
    let mut out = String::new();
    for (n, part) in said.split('`').enumerate() {
        let part = escape(part);
        let part = if n % 2 == 1 { format!("<code>{part}</code>") } else { part };
        out.push_str(&part);
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_type() {
        let document: Value = serde_json::from_str(&openapi_json("1")).unwrap();
        let page = render(&document);
        for place in places(&document) {
            assert!(page.contains(&format!("id='{}'", place.anchor())), "{}", place.path);
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id='type-{name}'")), "{name}");
        }
        assert!(!page.contains("<script"));
    }

    #[test]
    fn words_from_the_document_never_become_markup() {
        assert_eq!(marked("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
    }
}

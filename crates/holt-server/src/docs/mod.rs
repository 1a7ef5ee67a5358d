//! The interface, described: as OpenAPI 3.1 for programs, as a page for people. Both come from the routes themselves.

mod page;

use axum::http::StatusCode;
use holt_api::{ClientFrame, ErrorBody, Event, ServerFrame, TerminalClientFrame, TerminalServerFrame};
use holt_core::access::Scope;
use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, InfoBuilder, License, OpenApi, OpenApiBuilder, Ref, Response, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::{Access, scope_word};
use crate::router::Declared;
use crate::routes;

pub(crate) use page::page;

const ABOUT: &str = "Holt runs AI agents in sandboxes of their own. This is its own interface: sessions, prompts, events, files and keys. \
    Send a key as `Authorization: Bearer …` or `X-API-Key`. Every error has the same body, with a stable `code` and a `hint`. \
    Times are milliseconds since 1970.";
const KEY: &str = "key";
const KEY_HEADER: &str = "key_header";
const TICKET: &str = "ticket";

/// The description as JSON text.
pub fn openapi_json(version: &str) -> String {
    let mut value = serde_json::to_value(document(version)).unwrap_or_default();
    tidy(&mut value);
    if let Some(Value::Object(schemas)) = value.pointer_mut("/components/schemas") {
        schemas.remove("u64");
    }
    value.to_string()
}

/// Says in the words of the standard what the derived description says in those of Rust: numbers have no name of their
/// own, bytes are not lists of numbers, and what is absent by default has no default.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            if map.get("$ref").is_some_and(|target| target == "#/components/schemas/u64") {
                map.remove("$ref");
                map.extend([("type".into(), json!("integer")), ("format".into(), json!("int64")), ("minimum".into(), json!(0))]);
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            for media in ["application/octet-stream", "application/zip"] {
                if let Some(content) = map.get_mut(media) {
                    *content = json!({ "schema": { "type": "string", "format": "binary" } });
                }
            }
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

fn document(version: &str) -> OpenApi {
    let mut components = Components::new();
    frames(&mut components);
    schemes(&mut components);
    let info = InfoBuilder::new().title("Holt").version(version).description(Some(ABOUT));
    let mut license = License::new("MIT");
    license.identifier = Some("MIT".into());
    let mut document = OpenApiBuilder::new().info(info.license(Some(license))).build();
    for declared in routes::all() {
        add(&mut document, &mut components, declared);
    }
    document.components = Some(components);
    document
}

/// What no route's body shows: the frames of the socket, and the body of errors.
fn frames(components: &mut Components) {
    let mut schemas = vec![
        (ClientFrame::name().into(), ClientFrame::schema()),
        (ServerFrame::name().into(), ServerFrame::schema()),
        (TerminalClientFrame::name().into(), TerminalClientFrame::schema()),
        (TerminalServerFrame::name().into(), TerminalServerFrame::schema()),
        (ErrorBody::name().into(), ErrorBody::schema()),
        ("Event".into(), Event::schema()),
    ];
    ClientFrame::schemas(&mut schemas);
    ServerFrame::schemas(&mut schemas);
    TerminalServerFrame::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

fn schemes(components: &mut Components) {
    let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
    let ticket = ApiKeyValue::with_description("ticket", "From `POST /v2/tickets`: for one GET, within a minute.");
    components.security_schemes.extend([
        (KEY.to_owned(), SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)).into()),
        (KEY_HEADER.to_owned(), SecurityScheme::ApiKey(header).into()),
        (TICKET.to_owned(), SecurityScheme::ApiKey(ApiKey::Query(ticket)).into()),
    ]);
}

fn add(document: &mut OpenApi, components: &mut Components, declared: Declared) {
    components.schemas.extend(declared.schemas);
    for (path, mut item) in declared.paths.paths {
        for (is_get, operation) in operations_mut(&mut item) {
            complete(operation, declared.access, is_get);
        }
        let path = path.replace("{*", "{");
        match document.paths.paths.get_mut(&path) {
            Some(known) => known.merge_operations(item),
            None => drop(document.paths.paths.insert(path, item)),
        }
    }
}

/// What all operations have in common, said once here: who may, and what an error looks like.
fn complete(operation: &mut Operation, access: Access, is_get: bool) {
    let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    let error: Response = ResponseBuilder::new().description("An error.").content("application/json", content).build();
    operation.responses.responses.insert("default".into(), error.into());
    let Access::Needs(scope) = access else {
        operation.security = Some(Vec::new());
        return;
    };
    let needs = |scheme: &str| SecurityRequirement::new(scheme, std::iter::empty::<String>());
    let carriers = [KEY, KEY_HEADER].into_iter().chain(is_get.then_some(TICKET));
    operation.security = Some(carriers.map(needs).collect());
    let said = operation.description.take().unwrap_or_default();
    operation.description = Some(format!("{said}\n\n{}", scope_line(scope)).trim_start().to_owned());
}

fn scope_line(scope: Scope) -> String {
    format!("Needs the scope `{}`.", scope_word(scope))
}

/// The operations of a path, with their methods.
pub(crate) fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    let all = [("GET", &item.get), ("PUT", &item.put), ("POST", &item.post), ("PATCH", &item.patch), ("DELETE", &item.delete)];
    all.into_iter().filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation))).collect()
}

/// The same to be changed, and which of them is the GET.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (bool, &mut Operation)> {
    let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
    all.into_iter().enumerate().filter_map(|(n, operation)| operation.as_mut().map(|operation| (n == 0, operation)))
}

/// The reasons of statuses, for the page.
fn status_words(code: &str) -> String {
    let reason =
        code.parse::<u16>().ok().and_then(|code| StatusCode::from_u16(code).ok()).and_then(|code| code.canonical_reason());
    reason.map_or_else(|| "error".to_owned(), str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn read() -> Value {
        serde_json::from_str(&openapi_json("1.2.3")).unwrap()
    }

    fn references(value: &Value, found: &mut HashSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(target)) => drop(found.insert(target.clone())),
                _ => references(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = read();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut found = HashSet::new();
        references(&document, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for target in found {
            let place = target.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{target} leads nowhere");
        }
    }

    #[test]
    fn every_route_is_described_and_no_other() {
        let document = read();
        let mut described = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{method} {path} has no summary");
                assert!(operation["responses"]["default"].is_object());
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let declared: HashSet<_> =
            crate::router::route_list().into_iter().map(|route| (route.method, route.path.replace("{*", "{"))).collect();
        assert_eq!(described, declared);
    }

    #[test]
    fn every_parameter_of_a_path_is_described_and_names_are_unique() {
        let document = read();
        let mut names = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
                let described: HashSet<&str> = operation["parameters"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|parameter| parameter["in"] == "path")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                let used: HashSet<&str> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
                assert_eq!(described, used, "{method} {path}");
            }
        }
    }

    #[test]
    fn the_kinds_of_events_and_frames_are_described() {
        let schemas = read()["components"]["schemas"].clone();
        assert!(schemas["u64"].is_null() && !schemas.to_string().contains("default\":null"));
        for name in ["Event", "EventBody", "ServerFrame", "ClientFrame", "ErrorBody", "Snapshot", "PromptQueued", "Delta"] {
            assert!(schemas[name].is_object(), "{name}");
        }
    }
}

//! Rules that more than one language has.

use std::collections::HashSet;

use serde_json::Value;

use super::check::Incoming;

/// What was found wrong, and the calls that are still to be answered.
#[derive(Default)]
pub(super) struct Rules {
    pub found: Vec<String>,
    used: HashSet<String>,
    pub open: Vec<String>,
}

impl Rules {
    pub fn of(incoming: &Incoming<'_>, path: &str) -> Self {
        let mut rules = Self::default();
        rules.unless(incoming.method == "POST", || format!("the method is {}", incoming.method));
        rules.unless(incoming.path.ends_with(path), || format!("the path is {}", incoming.path));
        let kind = (incoming.header)("content-type").unwrap_or_default();
        rules.unless(kind.starts_with("application/json"), || "the content-type is not application/json".into());
        rules.unless(incoming.body.is_some_and(Value::is_object), || "the body is no object".into());
        rules
    }

    pub fn unless(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.found.push(what());
        }
    }

    pub fn fields(&mut self, value: &Value, known: &[&str], place: &str) {
        for field in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
            self.unless(known.contains(&field.as_str()), || format!("{place}.{field}: unknown parameter"));
        }
    }

    /// A bearer's key, where there is one.
    pub fn bearer(&mut self, incoming: &Incoming<'_>) {
        let key = (incoming.header)("authorization");
        let right = key.as_ref().is_none_or(|key| key.len() > "Bearer ".len() && key.starts_with("Bearer "));
        self.unless(right, || "authorization is no bearer's".into());
    }

    pub fn tool(&mut self, name: &Value, parameters: &Value) {
        let name = name.as_str().unwrap_or_default();
        self.unless(is_name(name), || format!("tools: `{name}` is no name for a tool"));
        self.unless(parameters["type"] == "object", || format!("tools.{name}: the parameters are no object"));
    }

    /// A call with arguments as text.
    pub fn call(&mut self, id: &Value, name: &Value, arguments: &Value) {
        let id = id.as_str().unwrap_or_default().to_owned();
        self.unless(is_name(&id), || format!("`{id}` is no id for a call"));
        let new = self.used.insert(id.clone());
        self.unless(new, || format!("the id `{id}` was used before"));
        self.unless(is_name(name.as_str().unwrap_or_default()), || format!("{name} is no name for a tool"));
        let whole =
            arguments.as_str().is_some_and(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object()));
        self.unless(whole, || format!("the arguments of `{id}` are no JSON object in a string"));
        self.open.push(id);
    }

    pub fn result(&mut self, id: &Value) {
        let id = id.as_str().unwrap_or_default();
        let at = self.open.iter().position(|open| open == id);
        self.unless(at.is_some(), || format!("a result for `{id}`, which is no open call"));
        if let Some(at) = at {
            self.open.remove(at);
        }
    }

    /// Something else is said, before which all calls have to be answered.
    pub fn all_answered(&mut self, place: &str) {
        let open = std::mem::take(&mut self.open);
        self.unless(open.is_empty(), || format!("{place}: calls without a result: {open:?}"));
    }

    pub fn words(&mut self, text: &Value, place: &str) {
        self.unless(text.as_str().is_some_and(|text| !text.trim().is_empty()), || format!("{place}: no words"));
    }

    pub fn picture(&mut self, url: &Value, place: &str) {
        let right = url.as_str().and_then(|url| url.strip_prefix("data:image/")).and_then(|rest| rest.split_once(";base64,"));
        self.unless(right.is_some_and(|(_, data)| is_base64(data)), || format!("{place}: a bad picture"));
    }
}

pub(super) fn is_base64(data: &str) -> bool {
    !data.is_empty() && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map(Vec::as_slice).unwrap_or_default()
}

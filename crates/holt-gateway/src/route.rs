//! Which requests there are: a provider, an action, and where the provider has it. Nothing else is passed on.

use crate::{Provider, Refusal};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub provider: Provider,
    pub action: Action,
    /// The path at the provider, with the query that it gets.
    pub path: String,
    /// The model, where the path names it.
    pub model: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Messages,
    CountMessages,
    ChatCompletions,
    Responses,
    Generate,
    CountContent,
    /// The models there are.
    Models,
}

impl Action {
    /// Whether it has a body and is sent with POST.
    pub fn has_body(self) -> bool {
        self != Self::Models
    }

    /// Whether tokens are used, and counted.
    pub fn is_metered(self) -> bool {
        matches!(self, Self::Messages | Self::ChatCompletions | Self::Responses | Self::Generate)
    }
}

/// The provider that a path speaks of. Its errors are said in that one's shape.
pub fn provider(path: &str) -> Option<(Provider, &str)> {
    Provider::ALL.into_iter().find_map(|provider| {
        let rest = path.strip_prefix('/')?.strip_prefix(provider.as_str())?;
        rest.starts_with('/').then_some((provider, rest))
    })
}

/// Finds what is asked by method, path and query. The query may hold a token, which does not go further.
pub fn find(method: &str, path: &str, query: &str) -> Result<Route, Refusal> {
    let unknown = || {
        Refusal::Path(format!("{} {}", method.chars().take(16).collect::<String>(), path.chars().take(120).collect::<String>()))
    };
    let (provider, rest) = provider(path).ok_or_else(unknown)?;
    let (action, model) = match provider {
        Provider::Anthropic => anthropic(rest),
        Provider::OpenAi => openai(rest),
        Provider::Gemini => gemini(rest),
    }
    .ok_or_else(unknown)?;
    if method != if action.has_body() { "POST" } else { "GET" } {
        return Err(unknown());
    }
    let query = kept(provider, query);
    Ok(Route { provider, action, path: format!("{rest}{query}"), model: model.map(str::to_owned) })
}

fn anthropic(path: &str) -> Option<(Action, Option<&str>)> {
    Some(match path {
        "/v1/messages" => (Action::Messages, None),
        "/v1/messages/count_tokens" => (Action::CountMessages, None),
        _ => (models(path, "/v1/models")?, None),
    })
}

fn openai(path: &str) -> Option<(Action, Option<&str>)> {
    Some(match path {
        "/v1/chat/completions" => (Action::ChatCompletions, None),
        "/v1/responses" => (Action::Responses, None),
        _ => (models(path, "/v1/models")?, None),
    })
}

fn gemini(path: &str) -> Option<(Action, Option<&str>)> {
    let list = ["/v1beta/models", "/v1/models"].into_iter().find(|list| path.starts_with(list))?;
    if let Some(action) = models(path, list) {
        return Some((action, None));
    }
    let (model, verb) = path.strip_prefix(list)?.strip_prefix('/')?.split_once(':')?;
    let action = match verb {
        "generateContent" | "streamGenerateContent" => Action::Generate,
        "countTokens" => Action::CountContent,
        _ => return None,
    };
    is_name(model).then_some((action, Some(model)))
}

fn models(path: &str, list: &str) -> Option<Action> {
    let rest = path.strip_prefix(list)?;
    let is_one = || rest.strip_prefix('/').is_some_and(is_name);
    (rest.is_empty() || is_one()).then_some(Action::Models)
}

/// No more than names of models have: nothing that could lead elsewhere.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=100).contains(&name.len()) && name.bytes().all(plain) && !name.contains("..")
}

/// What of the query goes on.
fn kept(provider: Provider, query: &str) -> String {
    let goes_on = |pair: &&str| match (provider, pair.split_once('=')) {
        (Provider::Anthropic, Some(("beta", "true"))) | (Provider::Gemini, Some(("alt", "sse" | "json"))) => true,
        (_, Some(("limit" | "pageSize", number))) => number.len() <= 4 && number.bytes().all(|byte| byte.is_ascii_digit()),
        (_, Some(("after_id" | "before_id" | "pageToken", id))) => is_name(id),
        _ => false,
    };
    let kept: Vec<&str> = query.split('&').filter(goes_on).collect();
    if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) }
}

/// A token in the query, where Gemini's programs put it.
pub fn token(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("key="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_found() {
        let found = |method: &str, path: &str, query: &str| find(method, path, query).map(|route| (route.action, route.path));
        for (method, path, query, action, at) in [
            ("POST", "/anthropic/v1/messages", "beta=true", Action::Messages, "/v1/messages?beta=true"),
            ("POST", "/anthropic/v1/messages/count_tokens", "", Action::CountMessages, "/v1/messages/count_tokens"),
            ("GET", "/anthropic/v1/models", "limit=10&x=y", Action::Models, "/v1/models?limit=10"),
            ("POST", "/openai/v1/chat/completions", "", Action::ChatCompletions, "/v1/chat/completions"),
            ("POST", "/openai/v1/responses", "", Action::Responses, "/v1/responses"),
            ("GET", "/openai/v1/models/gpt-5", "", Action::Models, "/v1/models/gpt-5"),
            ("GET", "/gemini/v1beta/models", "key=secret", Action::Models, "/v1beta/models"),
        ] {
            assert_eq!(found(method, path, query), Ok((action, at.to_owned())));
        }
        let route = find("POST", "/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent", "alt=sse&key=t").unwrap();
        assert_eq!(route.model.as_deref(), Some("gemini-2.5-pro"));
        assert_eq!(route.path, "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "the token goes no further");
    }

    #[test]
    fn everything_else_is_refused() {
        for (method, path) in [
            ("GET", "/anthropic/v1/messages"),
            ("DELETE", "/anthropic/v1/models"),
            ("POST", "/anthropic/v1/messages/batches"),
            ("POST", "/anthropic/v1/files"),
            ("POST", "/anthropic/v1/messages/"),
            ("POST", "/anthropic//v1/messages"),
            ("POST", "/anthropic/../openai/v1/responses"),
            ("POST", "/anthropic/v1/messages%2fbatches"),
            ("GET", "/openai/v1/models/../files"),
            ("GET", "/openai/v1/models/.."),
            ("GET", "/openai/v1/responses/resp_1"),
            ("POST", "/openai/v1/embeddings"),
            ("POST", "/openai/v1/images/generations"),
            ("POST", "/gemini/v1beta/models/a/b:generateContent"),
            ("POST", "/gemini/v1beta/models/a:batchGenerateContent"),
            ("POST", "/gemini/v1beta/cachedContents"),
            ("POST", "/gemini/upload/v1beta/files"),
            ("POST", "/v1/messages"),
            ("GET", "/"),
            ("CONNECT", "example.com:443"),
        ] {
            assert!(matches!(find(method, path, ""), Err(Refusal::Path(_))), "{method} {path}");
        }
    }
}

//! A follower of server-sent events.

use holt_testkit::within;
use reqwest::{Method, Response};
use serde_json::Value;

use super::Client;

pub struct EventStream {
    response: Response,
    text: String,
}

/// One event as it came.
#[derive(Debug, Clone)]
pub struct Sent {
    pub name: String,
    pub id: Option<u64>,
    pub data: Value,
}

impl EventStream {
    pub async fn open(client: &Client, path: &str) -> Self {
        let request = client.request(Method::GET, path).header("accept", "text/event-stream");
        Self::of(within("the stream", request.send()).await.unwrap())
    }

    pub async fn resume(client: &Client, path: &str, last: u64) -> Self {
        let request = client.request(Method::GET, path).header("accept", "text/event-stream").header("last-event-id", last);
        Self::of(within("the stream", request.send()).await.unwrap())
    }

    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; nothing when the stream has ended, well or badly.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                match parse(&event) {
                    Some(sent) => return Some(sent),
                    None => continue,
                }
            }
            let chunk = within("the next event", self.response.chunk()).await;
            self.text.push_str(std::str::from_utf8(&chunk.ok()??).unwrap());
        }
    }

    /// Skips to the next event of this name.
    pub async fn next_of(&mut self, name: &str) -> Sent {
        loop {
            let sent = self.next().await.unwrap_or_else(|| panic!("the stream ended before `{name}`"));
            if sent.name == name {
                return sent;
            }
        }
    }
}

fn parse(text: &str) -> Option<Sent> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let name = field("event")?.to_owned();
    Some(Sent { name, id: field("id").map(|id| id.parse().unwrap()), data: serde_json::from_str(&data.join("\n")).unwrap() })
}

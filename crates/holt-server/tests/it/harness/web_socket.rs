//! A client of the feed's socket.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use holt_testkit::within;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub struct Feed {
    pub socket: WebSocketStream<TcpStream>,
}

impl Feed {
    pub async fn open(address: SocketAddr, key: &str) -> Self {
        Self::try_open(address, "/v2/feed", &[("authorization", &format!("Bearer {key}"))]).await.unwrap()
    }

    /// The socket, or the status of the refusal.
    pub async fn try_open(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{target}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        match within("the socket", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub async fn follow(&mut self, session: impl std::fmt::Display, after: Option<u64>) {
        let after = after.map_or_else(String::new, |after| format!(r#","after":{after}"#));
        self.say(&format!(r#"{{"follow":"{session}"{after}}}"#)).await;
    }

    /// The next frame of the server; nothing when the socket has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            match within("a frame", self.socket.next()).await? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads up to the end, and says with which close code it came.
    pub async fn end(&mut self) -> Option<u16> {
        loop {
            match within("the end of the socket", self.socket.next()).await {
                Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

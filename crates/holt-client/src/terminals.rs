//! Terminals in a session's sandbox: opening, closing, and the socket of one.

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use holt_api::{
    OpenTerminal, SessionId, Terminal, TerminalClientFrame, TerminalId, TerminalList, TerminalServerFrame, TerminalSize,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request, Upgraded};

/// The most bytes of one message of the server: a screen of the largest size, drawn in many colours.
const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// What comes from a terminal.
#[derive(Debug)]
pub enum TerminalItem {
    /// What it puts out; hostile.
    Bytes(Bytes),
    Word(TerminalServerFrame),
}

type Socket = WebSocketStream<Box<dyn Upgraded>>;

/// The way to a terminal.
#[derive(Debug)]
pub struct TerminalWriter(SplitSink<Socket, Message>);

/// The way from a terminal.
#[derive(Debug)]
pub struct TerminalReader(SplitStream<Socket>);

impl TerminalWriter {
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.send(Message::binary(bytes.to_vec())).await
    }

    pub async fn resize(&mut self, TerminalSize { rows, cols }: TerminalSize) -> Result<(), ClientError> {
        self.say(TerminalClientFrame::Resize { rows, cols }).await
    }

    /// Everything before this byte was shown.
    pub async fn shown(&mut self, offset: u64) -> Result<(), ClientError> {
        self.say(TerminalClientFrame::Shown { offset }).await
    }

    async fn say(&mut self, word: TerminalClientFrame) -> Result<(), ClientError> {
        let text = serde_json::to_string(&word).map_err(|error| ClientError::BrokeOff(error.to_string()))?;
        self.send(Message::text(text)).await
    }

    async fn send(&mut self, message: Message) -> Result<(), ClientError> {
        self.0.send(message).await.map_err(|error| ClientError::BrokeOff(error.to_string()))
    }
}

impl TerminalReader {
    /// The next thing that came; nothing when the server has closed the socket.
    pub async fn next(&mut self) -> Result<Option<TerminalItem>, ClientError> {
        loop {
            match self.0.next().await {
                None | Some(Ok(Message::Close(_))) => return Ok(None),
                Some(Ok(Message::Binary(bytes))) => return Ok(Some(TerminalItem::Bytes(bytes))),
                Some(Ok(Message::Text(text))) => {
                    // A word of a newer server's is passed over.
                    if let Ok(word) = serde_json::from_str(&text) {
                        return Ok(Some(TerminalItem::Word(word)));
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(ClientError::BrokeOff(error.to_string())),
            }
        }
    }
}

fn terminals(session: SessionId) -> Path {
    Path::new("/v2/sessions").id(session).segment("terminals")
}

impl Client {
    pub async fn terminals(&self, session: SessionId) -> Result<TerminalList, ClientError> {
        self.get(terminals(session)).await
    }

    pub async fn open_terminal(&self, session: SessionId, open: &OpenTerminal) -> Result<Terminal, ClientError> {
        self.post(terminals(session), open).await
    }

    pub async fn close_terminal(&self, session: SessionId, terminal: TerminalId) -> Result<(), ClientError> {
        self.delete(terminals(session).id(terminal)).await
    }

    /// Watches a terminal, from a byte on if one is given and still there.
    pub async fn watch_terminal(
        &self,
        session: SessionId,
        terminal: TerminalId,
        from: Option<u64>,
    ) -> Result<(TerminalWriter, TerminalReader), ClientError> {
        let path = terminals(session).id(terminal).segment("socket").query_if("from", from);
        let request = Request::new(Method::GET, path)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        let upgraded = self.upgrade(request).await?;
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE_BYTES)).max_frame_size(Some(MAX_MESSAGE_BYTES));
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(limits)).await;
        let (to, from) = socket.split();
        Ok((TerminalWriter(to), TerminalReader(from)))
    }
}

//! The answer to a request: its head, and its body as it comes.

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use hyper::HeaderMap;

use crate::error::ClientError;

/// The most bytes of a refusal that are read.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: BoxStream<'static, Result<Bytes, ClientError>>,
}

impl Answer {
    /// Itself when it is good, else what the server says is wrong.
    pub async fn or_refusal(self) -> Result<Self, ClientError> {
        if (200..300).contains(&self.status) { Ok(self) } else { self.refusal().await }
    }

    /// What the server says is wrong.
    pub async fn refusal<T>(mut self) -> Result<T, ClientError> {
        // A refusal that is cut or breaks off is read as far as it came.
        let mut bytes = Vec::new();
        while let Some(Ok(chunk)) = self.body.next().await {
            let room = MAX_REFUSAL_BYTES - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if bytes.len() == MAX_REFUSAL_BYTES {
                break;
            }
        }
        Err(ClientError::from_body(self.status, &bytes))
    }

    pub async fn read_whole(mut self, limit: usize) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            if bytes.len() + chunk.len() > limit {
                return Err(ClientError::TooLarge { what: "the answer".into(), limit });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// A header's value, when it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

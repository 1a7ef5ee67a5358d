//! Bytes to the server and back, for what no well-behaved client sends.

use std::net::SocketAddr;

use holt_testkit::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub async fn open(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends these bytes and reads the head of what comes back; nothing, when the server ends the connection first.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = open(address).await;
    // The server may have heard enough before everything is sent.
    let _ = stream.write_all(bytes).await;
    read_head(&mut stream).await
}

pub async fn read_head(stream: &mut TcpStream) -> String {
    within("the head of an answer", async {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte).await {
                Ok(1) => head.push(byte[0]),
                _ => break,
            }
        }
        String::from_utf8_lossy(&head).into_owned()
    })
    .await
}

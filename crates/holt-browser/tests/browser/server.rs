//! A web server of a test's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a page is.
#[derive(Clone)]
pub enum Page {
    Html(String),
    /// Header lines and a body.
    Raw(String, Vec<u8>),
    /// A beginning, and then nothing for ever.
    Endless(String),
    /// Says that it is so long, and sends zeros for as long as somebody takes them.
    Zeros(u64),
}

#[derive(Clone)]
pub struct Site {
    pub port: u16,
    pages: Arc<Mutex<HashMap<String, Page>>>,
    /// What was asked for, with what was sent along.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = Self { port: listener.local_addr().unwrap().port(), pages: Arc::default(), asked: Arc::default() };
        let serving = site.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let site = serving.clone();
                tokio::spawn(async move { site.serve(stream).await });
            }
        });
        site
    }

    pub fn put(&self, path: &str, page: Page) -> String {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
        self.url(path)
    }

    pub fn html(&self, path: &str, html: &str) -> String {
        self.put(path, Page::Html(format!("<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{html}")))
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let mut first = String::new();
        stream.read_line(&mut first).await.ok()?;
        let (mut line, mut length) = (String::new(), 0);
        while stream.read_line(&mut line).await.ok()? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        self.asked.lock().unwrap().push(format!("{path} {}", String::from_utf8_lossy(&body)));
        let plain = path.split('?').next()?.to_owned();
        let page = self.pages.lock().unwrap().get(&plain).cloned();
        let mut stream = stream.into_inner();
        let (head, body) = match page {
            Some(Page::Html(html)) => ("HTTP/1.1 200 OK\r\ncontent-type: text/html".to_owned(), html.into_bytes()),
            Some(Page::Raw(head, body)) => (format!("HTTP/1.1 {head}"), body),
            Some(Page::Endless(begin)) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000000\r\n\r\n";
                stream.write_all(format!("{head}{begin}").as_bytes()).await.ok()?;
                std::future::pending::<()>().await;
                return None;
            }
            Some(Page::Zeros(length)) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n";
                let length = if length > 0 { format!("content-length: {length}\r\n") } else { String::new() };
                stream.write_all(format!("{head}{length}connection: close\r\n\r\n").as_bytes()).await.ok()?;
                let zeros = vec![0; 64 * 1024];
                loop {
                    stream.write_all(&zeros).await.ok()?;
                }
            }
            None => ("HTTP/1.1 404 Not Found".to_owned(), b"nothing".to_vec()),
        };
        let head = format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.ok()?;
        stream.write_all(&body).await.ok()?;
        stream.shutdown().await.ok()
    }
}

//! A client of the server: one request, one whole reply.

use std::net::{IpAddr, SocketAddr};

use holt_testkit::within;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of an error, having checked that the error has everything that errors have.
    pub fn code(&self) -> String {
        let body = self.json();
        assert_eq!(body["statusCode"], self.status, "{body}");
        for field in ["error", "message", "detail", "error_type", "code", "hint"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "`{field}` in {body}");
        }
        assert_eq!(body["request_id"], self.header("x-request-id"));
        body["code"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self::build(reqwest::Client::builder(), format!("http://{address}"))
    }

    /// A client at another address of loopback, so that the server takes it for somebody else.
    pub fn from_address(address: SocketAddr, own: IpAddr) -> Self {
        Self::build(reqwest::Client::builder().local_address(own), format!("http://{address}"))
    }

    /// A client that speaks TLS and takes any certificate.
    pub fn secure(address: SocketAddr) -> Self {
        let builder = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
        Self::build(builder, format!("https://{address}"))
    }

    fn build(builder: reqwest::ClientBuilder, base: String) -> Self {
        Self { http: builder.no_proxy().build().unwrap(), base, headers: Vec::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn with_key(self, key: &str) -> Self {
        self.with("authorization", &format!("Bearer {key}"))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        within("a reply", async {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            Reply { status, headers, body: response.bytes().await.unwrap().to_vec() }
        })
        .await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        self.send(self.request(Method::PUT, path).body(body)).await
    }
}

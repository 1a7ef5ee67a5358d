//! A real program, `curl`, with a real TLS server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::support::{Yard, head, mirror};

/// A TLS server that greets, for these names; its certificate is written to a file.
async fn secure(names: &[&str], certificate: &Path) -> (SocketAddr, JoinHandle<()>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let at = listener.local_addr().unwrap();
    let work = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                head(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (at, work)
}

/// What curl prints, and how it ends.
async fn curl(arguments: &[&str]) -> (String, Option<i32>) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--noproxy", ""]).args(arguments).env_clear().kill_on_drop(true);
    let output = curl.output().await.expect("curl has to be installed");
    (String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(), output.status.code())
}

struct Tls {
    _place: tempfile::TempDir,
    certificate: PathBuf,
    at: SocketAddr,
    _work: JoinHandle<()>,
}

async fn tls() -> Tls {
    let place = tempfile::tempdir().unwrap();
    let certificate = place.path().join("certificate.pem");
    let (at, work) = secure(&["localhost", "other.localhost", "127.0.0.1"], &certificate).await;
    Tls { _place: place, certificate, at, _work: work }
}

#[tokio::test]
async fn curl_reaches_what_is_named_in_every_way_that_it_knows() {
    let (plain, _mirror) = mirror().await;
    let tls = tls().await;
    let yard = Yard::open(&[plain.to_string(), tls.at.to_string()]).await;
    let certificate = tls.certificate.to_str().unwrap();
    for scheme in ["http", "socks5h", "socks5"] {
        let proxy = format!("{scheme}://{}", yard.at);
        let (said, code) = curl(&["-x", &proxy, &format!("http://{plain}/page")]).await;
        assert!(code == Some(0) && said.starts_with("GET /page"), "{scheme}: {said}");
        let (said, code) = curl(&["-x", &proxy, "--cacert", certificate, &format!("https://localhost:{}/", tls.at.port())]).await;
        let by_name = (said.as_str(), code);
        if scheme == "socks5" {
            // It looks the name up by itself and then asks for an address, in which no name may be spoken of.
            assert_ne!(by_name, ("secret", Some(0)));
        } else {
            assert_eq!(by_name, ("secret", Some(0)), "{scheme}");
        }
        let (said, code) = curl(&["-x", &proxy, "--cacert", certificate, &format!("https://{}/", tls.at)]).await;
        assert_eq!((said.as_str(), code), ("secret", Some(0)), "{scheme}: an address without a name");
    }
    let (said, code) = curl(&["-x", &format!("http://{}", yard.at), "--proxytunnel", &format!("http://{plain}/page")]).await;
    assert!(code == Some(0) && said.starts_with("GET /page"), "{said}");
}

#[tokio::test]
async fn the_name_in_tls_is_the_name_that_was_asked_for() {
    let tls = tls().await;
    let yard = Yard::open(&[tls.at.to_string()]).await;
    let (proxy, certificate) = (format!("http://{}", yard.at), tls.certificate.to_str().unwrap());
    let port = tls.at.port();
    // Asked for as `localhost`, and another name in TLS.
    let elsewhere = format!("other.localhost:{port}:localhost:{port}");
    let url = format!("https://other.localhost:{port}/");
    let (said, code) = curl(&["-x", &proxy, "--cacert", certificate, "--connect-to", &elsewhere, &url]).await;
    assert!(code != Some(0) && !said.contains("secret"), "{said}");
    assert_eq!(yard.refused(), [(format!("localhost:{port}"), "other_server_name")]);
    // Asked for as `localhost`, and no name.
    let nameless = format!("127.0.0.1:{port}:localhost:{port}");
    let url = format!("https://127.0.0.1:{port}/");
    let (said, code) = curl(&["-x", &proxy, "--cacert", certificate, "--connect-to", &nameless, &url]).await;
    assert!(code != Some(0) && !said.contains("secret"), "{said}");
    assert_eq!(yard.refused()[1], (format!("localhost:{port}"), "no_server_name"));
}

#[tokio::test]
async fn curl_is_told_why_it_is_refused() {
    let yard = Yard::open(&[]).await;
    let proxy = format!("http://{}", yard.at);
    let (said, _) = curl(&["-x", &proxy, "http://169.254.169.254/latest/meta-data"]).await;
    assert!(said.contains("metadata service") && said.contains("address_refused"), "{said}");
    let (said, code) = curl(&["-x", &proxy, "https://localhost:9/"]).await;
    assert!(code == Some(56) && said.contains("403"), "{said}");
    let (_, code) = curl(&["-x", &format!("socks5h://{}", yard.at), "http://localhost:9/"]).await;
    assert_eq!(code, Some(97));
}

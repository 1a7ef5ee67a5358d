//! Files up and down.

use futures::stream;
use reqwest::Method;
use serde_json::json;

use crate::harness::{Client, TestServer, exchange};

async fn workspace() -> (TestServer, Client, String) {
    let server = TestServer::start().await;
    let session = server.session().await;
    let client = server.client();
    (server, client, format!("/v2/sessions/{session}"))
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down() {
    let (server, client, base) = workspace().await;
    let put = client.put(&format!("{base}/files/src/ot%20ter.txt"), "hello").await;
    assert_eq!((put.status, put.json()), (201, json!({ "path": "src/ot ter.txt", "size": 5 })));
    let got = client.get(&format!("{base}/files/src/ot%20ter.txt")).await;
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    assert_eq!(got.header("content-disposition"), "attachment; filename=\"ot ter.txt\"; filename*=UTF-8''ot%20ter.txt");
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    assert!(got.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    let list = client.get(&format!("{base}/files?path=src")).await.json();
    assert_eq!(list["entries"][0]["path"], "src/ot ter.txt");
    let events = client.get(&format!("{base}/events")).await.json();
    assert_eq!(events["events"][1]["kind"], "file_received");
    assert_eq!(client.delete(&format!("{base}/files/src/ot%20ter.txt")).await.status, 204);
    assert_eq!(client.get(&format!("{base}/files/src/ot%20ter.txt")).await.code(), "file_not_found");
    assert_eq!(client.post(&format!("{base}/directories"), &json!({ "path": "a/b" })).await.status, 201);
    assert_eq!(client.get(&format!("{base}/files?path=a")).await.json()["entries"][0]["kind"], "directory");
    server.stop().await;
}

#[tokio::test]
async fn parts_and_tags_work_as_the_standard_says() {
    let (server, client, base) = workspace().await;
    let path = format!("{base}/files/a.bin");
    client.put(&path, "0123456789").await;
    let part = |range: &'static str| {
        let client = client.clone().with("range", range);
        let path = path.clone();
        async move { client.get(&path).await }
    };
    for (range, status, body, place) in [
        ("bytes=0-3", 206, "0123", "bytes 0-3/10"),
        ("bytes=8-", 206, "89", "bytes 8-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=0-99", 206, "0123456789", "bytes 0-9/10"),
        ("bytes=0-1,4-5", 200, "0123456789", ""),
        ("nonsense", 200, "0123456789", ""),
    ] {
        let reply = part(range).await;
        assert_eq!((reply.status, reply.text().as_str(), reply.header("content-range")), (status, body, place), "{range}");
        assert_eq!(reply.header("content-length"), body.len().to_string());
    }
    let beyond = part("bytes=10-").await;
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "no_such_range"));
    assert_eq!(beyond.header("content-range"), "bytes */10");
    let whole = client.get(&path).await;
    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with("W/\""));
    let again = client.clone().with("if-none-match", &etag).get(&path).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
    let conditional = client.clone().with("range", "bytes=0-3").with("if-range", &etag).get(&path).await;
    assert_eq!(conditional.status, 200, "a weak tag proves nothing for a part");
    client.put(&path, "another one").await;
    assert_eq!(client.clone().with("if-none-match", &etag).get(&path).await.status, 200);
    let head = client.send(client.request(Method::HEAD, &path)).await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "11", 0));
    client.put(&format!("{base}/files/empty"), "").await;
    let empty = client.get(&format!("{base}/files/empty")).await;
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    server.stop().await;
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_refused_in_every_spelling() {
    let (server, client, base) = workspace().await;
    client.put(&format!("{base}/files/a.txt"), "x").await;
    std::fs::write(server.directory.path().join("secret"), "s").unwrap();
    let spellings = [
        "../secret",
        "..%2fsecret",
        "%2e%2e/secret",
        "%2e%2e%2fsecret",
        ".%2e/secret",
        "a/../../secret",
        "a%2f..%2f..%2fsecret",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "a//b",
        "./a.txt",
        "a.txt/",
        "a%00.txt",
        "a%0a.txt",
        "a%7f",
        "..",
        "%c0%ae%c0%ae/secret",
        "%ff",
        "..%5csecret/..",
    ];
    for spelling in spellings {
        for method in ["GET", "PUT", "DELETE"] {
            let text = format!(
                "{method} {base}/files/{spelling} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                server.key
            );
            let head = exchange(server.address, text.as_bytes()).await;
            let status = head.split(' ').nth(1).unwrap_or_default();
            assert!(matches!(status, "400" | "404" | "405"), "{method} {spelling}: {head}");
        }
    }
    for path in ["..", "/", "a/../..", "%2e%2e", "a%00", "/etc"] {
        for route in ["files", "archive"] {
            let status = client.get(&format!("{base}/{route}?path={path}")).await.status;
            assert!(matches!(status, 400 | 404), "{route} {path}: {status}");
        }
        let made =
            client.post(&format!("{base}/directories"), &json!({ "path": path.replace("%00", "\0").replace("%2e", ".") })).await;
        assert_eq!(made.code(), "bad_path", "{path}");
    }
    assert_eq!(std::fs::read(server.directory.path().join("secret")).unwrap(), b"s");
    server.stop().await;
}

#[tokio::test]
async fn a_name_never_becomes_a_header_and_a_page_never_runs() {
    let (server, client, base) = workspace().await;
    for name in ["a\"b;.txt", "ü—🦦.txt", "x%; filename=evil.exe", "semi;colon", "\u{202e}gnp.exe"] {
        let path = format!("{base}/files/{}", urlencode(name));
        assert_eq!(client.put(&path, "x").await.status, 201, "{name}");
        let said = client.get(&path).await.header("content-disposition").to_owned();
        assert_eq!(said.matches('"').count(), 2, "{said}");
        assert!(said.starts_with("attachment; filename=\"") && said.is_ascii(), "{said}");
    }
    for (name, query, disposition, media_type) in [
        ("page.html", "?inline=true", "attachment", "application/octet-stream"),
        ("picture.svg", "?inline=true", "attachment", "application/octet-stream"),
        ("picture.png", "?inline=true", "inline", "image/png"),
        ("notes.md", "?inline=true", "inline", "text/plain; charset=utf-8"),
        ("page.html", "", "attachment", "application/octet-stream"),
        ("picture.png", "", "attachment", "image/png"),
    ] {
        let path = format!("{base}/files/{name}");
        client.put(&path, "<script>alert(1)</script>").await;
        let got = client.get(&format!("{path}{query}")).await;
        assert!(got.header("content-disposition").starts_with(disposition), "{name}{query}");
        assert_eq!(got.header("content-type"), media_type, "{name}{query}");
        assert!(got.header("content-security-policy").starts_with("sandbox"));
    }
    server.stop().await;
}

fn urlencode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_early_and_leaves_nothing() {
    let server = TestServer::start_with(|options| options.limits.upload_bytes = 1000).await;
    let session = server.session().await;
    let (client, path) = (server.client(), format!("/v2/sessions/{session}/files/big"));
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
        server.key
    );
    let answer = exchange(server.address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "before a byte of the body is sent: {answer}");
    let pieces = stream::iter((0..2000).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1000])));
    let reply = client.put(&path, reqwest::Body::wrap_stream(pieces)).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "too_large"));
    assert_eq!(client.get(&path).await.code(), "file_not_found");
    assert_eq!(client.put(&path, vec![b'x'; 1000]).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn a_file_that_ends_early_is_not_there() {
    let (server, client, base) = workspace().await;
    let broken = stream::iter([Ok(vec![b'x'; 100]), Err(std::io::Error::other("cut"))]);
    let request = client.request(Method::PUT, &format!("{base}/files/half")).body(reqwest::Body::wrap_stream(broken));
    assert!(request.send().await.is_err());
    assert_eq!(client.get(&format!("{base}/files/half")).await.code(), "file_not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_large_file_comes_back_as_it_went() {
    let (server, client, base) = workspace().await;
    let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n * 31 % 251) as u8).collect();
    assert_eq!(client.put(&format!("{base}/files/big"), bytes.clone()).await.json()["size"], 5_000_000);
    assert!(client.get(&format!("{base}/files/big")).await.body == bytes);
    let part = client.clone().with("range", "bytes=1000000-3999999").get(&format!("{base}/files/big")).await;
    assert!(part.body == bytes[1_000_000..4_000_000]);
    server.stop().await;
}

#[tokio::test]
async fn files_come_with_a_prompt() {
    let (server, client, base) = workspace().await;
    let send = |parts: Vec<(&'static str, Option<&'static str>, &'static str)>| {
        let mut form = String::new();
        for (name, file, content) in parts {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            form.push_str(&format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"));
        }
        form.push_str("--B--\r\n");
        let request =
            client.request(Method::POST, &format!("{base}/prompts")).header("content-type", "multipart/form-data; boundary=B");
        let client = client.clone();
        async move { client.send(request.body(form)).await }
    };
    let sent = send(vec![
        ("file", Some("notes.txt"), "first"),
        ("text", None, "look at these"),
        ("file", Some("../../notes.txt"), "second"),
        ("file", Some("..\\.."), "third"),
    ])
    .await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let events = client.get(&format!("{base}/events")).await.json();
    let queued = events["events"].as_array().unwrap().iter().find(|event| event["kind"] == "prompt_queued").unwrap();
    assert_eq!(queued["body"]["attachments"], json!(["uploads/notes.txt", "uploads/notes-2.txt", "uploads/file"]));
    assert_eq!(client.get(&format!("{base}/files/uploads/notes-2.txt")).await.text(), "second");
    let whole = json!({ "text": "as JSON", "when_busy": "queue" }).to_string();
    let whole: &'static str = whole.leak();
    assert_eq!(send(vec![("prompt", None, whole)]).await.status, 202);
    for bad in [vec![("other", None, "x")], vec![("prompt", None, "{")], vec![("text", None, "a"), ("text", None, "b")]] {
        assert_eq!(send(bad).await.status, 400);
    }
    // A prompt that is not taken leaves no file behind.
    let bad = send(vec![("file", Some("left.txt"), "x"), ("prompt", None, r#"{"text":"x","attachments":["../y"]}"#)]).await;
    assert_eq!(bad.code(), "bad_path");
    assert_eq!(client.get(&format!("{base}/files/uploads/left.txt")).await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn the_workspace_comes_as_an_archive() {
    let (server, client, base) = workspace().await;
    client.put(&format!("{base}/files/a.txt"), "one").await;
    client.put(&format!("{base}/files/dir/b.txt"), "two").await;
    let all = client.get(&format!("{base}/archive")).await;
    assert_eq!((all.status, all.text().as_str()), (200, "a.txt: one\ndir/b.txt: two\n"));
    assert_eq!(all.header("content-disposition"), "attachment; filename=\"test.zip\"; filename*=UTF-8''test.zip");
    let part = client.get(&format!("{base}/archive?path=dir")).await;
    assert_eq!(part.text(), "b.txt: two\n");
    assert!(part.header("content-disposition").contains("dir.zip"));
    assert_eq!(client.get(&format!("{base}/archive?path=nowhere")).await.code(), "file_not_found");
    server.stop().await;
}

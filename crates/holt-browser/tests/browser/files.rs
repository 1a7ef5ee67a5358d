//! Downloads and uploads.

use serde_json::json;

use crate::server::Page;
use crate::support::session;

#[tokio::test]
async fn files_come_by_a_click_and_by_address_under_safe_names() {
    let session = session().await;
    let attachment = "200 OK\r\ncontent-type: text/csv\r\ncontent-disposition: attachment; filename=\"../../.evil name.csv\"";
    session.site.put("/data", Page::Raw(attachment.into(), b"a,b\n".to_vec()));
    let url = session.site.html("/page", "<title>Files</title><a href=/data>get it</a>");
    session.open(&url).await.ok();
    let got = session.call("download", json!({ "target": "a" })).await.ok();
    let name = got.facts["name"].as_str().unwrap();
    assert_eq!(std::fs::read(session.directory.join("downloads").join(name)).unwrap(), b"a,b\n", "{got:?}");
    // What a page would show is kept all the same, under the wanted name.
    let kept = session.call("download", json!({ "url": url, "name": "../page.html" })).await.ok();
    assert_eq!(kept.facts["name"], "page.html");
    assert_eq!(session.value("document.title").await, "Files", "the tab stays where it is");
    let gone = session.call("download", json!({ "url": session.site.url("/gone") })).await;
    assert!(gone.code() == "cannot_open" && gone.text.contains("404"), "{gone:?}");
    let missing = session.call("download", json!({ "url": "http://127.0.0.1:9/" })).await;
    assert_eq!(missing.code(), "cannot_open", "{missing:?}");
    assert_eq!(session.call("download", json!({})).await.code(), "bad_arguments");
    let names = session.downloads();
    assert!(names.iter().all(|name| !name.starts_with('.') && !name.contains('/')), "{names:?}");
    // After a download by address, pages are shown again.
    session.open(&url).await.ok();
    assert_eq!(session.value("document.title").await, "Files");
    session.close().await;
}

#[tokio::test]
async fn a_giant_is_refused_whether_it_says_so_or_not() {
    let session = session().await;
    session.site.put("/declared", Page::Zeros(1 << 40));
    session.site.put("/undeclared", Page::Zeros(0));
    session.open("about:blank").await.ok();
    for path in ["/declared", "/undeclared"] {
        let refused = session.call("download", json!({ "url": session.site.url(path) })).await;
        assert_eq!(refused.code(), "too_large", "{path}: {refused:?}");
    }
    assert_eq!(session.downloads(), Vec::<String>::new());
    let sparse = std::fs::File::create(session.directory.join("downloads/giant")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let url = session.site.html("/up", "<input type=file id=file multiple>");
    session.open(&url).await.ok();
    let refused = session.call("upload", json!({ "target": "#file", "files": ["giant"] })).await;
    assert_eq!(refused.code(), "no_such_download", "{refused:?}");
    session.close().await;
}

#[tokio::test]
async fn files_of_the_downloads_directory_and_no_others_are_given_to_pages() {
    let session = session().await;
    let url = session.site.html("/up", "<input type=file id=file multiple onchange=\"Promise.all([...this.files].map(async (file) => file.name + ':' + await file.text())).then((all) => document.title = all.join(','))\">");
    session.open(&url).await.ok();
    std::fs::write(session.directory.join("downloads/a.txt"), "one").unwrap();
    std::fs::write(session.directory.join("downloads/b.txt"), "two").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", session.directory.join("downloads/link")).unwrap();
    session.call("upload", json!({ "target": "#file", "files": ["a.txt", "downloads/b.txt"] })).await.ok();
    session.until_told("the files", |state| state["title"] == "a.txt:one,b.txt:two").await;
    for wrong in ["link", "../rfb", "/etc/hostname", "missing"] {
        let refused = session.call("upload", json!({ "target": "#file", "files": [wrong] })).await;
        assert_eq!(refused.code(), "no_such_download", "{wrong}");
    }
    session.close().await;
}

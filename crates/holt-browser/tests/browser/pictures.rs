//! Pictures of pages, and PDFs.

use serde_json::json;

use crate::support::session;

#[tokio::test]
async fn pictures_show_the_window_the_page_or_an_element() {
    let session = session().await;
    let url = session.site.html("/tall", "<body style='margin:0'><div id=part style='width:120px;height:80px;background:red'></div><div style='height:3000px'></div>");
    session.open(&url).await.ok();
    let seen = session.call("screenshot", json!({ "name": "seen" })).await.ok();
    assert_eq!((&seen.facts["path"], &seen.pictures[0][..2]), (&json!("downloads/seen.png"), &[0xff, 0xd8][..]));
    let whole = session
        .call("screenshot", json!({ "full_page": true, "format": "jpeg", "name": "whole", "with_source": true }))
        .await
        .ok();
    assert!(whole.facts["height"].as_f64().unwrap() >= 3080.0, "{:?}", whole.facts);
    let part = session.call("screenshot", json!({ "target": "#part", "name": "part" })).await.ok();
    assert_eq!((&part.facts["width"], &part.facts["height"]), (&json!(120.0), &json!(80.0)));
    let file = std::fs::read(session.directory.join("downloads/part.png")).unwrap();
    let side = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    assert_eq!((&file[1..4], side(16), side(20)), (&b"PNG"[..], 120, 80));
    session.call("pdf", json!({ "name": "page" })).await.ok();
    assert!(std::fs::read(session.directory.join("downloads/page.pdf")).unwrap().starts_with(b"%PDF"));
    assert_eq!(session.downloads(), ["page.pdf", "part.png", "seen.png", "whole.html", "whole.jpg"]);
    session.close().await;
}

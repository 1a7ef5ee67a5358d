//! What a feed gives, as a stream and in its frames.

use futures::stream::{self, Stream};
use holt_engine::{EngineError, Feed, FeedItem};

/// A feed as a stream. It ends with the first error: whoever follows comes back with the place that it has.
pub fn feed_items(feed: Feed) -> impl Stream<Item = Result<FeedItem, EngineError>> + Send + 'static {
    stream::unfold(Some(feed), async |feed| {
        let mut feed = feed?;
        let item = feed.next().await?;
        let rest = item.is_ok().then_some(feed);
        Some((item, rest))
    })
}

/// What stands in a frame under this name: `{"type":…,…,"<name>":<payload>}`.
pub fn payload<'a>(frame: &'a [u8], name: &str) -> &'a [u8] {
    let key = format!(r#""{name}":"#);
    let start = frame.windows(key.len()).position(|window| window == key.as_bytes()).map(|at| at + key.len());
    start.and_then(|start| frame.get(start..frame.len() - 1)).unwrap_or(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_of_a_frame_is_found() {
        assert_eq!(payload(br#"{"type":"event","event":{"a":1}}"#, "event"), br#"{"a":1}"#);
        assert_eq!(payload(br#"{"type":"delta","session":"s","delta":{"delta":"x"}}"#, "delta"), br#"{"delta":"x"}"#);
        assert_eq!(payload(br#"{"type":"snapshot","session":"s","snapshot":{}}"#, "snapshot"), b"{}");
    }
}

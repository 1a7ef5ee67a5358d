//! Places in lists, as clients carry them: opaque, and checked when they come back.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holt_core::store::HeadCursor;
use holt_core::time::Timestamp;

use crate::error::{ApiError, ApiResult};

/// Longer than any cursor that was ever given out.
const MAX_CHARS: usize = 100;

pub(crate) fn encode(cursor: HeadCursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", cursor.updated_at.as_millis(), cursor.session))
}

pub(crate) fn decode(text: &str) -> ApiResult<HeadCursor> {
    parse(text).ok_or_else(|| {
        let hint = "Give `next` of the page before, unchanged, or leave `cursor` out to begin again.";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_cursor", "`cursor` is not one that this server gave out", hint)
    })
}

fn parse(text: &str) -> Option<HeadCursor> {
    if text.len() > MAX_CHARS {
        return None;
    }
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, session) = plain.split_once('.')?;
    Some(HeadCursor { updated_at: Timestamp::from_millis(at.parse().ok()?), session: session.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::id::SessionId;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(at in any::<i64>(), id in any::<u128>()) {
            let cursor = HeadCursor { updated_at: Timestamp::from_millis(at), session: SessionId::new(Uuid::from_u128(id)) };
            let text = encode(cursor);
            prop_assert!(text.bytes().all(crate::auth::secret::is_base64url));
            prop_assert_eq!(decode(&text).unwrap(), cursor);
        }

        #[test]
        fn any_other_text_is_refused_and_nothing_else(text in ".{0,120}") {
            if let Err(error) = decode(&text) {
                prop_assert_eq!(&*error.code, "bad_cursor");
            }
        }
    }
}

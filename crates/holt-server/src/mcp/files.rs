//! Files of a session's workspace, and the picture of its desktop.

use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holt_api::bounds;
use holt_core::sandbox::Picture;
use holt_core::workspace::{FileError, OpenFile};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;

use super::catalogue::{ListFiles, OneSession, ReadFile, WriteFile};
use super::{Guest, told};
use crate::error::{ApiError, ApiResult};
use crate::routes::{Receiver, off_thread};

/// How much of a file one answer has.
const MAX_READ_BYTES: u64 = 256 * 1024;
/// The largest picture that is shown as one.
const MAX_PICTURE_BYTES: u64 = 2 * 1024 * 1024;
/// The entries of a directory that one answer has.
const MAX_ENTRIES: usize = 1000;

type Answered = ApiResult<CallToolResult>;

/// A part of a file.
struct Piece {
    bytes: Vec<u8>,
    size: u64,
}

impl Guest {
    pub(super) async fn list_files(&self, asked: ListFiles) -> Answered {
        bounds::check_path_or_top(&asked.path)?;
        let files = self.app.engine.files(&self.by, asked.session).await?;
        let mut listing = files.list(asked.path).await?;
        listing.truncated |= listing.entries.len() > MAX_ENTRIES;
        listing.entries.truncate(MAX_ENTRIES);
        Ok(told(&json!({ "entries": listing.entries, "truncated": listing.truncated })))
    }

    pub(super) async fn read_file(&self, asked: ReadFile) -> Answered {
        bounds::check_path(&asked.path)?;
        let open = self.app.engine.files(&self.by, asked.session).await?.open(asked.path.clone()).await?;
        let media_type = mime_guess::from_path(&asked.path).first_or_octet_stream().to_string();
        let is_picture = asked.offset == 0 && open.size <= MAX_PICTURE_BYTES && is_picture(&media_type);
        let most = if is_picture { MAX_PICTURE_BYTES } else { MAX_READ_BYTES };
        let piece = off_thread(move || read_piece(open, asked.offset, most)).await?.map_err(FileError::Io)?;
        Ok(shown(piece, asked.offset, is_picture.then_some(media_type)))
    }

    pub(super) async fn write_file(&self, asked: WriteFile) -> Answered {
        bounds::check_path(&asked.path)?;
        let bytes = if asked.base64 { STANDARD.decode(&asked.content).map_err(|_| not_base64())? } else { asked.content.into() };
        let files = self.app.engine.files_to_change(&self.by, asked.session).await?;
        let mut receiver = Receiver::begin(&files, asked.path.clone(), self.app.limits.upload_bytes).await?;
        receiver.write(bytes.into()).await?;
        let size = receiver.commit().await?;
        self.app.engine.file_received(&self.by, asked.session, asked.path.clone(), size).await?;
        Ok(told(&json!({ "path": asked.path, "size": size })))
    }

    pub(super) async fn take_screenshot(&self, asked: OneSession) -> Answered {
        let Picture { media_type, bytes } = self.app.engine.look(&self.by, asked.session).await?;
        if !is_picture(&media_type) || bytes.len() as u64 > MAX_PICTURE_BYTES {
            return Err(ApiError::internal("the desktop gave no picture that can be shown"));
        }
        Ok(CallToolResult::success(vec![ContentBlock::image(STANDARD.encode(bytes), media_type)]))
    }
}

fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

fn read_piece(mut open: OpenFile, offset: u64, most: u64) -> std::io::Result<Piece> {
    open.file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    open.file.take(most).read_to_end(&mut bytes)?;
    Ok(Piece { bytes, size: open.size })
}

/// Text as text, up to the last whole character; a picture as one; anything else as base64.
fn shown(mut piece: Piece, offset: u64, picture: Option<String>) -> CallToolResult {
    if let Some(media_type) = picture {
        return CallToolResult::success(vec![ContentBlock::image(STANDARD.encode(piece.bytes), media_type)]);
    }
    let is_cut = offset + (piece.bytes.len() as u64) < piece.size;
    if let Err(error) = std::str::from_utf8(&piece.bytes)
        && is_cut
        && error.error_len().is_none()
    {
        piece.bytes.truncate(error.valid_up_to());
    }
    let next = offset + piece.bytes.len() as u64;
    let mut facts = json!({ "size": piece.size });
    match String::from_utf8(piece.bytes) {
        Ok(text) => facts["text"] = json!(text),
        Err(error) => facts["base64"] = json!(STANDARD.encode(error.as_bytes())),
    }
    if next < piece.size {
        facts["next_offset"] = json!(next);
    }
    told(&facts)
}

fn not_base64() -> ApiError {
    let hint = "Encode the bytes as base64 with padding, or send text without `base64`.";
    ApiError::new(axum::http::StatusCode::BAD_REQUEST, "bad_arguments", "`content` is not base64", hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(bytes: &[u8], offset: u64, size: u64) -> serde_json::Value {
        shown(Piece { bytes: bytes.to_vec(), size }, offset, None).structured_content.unwrap()
    }

    #[test]
    fn a_text_is_cut_between_two_characters() {
        let otter = "🦦".as_bytes();
        assert_eq!(facts(&otter[..4], 0, 4), json!({ "size": 4, "text": "🦦" }));
        let cut = [b"ab", &otter[..3]].concat();
        assert_eq!(facts(&cut, 0, 100), json!({ "size": 100, "text": "ab", "next_offset": 2 }));
        assert_eq!(facts(&[0xff, 0], 0, 2)["base64"], "/wA=");
        assert_eq!(facts(&cut, 0, 5)["base64"], STANDARD.encode(&cut), "a file that ends so is no text");
    }
}

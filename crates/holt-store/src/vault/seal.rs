//! Sealing: a stream of bytes goes in, and comes out so that only the holder of the key can read it and nobody can change,
//! shorten or reorder it.
//!
//! A sealed stream is a mark, a random salt, and pieces. Each stream has a key of its own, made of the vault's, the salt and
//! the label (HKDF-SHA-256), so that a piece's number can be its nonce (AES-256-GCM). The last piece, which may be empty, is
//! marked in its nonce: without it the end is missing.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use holt_core::vault::SealError;

use super::KEY_BYTES;

const MARK: &[u8; 8] = b"holtseal";
const SALT_BYTES: usize = 32;
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::Io(io::Error::other("no random bytes are to be had")))?;
    Ok(bytes)
}

pub fn seal(key: &[u8; KEY_BYTES], label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError> {
    let salt = random::<SALT_BYTES>()?;
    let key = stream_key(key, &salt, label);
    to.write_all(MARK)?;
    to.write_all(&salt)?;
    let mut total = 0;
    let mut piece = Vec::with_capacity(PIECE + TAG);
    for number in 0.. {
        let count = fill(from, &mut piece, PIECE)?;
        total += count as u64;
        let is_last = count < PIECE;
        let sealed = key.seal_in_place_append_tag(nonce(number, is_last), Aad::empty(), &mut piece);
        sealed.map_err(|_| SealError::Broken)?;
        to.write_all(&piece)?;
        if is_last {
            break;
        }
    }
    Ok(total)
}

pub fn open(key: &[u8; KEY_BYTES], label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError> {
    let mut head = [0; MARK.len() + SALT_BYTES];
    from.read_exact(&mut head).map_err(short)?;
    let (mark, salt) = head.split_at(MARK.len());
    if mark != MARK {
        return Err(SealError::Broken);
    }
    let key = stream_key(key, salt, label);
    let mut total = 0;
    let mut piece = Vec::with_capacity(PIECE + TAG);
    for number in 0.. {
        let is_last = fill(from, &mut piece, PIECE + TAG)? < PIECE + TAG;
        let opened = key.open_in_place(nonce(number, is_last), Aad::empty(), &mut piece).map_err(|_| SealError::Broken)?;
        to.write_all(opened)?;
        total += opened.len() as u64;
        if is_last {
            break;
        }
    }
    Ok(total)
}

/// Reads until there are as many, or no more.
fn fill(from: &mut dyn Read, piece: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
    piece.clear();
    from.take(limit as u64).read_to_end(piece)
}

fn short(error: io::Error) -> SealError {
    if error.kind() == io::ErrorKind::UnexpectedEof { SealError::Broken } else { error.into() }
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[0] = u8::from(is_last);
    bytes[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn stream_key(key: &[u8; KEY_BYTES], salt: &[u8], label: &str) -> LessSafeKey {
    let label = [label.as_bytes()];
    #[expect(clippy::expect_used, reason = "the label is shorter than what HKDF can take, and the length is the cipher's own")]
    let key = Salt::new(HKDF_SHA256, salt).extract(key).expand(&label, &AES_256_GCM).map(UnboundKey::from).expect("a key");
    LessSafeKey::new(key)
}

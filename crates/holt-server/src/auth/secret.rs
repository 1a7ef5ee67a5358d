//! Keys, codes and tickets as texts: made from the system's randomness, kept as hashes, compared in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const KEY_PREFIX: &str = "holt_";
const KEY_BYTES: usize = 32;
/// 43 characters of base64url for 32 bytes.
const KEY_CHARS: usize = 43;
/// Codes and tickets live for minutes at most.
const TOKEN_BYTES: usize = 24;

/// SHA-256 of a secret. The secrets here are random and long, so that a quick hash is enough.
pub(crate) type Hash = [u8; 32];

pub(crate) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

pub(crate) fn same(one: &Hash, other: &Hash) -> bool {
    one.ct_eq(other).into()
}

/// A new key: `holt_` and 256 random bits.
pub(crate) fn new_key() -> String {
    format!("{KEY_PREFIX}{}", random::<KEY_BYTES>())
}

/// A new code or ticket.
pub(crate) fn new_token() -> String {
    random::<TOKEN_BYTES>()
}

/// Whether a text has the form of one of Holt's keys. What has not is not looked for in the store.
pub(crate) fn looks_like_key(text: &str) -> bool {
    text.strip_prefix(KEY_PREFIX).is_some_and(|rest| rest.len() == KEY_CHARS && rest.bytes().all(is_base64url))
}

pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn random<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    rand::fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_and_recognised() {
        let key = new_key();
        assert!(looks_like_key(&key), "{key}");
        assert_ne!(key, new_key());
        for other in ["", "holt_", "holt_short", &key[1..], &format!("{key}x"), &key.replace("holt_", "HOLT_")] {
            assert!(!looks_like_key(other), "{other}");
        }
        assert!(same(&hash(&key), &hash(&key)));
        assert!(!same(&hash(&key), &hash("other")));
        assert_eq!(new_token().len(), 32);
    }
}

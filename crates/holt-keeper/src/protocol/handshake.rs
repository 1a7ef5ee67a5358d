//! How server and keeper prove themselves to each other.
//!
//! Both know a secret that the keeper got through a descriptor at its birth. Each side answers the other's fresh number
//! with a keyed hash over both numbers, its own role, the keeper's name and the server's epoch, so that an answer fits no
//! other connection, side, keeper or server. Only then is an epoch believed.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// A number used once, or a proof: 32 bytes, written as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bytes32(pub [u8; 32]);

impl Bytes32 {
    fn to_hex(self) -> String {
        use fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn from_hex(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for Bytes32 {
    /// Never the bytes: one kind of them is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("32 bytes")
    }
}

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| D::Error::custom("not 64 hexadecimal digits"))
    }
}

/// The server's first word.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    pub protocol: u32,
    pub epoch: u64,
    pub nonce: Bytes32,
    pub purpose: Purpose,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Everything that a server asks and hears. A new one takes the place of the one before.
    Serve,
    /// One request, and then the bytes of one stream.
    Stream,
}

/// The keeper's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    pub protocol: u32,
    pub nonce: Bytes32,
    pub proof: Bytes32,
}

/// The server's proof.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub proof: Bytes32,
}

/// The keeper's last word of the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    Welcome,
    /// A server with this newer epoch has been here.
    Fenced {
        epoch: u64,
    },
    /// The proof is wrong, or the versions differ.
    Refused {
        reason: String,
    },
}

/// Which side a proof is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Server,
    Keeper,
}

/// What both sides know of one attempt.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    pub secret: &'a Bytes32,
    pub keeper: &'a str,
    pub epoch: u64,
    pub purpose: Purpose,
    pub server_nonce: Bytes32,
    pub keeper_nonce: Bytes32,
}

impl Attempt<'_> {
    pub fn proof(&self, side: Side) -> Bytes32 {
        Bytes32(self.mac(side).finalize().into_bytes().into())
    }

    pub fn is_proof(&self, side: Side, proof: &Bytes32) -> bool {
        self.proof(side).0.ct_eq(&proof.0).into()
    }

    fn mac(&self, side: Side) -> Hmac<Sha256> {
        // A key of any length is taken, so this cannot fail; an empty key would prove nothing to anyone else.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret.0).unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
        mac.update(match side {
            Side::Server => b"holt server\0",
            Side::Keeper => b"holt keeper\0",
        });
        mac.update(&[match self.purpose {
            Purpose::Serve => 0,
            Purpose::Stream => 1,
        }]);
        mac.update(&self.epoch.to_be_bytes());
        mac.update(&self.server_nonce.0);
        mac.update(&self.keeper_nonce.0);
        mac.update(self.keeper.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(secret: &Bytes32) -> Attempt<'_> {
        Attempt {
            secret,
            keeper: "k",
            epoch: 7,
            purpose: Purpose::Serve,
            server_nonce: Bytes32([1; 32]),
            keeper_nonce: Bytes32([2; 32]),
        }
    }

    #[test]
    fn a_proof_fits_only_its_own_side_secret_epoch_name_and_numbers() {
        let (secret, other) = (Bytes32([9; 32]), Bytes32([8; 32]));
        let proof = attempt(&secret).proof(Side::Server);
        assert!(attempt(&secret).is_proof(Side::Server, &proof));
        assert!(!attempt(&secret).is_proof(Side::Keeper, &proof));
        assert!(!attempt(&other).is_proof(Side::Server, &proof));
        assert!(!Attempt { epoch: 8, ..attempt(&secret) }.is_proof(Side::Server, &proof));
        assert!(!Attempt { purpose: Purpose::Stream, ..attempt(&secret) }.is_proof(Side::Server, &proof));
        assert!(!Attempt { keeper: "l", ..attempt(&secret) }.is_proof(Side::Server, &proof));
        assert!(!Attempt { server_nonce: other, ..attempt(&secret) }.is_proof(Side::Server, &proof));
        assert!(!Attempt { keeper_nonce: other, ..attempt(&secret) }.is_proof(Side::Server, &proof));
    }

    #[test]
    fn hexadecimal_is_read_back_and_nothing_else_is_read() {
        let bytes = Bytes32(std::array::from_fn(|index| index as u8 * 7));
        let text = serde_json::to_string(&bytes).unwrap();
        assert_eq!(serde_json::from_str::<Bytes32>(&text).unwrap(), bytes);
        assert!(serde_json::from_str::<Bytes32>("\"00\"").is_err());
        assert!(serde_json::from_str::<Bytes32>(&format!("\"{}\"", "é".repeat(32))).is_err());
        assert!(!format!("{bytes:?}").contains("07"), "a secret must not be printed");
    }
}

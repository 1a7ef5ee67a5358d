//! The protocol's own password check: a challenge, enciphered with DES under the password. It is weak, knows eight characters
//! only, and is all that ordinary viewers have in common.

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use subtle::ConstantTimeEq;

pub(super) const LENGTH: usize = 16;

/// What a viewer answers who knows the password.
pub(super) fn response(password: &str, challenge: &[u8; LENGTH]) -> [u8; LENGTH] {
    let mut key = [0; 8];
    for (key, letter) in key.iter_mut().zip(password.bytes()) {
        // The protocol reads each byte of the key from its lowest bit.
        *key = letter.reverse_bits();
    }
    let cipher = Des::new(&Array::from(key));
    let mut response = *challenge;
    for block in response.chunks_exact_mut(8) {
        let mut array = Array::from([0; 8]);
        array.copy_from_slice(block);
        cipher.encrypt_block(&mut array);
        block.copy_from_slice(&array);
    }
    response
}

/// Whether this answer shows knowledge of the password. An empty password is never right.
pub(super) fn is_right(password: &str, challenge: &[u8; LENGTH], answer: &[u8]) -> bool {
    !password.is_empty() && bool::from(response(password, challenge).ct_eq(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [u8; LENGTH] = [184, 102, 146, 65, 37, 200, 238, 187, 157, 235, 193, 219, 97, 197, 56, 226];

    #[test]
    fn a_known_answer() {
        // As computed by OpenSSL: DES-ECB with the reversed bits of "password" over 0, 1, 2, …, 15.
        let challenge = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let answer = response("password", &challenge);
        assert_eq!(answer, KNOWN);
        assert!(is_right("password", &challenge, &answer));
        assert!(is_right("password and more", &challenge, &answer), "only eight characters count");
        assert!(!is_right("passwore", &challenge, &answer));
        assert!(!is_right("", &challenge, &response("", &challenge)));
    }
}

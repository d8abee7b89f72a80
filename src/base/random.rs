//! Random identifiers and secrets; secrets come directly from the operating system (ASVS 11.5.1).

use rand::{Rng as _, TryRng as _};
use zeroize::Zeroizing;

use crate::base::error::{Error, Result};

/// Digits of base62, in ASCII order.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of Crockford's base32.
pub const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// `length` characters of `alphabet`, each equally likely.
pub fn text(alphabet: &[u8], length: usize) -> Result<String> {
    // The largest multiple of the alphabet's size: bytes above it would favour its first letters.
    let fair = 256 / alphabet.len() * alphabet.len();
    let mut text = String::with_capacity(length);
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < length {
        rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(Error::internal)?;
        for byte in bytes.iter().map(|byte| usize::from(*byte)) {
            if byte < fair && text.len() < length {
                text.push(char::from(alphabet[byte % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

/// `N` digits of Crockford's base32 for an identifier. They come from a generator that the
/// operating system seeds for each thread, which is faster than asking it every time. Not for
/// secrets.
pub fn identifier<const N: usize>() -> [u8; N] {
    let mut digits = [0; N];
    rand::rng().fill_bytes(&mut digits);
    digits.map(|byte| CROCKFORD[usize::from(byte) % CROCKFORD.len()])
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_comes_up_about_equally_often() {
        let text = text(BASE62, 62_000).expect("random");
        for letter in BASE62 {
            let count = text.bytes().filter(|byte| byte == letter).count();
            assert!((800..1200).contains(&count), "{}: {count}", char::from(*letter));
        }
    }
}

//! argon2id: hashes and checks passwords in memory that the caller provides.
//!
//! Does not depend on threads or members. Parameters: OWASP Password Storage Cheat Sheet; ASVS
//! 11.4.2.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;

use super::password::Password;
use crate::base::error::{Error, Result};
use crate::base::random;

/// The length of a hash in bytes.
const LENGTH: usize = 32;

/// 19 MiB, two passes, one lane.
const PARAMS: Params = match Params::new(19_456, 2, 1, Some(LENGTH)) {
    Ok(params) => params,
    Err(_) => panic!("argon2 takes these parameters"),
};

/// The limits for a stored hash: memory in KiB, passes and lanes.
const MAX_PARAMS: (u32, u32, u32) = (256 * 1024, 16, 16);

/// A hash whose password nobody knows. Checking against it takes as long as checking against a real
/// one.
pub(super) const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$JbIYKP4+G0wza8T/pgB9qg$pwNsjdU9OtoZd5If6NfmVjaXFAWxJQZUPKkzuMvv3wA";

/// Working memory: empty at first, then 19 MiB from the first use on.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
    /// How often argon2 has run in this memory.
    pub runs: u64,
}

/// Whether a password matches a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PasswordMatch {
    /// The hash is of another password.
    Wrong,
    /// The hash is of this password, with the current parameters.
    Right,
    /// The hash is of this password, with other parameters than the current ones.
    Stale,
}

/// Hashes a password with a new salt. Returns a PHC string.
pub(super) fn make(password: &Password, memory: &mut Memory) -> Result<String> {
    let salt = random::bytes::<16>()?;
    let mut output = [0; LENGTH];
    run_argon2(password, PARAMS, &salt, &mut output, memory).map_err(Error::internal)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&PARAMS).map_err(Error::internal)?,
        salt: Some(Salt::new(&salt).map_err(Error::internal)?),
        hash: Some(Output::new(&output).map_err(Error::internal)?),
    };
    Ok(hash.to_string())
}

/// Whether `password` matches the PHC string; `None`, without any work, if Latchkey cannot have made
/// that hash.
pub(super) fn check(password: &Password, phc: &str, memory: &mut Memory) -> Option<PasswordMatch> {
    let hash = PasswordHash::new(phc).ok().filter(|hash| hash.algorithm == ARGON2ID_IDENT)?;
    let params = Params::try_from(&hash).ok()?;
    let (salt, expected) = (hash.salt?, hash.hash?);
    if hash.version != Some(Version::V0x13.into())
        || params.m_cost() > MAX_PARAMS.0
        || params.t_cost() > MAX_PARAMS.1
        || params.p_cost() > MAX_PARAMS.2
    {
        return None;
    }
    let current = params == PARAMS;
    let mut output = vec![0; expected.len()];
    run_argon2(password, params, salt.as_ref(), &mut output, memory).ok()?;
    let same: bool = output.ct_eq(expected.as_bytes()).into();
    Some(match (same && password.is_whole(), current) {
        (false, _) => PasswordMatch::Wrong,
        (true, true) => PasswordMatch::Right,
        (true, false) => PasswordMatch::Stale,
    })
}

fn run_argon2(
    password: &Password,
    params: Params,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> argon2::Result<()> {
    let (usual, wanted) = (PARAMS.block_count(), params.block_count());
    memory.runs += 1;
    let memory = &mut memory.blocks;
    memory.resize_with(usual.max(wanted), Block::default);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let outcome =
        argon2.hash_password_into_with_memory(password.bytes(), salt, output, &mut *memory);
    if memory.len() > usual {
        memory.truncate(usual);
        memory.shrink_to_fit();
    }
    outcome
}

/// A hash of "hunter42" with parameters that Latchkey has never used: 64 KiB, one pass.
#[cfg(test)]
pub(super) const STALE: &str =
    "$argon2id$v=19$m=64,t=1,p=1$ZXhhbXBsZS1zYWx0$u0FLVohkkEvDcoLzCQYunyTvC4VqN0U0ZaNMKum4U34";

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::presented(text.to_owned())
    }

    #[test]
    fn a_hash_matches_only_its_own_password() {
        let mut memory = Memory::default();
        let phc = make(&password("correct harness"), &mut memory).expect("hashed");
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert_eq!(
            check(&password("correct harness"), &phc, &mut memory),
            Some(PasswordMatch::Right)
        );
        for wrong in ["correct harnesS", "correct harness ", ""] {
            assert_eq!(
                check(&password(wrong), &phc, &mut memory),
                Some(PasswordMatch::Wrong),
                "{wrong:?}"
            );
        }
        assert_eq!(memory.blocks.len(), PARAMS.block_count());
    }

    #[test]
    fn the_same_password_never_has_the_same_hash() {
        let mut memory = Memory::default();
        let [one, two] = [(); 2].map(|()| make(&password("x"), &mut memory).expect("hashed"));
        assert_ne!(one, two);
    }

    #[test]
    fn a_password_that_is_too_long_never_matches() {
        let mut memory = Memory::default();
        let phc = make(&password(&"x".repeat(256)), &mut memory).expect("hashed");
        let check = check(&password(&"x".repeat(257)), &phc, &mut memory);
        assert_eq!(check, Some(PasswordMatch::Wrong));
    }

    #[test]
    fn a_hash_with_other_parameters_is_stale() {
        let mut memory = Memory::default();
        assert_eq!(check(&password("hunter42"), STALE, &mut memory), Some(PasswordMatch::Stale));
        assert_eq!(check(&password("hunter43"), STALE, &mut memory), Some(PasswordMatch::Wrong));
    }

    #[test]
    fn checking_against_the_dummy_uses_the_current_parameters() {
        let hash = PasswordHash::new(DUMMY_HASH).expect("readable");
        assert_eq!(Params::try_from(&hash).expect("parameters"), PARAMS);
        assert_eq!(
            check(&password("anything"), DUMMY_HASH, &mut Memory::default()),
            Some(PasswordMatch::Wrong)
        );
    }

    #[test]
    fn other_hashes_are_rejected_without_any_work() {
        let mut memory = Memory::default();
        for phc in ["", "x", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$"] {
            assert_eq!(check(&password("x"), phc, &mut memory), None, "{phc}");
        }
        let greedy = DUMMY_HASH.replace("m=19456", "m=4294967295");
        assert_eq!(check(&password("x"), &greedy, &mut memory), None);
        assert_eq!((memory.runs, memory.blocks.len()), (0, 0));
    }
}

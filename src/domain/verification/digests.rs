//! The digests under which a secret key may be stored: under the current pepper, and after a rotation
//! of the master key also under the one before.

use subtle::ConstantTimeEq as _;

use super::cache::Digest;
use crate::base::keyring::Keyring;
use crate::domain::api_keys::{SecretKey, former_proof};

/// A digest under which a secret key may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    Current(Digest),
    Former(Digest),
}

/// All digests under which a secret key may be stored.
#[derive(Clone, Copy)]
pub(super) struct Candidates([Option<Candidate>; 2]);

impl Candidates {
    pub(super) fn of(secret: &SecretKey, keyring: &Keyring) -> Self {
        let former = secret.former_digest(keyring).map(Candidate::Former);
        Self([Some(Candidate::Current(secret.digest(keyring))), former])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Candidate> {
        self.0.iter().flatten()
    }
}

impl Candidate {
    pub(super) fn digest(&self) -> &Digest {
        match self {
            Self::Current(digest) | Self::Former(digest) => digest,
        }
    }

    /// Whether a secret key may be stored like this: under the master key with the number
    /// `generation`, and with `proof`.
    pub(super) fn accepts(&self, generation: i32, proof: Option<&[u8]>, keyring: &Keyring) -> bool {
        let age = keyring.generation() - generation;
        match self {
            Self::Current(_) => age == 0,
            Self::Former(digest) => {
                let expected = former_proof(keyring, digest);
                age == 1 && proof.is_some_and(|proof| proof.ct_eq(&expected).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::keyring::{FormerKeys, Purpose};
    use crate::domain::api_keys::Environment;

    #[test]
    fn a_digest_under_the_former_pepper_counts_only_with_a_proof() {
        let old = Keyring::from_bytes(&[7; 32]);
        let pepper = Some(old.derived(Purpose::Pepper));
        let former = FormerKeys { pepper, ..FormerKeys::default() };
        let new = Keyring::from_bytes(&[8; 32]).succeeding(2, former);
        let secret = SecretKey::generate("lk", Environment::Production).expect("random");
        let Candidates([Some(current), Some(former)]) = Candidates::of(&secret, &new) else {
            panic!("two candidates")
        };
        assert_eq!(former, Candidate::Former(secret.digest(&old)));
        assert!(current.accepts(2, None, &new));
        assert!(!current.accepts(1, None, &new) && !current.accepts(3, None, &new));
        let proof = former_proof(&new, former.digest());
        assert!(former.accepts(1, Some(&proof), &new));
        // Somebody who knows the former master key can make none of these count.
        let forged = former_proof(&old, former.digest());
        let [forged, proof] = [forged, proof].map(|proof| Some(proof.to_vec()));
        for (generation, proof) in [(1, None), (1, forged), (2, None), (2, proof)] {
            let proof = proof.as_deref();
            assert!(!former.accepts(generation, proof, &new), "{generation} {proof:?}");
        }
        assert_eq!(Candidates::of(&secret, &old).iter().count(), 1);
    }
}

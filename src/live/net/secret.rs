//! [`Key`]: how a player and a receiver prove to each other that they know the same token, without
//! ever saying it; and how a token is made. Where tokens are kept is elsewhere.
//!
//! Each side sends a number used once; the proof is blake3's keyed hash of both numbers and of who
//! speaks, under a key derived from the token. What is said after the handshake is neither
//! encrypted nor signed: a line that others can write into belongs into a tunnel of ssh.

use super::frame::{Nonce, Proof};
use crate::message::Token;
use std::io;

/// The fewest signs of a token. One that is made here has 26.
pub const LEAST_SIGNS: usize = 12;

/// Signs that are hard to take for each other (Crockford's base 32).
const SIGNS: [u8; 32] = *b"0123456789abcdefghjkmnpqrstvwxyz";

/// For deriving a key; belongs to this protocol alone.
const CONTEXT: &str = "beatgen-tui receive, handshake, version 1";

/// Who proves something, so that no proof can be sent back as one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Who sends notes, with the number of its process.
    Player(u64),
    /// Who plays them.
    Receiver,
}

/// What is derived from a token. Has no `Debug` on purpose.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a token; `None` if it has fewer than [`LEAST_SIGNS`] signs. Dashes, spaces
    /// and case do not matter, nor do signs that look alike (`o` and `0`, `i`, `l` and `1`).
    #[must_use]
    pub fn of(token: &Token) -> Option<Self> {
        let plain = plain(&token.0);
        (plain.chars().count() >= LEAST_SIGNS)
            .then(|| Self(blake3::derive_key(CONTEXT, plain.as_bytes())))
    }

    /// What only a holder of the token can say in this handshake.
    #[must_use]
    pub fn prove(&self, role: Role, player: &Nonce, receiver: &Nonce) -> Proof {
        self.hash(role, player, receiver).into()
    }

    /// Whether `proof` is what a holder of the token says; takes the same time whatever differs.
    #[must_use]
    pub fn is_proof(&self, role: Role, player: &Nonce, receiver: &Nonce, proof: &Proof) -> bool {
        // blake3 compares its hashes in constant time.
        self.hash(role, player, receiver) == blake3::Hash::from_bytes(*proof)
    }

    fn hash(&self, role: Role, player: &Nonce, receiver: &Nonce) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        match role {
            Role::Player(number) => hasher.update(b"p").update(&number.to_le_bytes()),
            Role::Receiver => hasher.update(b"r"),
        };
        hasher.update(player).update(receiver).finalize()
    }
}

/// The signs of a token that count.
fn plain(text: &str) -> String {
    let signs = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
    signs
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        })
        .collect()
}

/// A new token of 128 random bits, in groups that can be typed.
///
/// # Errors
/// The system has no random numbers.
pub fn new_token() -> io::Result<Token> {
    let mut left = u128::from_le_bytes(nonce()?);
    let mut text = String::new();
    for n in 0..26 {
        if n > 0 && n % 5 == 0 && n < 25 {
            text.push('-');
        }
        let sign = SIGNS.get((left & 31) as usize).copied().unwrap_or(b'0');
        text.push(char::from(sign));
        left >>= 5;
    }
    Ok(Token(text))
}

/// A number that nobody can guess.
///
/// # Errors
/// The system has no random numbers.
pub fn nonce() -> io::Result<Nonce> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::of(&Token(text.into())).unwrap()
    }

    #[test]
    fn a_proof_holds_for_one_token_one_role_and_one_handshake() {
        let (a, b) = ([1; 16], [2; 16]);
        let right = key("correct-horse-staple");
        let proof = right.prove(Role::Player(9), &a, &b);
        assert!(right.is_proof(Role::Player(9), &a, &b, &proof));
        assert!(key("CORRECT HORSE STAPLE").is_proof(Role::Player(9), &a, &b, &proof));
        assert!(!key("correct-horse-stable").is_proof(Role::Player(9), &a, &b, &proof));
        assert!(!right.is_proof(Role::Player(8), &a, &b, &proof));
        assert!(!right.is_proof(Role::Receiver, &a, &b, &proof));
        assert!(!right.is_proof(Role::Player(9), &b, &a, &proof));
        assert!(!right.is_proof(Role::Player(9), &a, &[3; 16], &proof));
    }

    #[test]
    fn a_token_can_be_typed_and_is_never_the_same() {
        let token = new_token().unwrap().0;
        assert_eq!(token.len(), 30, "{token}");
        let (a, b) = ([1; 16], [2; 16]);
        let proof = key(&token).prove(Role::Receiver, &a, &b);
        let typed = token.to_uppercase().replace('0', "O").replace('1', "l");
        let typed = key(&typed.replace('-', " "));
        assert!(typed.is_proof(Role::Receiver, &a, &b, &proof));
        assert_ne!(new_token().unwrap().0, token);
        assert!(Key::of(&Token("short-token".into())).is_none());
        assert!(Key::of(&Token::default()).is_none());
    }
}

//! A stored password hash: Argon2id as this program makes it, or Argon2, scrypt or bcrypt as another program made it and
//! somebody imported it.
//!
//! Whoever signs in with an imported one gets a hash of today's kind in its place.

use argon2::{Algorithm, Argon2, Params, PasswordHash, Version, password_hash::phc};
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::memory::HashMemory;
use crate::server::error::Error;

/// Largest cost of bcrypt: about a second of one core. Each step more doubles it.
const MAX_BCRYPT_COST: u32 = 14;
/// Most memory of one check, in bytes. As many run at once as there are cores.
const MAX_MEMORY: u64 = 256 << 20;
/// Most memory of one check times its passes (Argon2) or lanes (scrypt): about a second of one core.
const MAX_ARGON2_WORK: u64 = 1 << 30;
const MAX_SCRYPT_WORK: u64 = 256 << 20;

/// A hash that can be compared with a password.
#[derive(Debug)]
pub enum StoredHash {
    Argon2 { argon2: Box<Argon2<'static>>, algorithm: Algorithm, version: Version, rest: SaltAndHash },
    Scrypt { params: scrypt::Params, rest: SaltAndHash },
    Bcrypt { cost: u32, text: String },
}

#[derive(Debug)]
pub struct SaltAndHash {
    pub salt: phc::Salt,
    hash: phc::Output,
}

/// Why a text is no hash that can be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableHash {
    #[error("is no hash of Argon2, scrypt or bcrypt in the PHC or modular crypt format")]
    Unknown,
    #[error("begins with $2x$, which marks hashes of a faulty version of bcrypt")]
    FaultyBcrypt,
    #[error("is a damaged hash: {0}")]
    Damaged(String),
    #[error("has no salt or no hash")]
    Incomplete,
    #[error("costs too much to check: {0}")]
    Costly(String),
}

impl StoredHash {
    pub fn parse(text: &str) -> Result<Self, UnusableHash> {
        match text.split('$').nth(1) {
            Some("2a" | "2b" | "2y") => parse_bcrypt(text),
            Some("2x") => Err(UnusableHash::FaultyBcrypt),
            Some("argon2id" | "argon2i" | "argon2d") => parse_argon2(text),
            Some("scrypt") => parse_scrypt(text),
            _ => Err(UnusableHash::Unknown),
        }
    }

    /// One of the database, where none stands that is not a hash.
    pub fn read(stored: &str) -> Result<Self, Error> {
        Self::parse(stored).map_err(|problem| Error::Internal(format!("a stored hash {problem}")))
    }

    /// Refuses a hash whose check would take about a second or longer, or a great deal of memory: whoever may choose the
    /// hashes could stop the program with it.
    pub fn refuse_costly(&self) -> Result<(), UnusableHash> {
        let costly = |what: String| Err(UnusableHash::Costly(what));
        match self {
            Self::Bcrypt { cost, .. } if *cost > MAX_BCRYPT_COST => {
                costly(format!("bcrypt's cost is {cost}, and may be {MAX_BCRYPT_COST} at most"))
            }
            Self::Argon2 { argon2, .. } => {
                let memory = u64::from(argon2.params().m_cost()) << 10;
                let work = memory.saturating_mul(u64::from(argon2.params().t_cost()));
                if memory <= MAX_MEMORY && work <= MAX_ARGON2_WORK {
                    return Ok(());
                }
                costly("Argon2 may use 256 MiB, and 1 GiB in all passes".to_owned())
            }
            Self::Scrypt { params, .. } => {
                let memory = scrypt_block(params).saturating_mul(params.n());
                if memory.saturating_mul(u64::from(params.p())) <= MAX_SCRYPT_WORK {
                    return Ok(());
                }
                costly("128 N r p of scrypt may be 256 MiB".to_owned())
            }
            Self::Bcrypt { .. } => Ok(()),
        }
    }

    pub fn matches(&self, password: &[u8], memory: &HashMemory) -> Result<bool, Error> {
        let (computed, expected) = match self {
            Self::Bcrypt { text, .. } => return matches_bcrypt(password, text),
            Self::Argon2 { argon2, rest, .. } => {
                (memory.hash(argon2, password, &rest.salt, rest.hash.len())?, &rest.hash)
            }
            Self::Scrypt { params, rest } => {
                let mut output = vec![0; rest.hash.len()];
                scrypt::scrypt(password, &rest.salt, params, &mut output)
                    .map_err(|error| Error::Internal(format!("scrypt: {error}")))?;
                (output, &rest.hash)
            }
        };
        Ok(verify_slices_are_equal(&computed, expected.as_bytes()).is_ok())
    }

    /// Whether it is what this program makes today.
    pub fn is_made_with(&self, today: &Params) -> bool {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        match self {
            Self::Argon2 { argon2, algorithm: Algorithm::Argon2id, version: Version::V0x13, .. } => {
                cost(argon2.params()) == cost(today)
            }
            _ => false,
        }
    }

    /// What decides how long its check takes: all of the text before the salt.
    pub fn kind(&self) -> String {
        match self {
            Self::Bcrypt { cost, .. } => format!("$2b${cost:02}$"),
            Self::Argon2 { argon2, algorithm, version, .. } => {
                kind_of_argon2(*algorithm, *version, argon2.params())
            }
            Self::Scrypt { params, .. } => {
                format!("$scrypt$ln={},r={},p={}$", params.log_n(), params.r(), params.p())
            }
        }
    }

    /// A hash of this kind that no known password has.
    pub fn sample(kind: &str) -> Result<Self, UnusableHash> {
        if kind.starts_with("$2") {
            return Self::parse(&format!("{kind}{}", ".".repeat(53)));
        }
        Self::parse(&format!("{kind}c29tZXNhbHRzb21lc2FsdA${}", "A".repeat(43)))
    }
}

/// The kind of the hashes that are made so.
pub fn kind_of_argon2(algorithm: Algorithm, version: Version, params: &Params) -> String {
    let (m, t, p) = (params.m_cost(), params.t_cost(), params.p_cost());
    format!("${algorithm}$v={}$m={m},t={t},p={p}$", u32::from(version))
}

fn parse_bcrypt(text: &str) -> Result<StoredHash, UnusableHash> {
    let parts: bcrypt::HashParts =
        text.parse().map_err(|error: bcrypt::BcryptError| UnusableHash::Damaged(error.to_string()))?;
    match parts.get_cost() {
        cost @ 4..=31 => Ok(StoredHash::Bcrypt { cost, text: text.to_owned() }),
        cost => Err(UnusableHash::Damaged(format!("bcrypt has no cost of {cost}"))),
    }
}

fn parse_argon2(text: &str) -> Result<StoredHash, UnusableHash> {
    let (hash, rest) = parse_phc(text)?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(damaged)?;
    // Where no version is named it is the first one (PHC string format).
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(damaged)?;
    let params = Params::try_from(&hash).map_err(damaged)?;
    let argon2 = Box::new(Argon2::new(algorithm, version, params));
    Ok(StoredHash::Argon2 { argon2, algorithm, version, rest })
}

fn parse_scrypt(text: &str) -> Result<StoredHash, UnusableHash> {
    let (hash, rest) = parse_phc(text)?;
    let number = |name: &str| {
        hash.params.get_decimal(name).ok_or_else(|| UnusableHash::Damaged(format!("it has no {name}")))
    };
    let log_n = u8::try_from(number("ln")?).map_err(damaged)?;
    let params = scrypt::Params::new(log_n, number("r")?, number("p")?).map_err(damaged)?;
    Ok(StoredHash::Scrypt { params, rest })
}

fn parse_phc(text: &str) -> Result<(PasswordHash, SaltAndHash), UnusableHash> {
    let parsed = PasswordHash::new(text).map_err(damaged)?;
    let (Some(salt), Some(hash)) = (parsed.salt, parsed.hash) else { return Err(UnusableHash::Incomplete) };
    Ok((parsed, SaltAndHash { salt, hash }))
}

fn damaged(error: impl std::fmt::Display) -> UnusableHash {
    UnusableHash::Damaged(error.to_string())
}

/// One of scrypt's blocks, in bytes.
fn scrypt_block(params: &scrypt::Params) -> u64 {
    u64::from(params.r()).saturating_mul(128)
}

/// The first 72 bytes decide, as wherever the hash was made. bcrypt repeats a password with a zero byte between, so one
/// that holds such a byte may look like another: it matches nothing.
fn matches_bcrypt(password: &[u8], text: &str) -> Result<bool, Error> {
    let matches =
        bcrypt::verify(password, text).map_err(|error| Error::Internal(format!("bcrypt: {error}")))?;
    Ok(matches && !password.contains(&0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The RFC's or the reference implementations' own: each with its password.
    const VECTORS: [(&str, &str); 8] = [
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
        ("$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
        ("$2b$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
        (
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        ),
        ("$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA", "password"),
        ("$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ", "password"),
        (
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "password",
        ),
        (
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
            "pleaseletmein",
        ),
    ];

    fn matches(hash: &str, password: &str) -> bool {
        let memory = HashMemory::of_blocks(8);
        StoredHash::parse(hash).unwrap().matches(password.as_bytes(), &memory).unwrap()
    }

    #[test]
    fn hashes_of_other_programs_match_their_password_only() {
        for (hash, password) in VECTORS {
            assert!(matches(hash, password), "{hash}");
            assert!(!matches(hash, &format!("X{}", &password[1..])), "{hash}");
        }
    }

    #[test]
    fn a_password_with_a_zero_byte_matches_no_bcrypt_hash_though_bcrypt_repeats_what_comes_before() {
        let (hash, password) = VECTORS[0];
        assert!(bcrypt::verify(format!("{password}\0{password}"), hash).unwrap());
        assert!(!matches(hash, &format!("{password}\0{password}")));
    }

    #[test]
    fn a_kind_says_what_a_check_costs_and_nothing_of_a_password() {
        let kind = |hash: &str| StoredHash::parse(hash).unwrap().kind();
        assert_eq!(kind(VECTORS[0].0), "$2b$05$");
        assert_eq!(kind(VECTORS[5].0), "$argon2i$v=16$m=65536,t=2,p=1$");
        assert_eq!(kind(VECTORS[7].0), "$scrypt$ln=14,r=8,p=1$");
        for (hash, password) in VECTORS {
            let sample = StoredHash::sample(&kind(hash)).unwrap();
            assert_eq!(sample.kind(), kind(hash));
            assert!(!sample.matches(password.as_bytes(), &HashMemory::of_blocks(8)).unwrap());
        }
    }

    #[test]
    fn only_argon2id_with_the_parameters_of_today_is_not_renewed() {
        let today = Params::new(65536, 2, 1, Some(32)).unwrap();
        let current: Vec<_> = VECTORS
            .iter()
            .filter(|(hash, _)| StoredHash::parse(hash).unwrap().is_made_with(&today))
            .map(|(hash, _)| hash.split('$').nth(1).unwrap())
            .collect();
        assert_eq!(current, ["argon2id"]);
        let other = Params::new(65536, 3, 1, Some(32)).unwrap();
        assert!(!StoredHash::parse(VECTORS[6].0).unwrap().is_made_with(&other));
    }

    #[test]
    fn a_hash_that_costs_a_second_or_more_to_check_is_refused() {
        let refused = |kind: &str| StoredHash::sample(kind).unwrap().refuse_costly().is_err();
        for fine in [
            "$2b$14$",
            "$argon2id$v=19$m=262144,t=4,p=4$",
            "$argon2i$v=19$m=65536,t=16,p=1$",
            "$scrypt$ln=17,r=8,p=2$",
        ] {
            assert!(!refused(fine), "{fine}");
        }
        for costly in [
            "$2b$15$",
            "$2b$31$",
            "$argon2id$v=19$m=262145,t=1,p=1$",
            "$argon2id$v=19$m=65536,t=17,p=1$",
            "$argon2d$v=19$m=8,t=4294967295,p=1$",
            "$scrypt$ln=18,r=8,p=2$",
            "$scrypt$ln=17,r=8,p=3$",
            "$scrypt$ln=50,r=8,p=1$",
        ] {
            assert!(refused(costly), "{costly}");
        }
    }

    #[test]
    fn what_is_no_hash_or_a_damaged_one_is_refused() {
        use UnusableHash::{FaultyBcrypt, Incomplete, Unknown};
        let bcrypt = VECTORS[0].0;
        for (text, why) in [
            ("", Some(Unknown)),
            ("correct horse battery staple", Some(Unknown)),
            ("5f4dcc3b5aa765d61d8327deb882cf99", Some(Unknown)),
            ("$1$salt$hash", Some(Unknown)),
            ("$pbkdf2-sha256$i=1000$c29tZXNhbHQ$AAAA", Some(Unknown)),
            (&bcrypt.replace("$2a", "$2x"), Some(FaultyBcrypt)),
            ("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ", Some(Incomplete)),
            (&bcrypt[..59], None),
            (&bcrypt.replace("$05", "$99"), None),
            (&bcrypt.replace("$05", "$03"), None),
            ("$argon2id$v=18$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", None),
            ("$argon2id$v=19$m=1,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", None),
            ("$scrypt$ln=14,r=8$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", None),
            ("$scrypt$ln=300,r=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", None),
            ("$scrypt$ln=14,r=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", None),
        ] {
            let error = StoredHash::parse(text).unwrap_err();
            match why {
                Some(why) => assert_eq!(error, why, "{text}"),
                None => assert!(matches!(error, UnusableHash::Damaged(_)), "{text}: {error}"),
            }
        }
    }
}

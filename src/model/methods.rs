//! What somebody has proved: the ways of one authentication, and the level that they come to.

use std::fmt;

use super::level::Level;

/// One way to prove who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Password,
    /// A code of an authenticator app.
    Totp,
    RecoveryCode,
    /// A passkey that was only touched: something that one has.
    Passkey,
    /// A passkey that has verified its owner, by a fingerprint or a PIN: both factors in one.
    VerifiedPasskey,
    /// Signing in at a provider that says no more than that.
    Provider,
    /// Signing in at a provider whose word for two factors is believed.
    ProviderWithTwoFactors,
    /// A link that was mailed. It is never one of two factors (OWASP ASVS 6.3.6, NIST SP 800-63B-4 §3.1.3.1).
    MailedLink,
}

impl Method {
    const ALL: [Self; 8] = [
        Self::Password,
        Self::Totp,
        Self::RecoveryCode,
        Self::Passkey,
        Self::VerifiedPasskey,
        Self::Provider,
        Self::ProviderWithTwoFactors,
        Self::MailedLink,
    ];

    /// Its name in the database and in the audit log.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
            Self::VerifiedPasskey => "verified_passkey",
            Self::Provider => "provider",
            Self::ProviderWithTwoFactors => "provider_with_two_factors",
            Self::MailedLink => "mailed_link",
        }
    }

    /// What it is called in tokens (RFC 8176 §2).
    const fn references(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Totp | Self::RecoveryCode => &["otp"],
            Self::Passkey => &["pop"],
            Self::VerifiedPasskey => &["pop", "user"],
            // There is no name for "somebody else says so", and none for a mail.
            Self::Provider | Self::ProviderWithTwoFactors | Self::MailedLink => &[],
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The ways that were used together. Never none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Methods(u8);

/// A text that names no ways, or one that is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of ways to sign in")]
pub struct UnknownMethods;

impl Methods {
    pub const PASSWORD: Self = Self(Method::Password.bit());

    /// Parses names with spaces between them.
    pub fn parse(names: &str) -> Result<Self, UnknownMethods> {
        let bit = |name| Method::ALL.into_iter().find(|method| method.as_str() == name).map(Method::bit);
        let bits = names.split(' ').map(bit).collect::<Option<Vec<_>>>().ok_or(UnknownMethods)?;
        Ok(Self(bits.into_iter().fold(0, |all, bit| all | bit)))
    }

    pub fn contains(self, method: Method) -> bool {
        self.0 & method.bit() != 0
    }

    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.contains(*method))
    }

    /// A passkey that was only touched is one factor, and a second one beside a password or a provider.
    pub fn level(self) -> Level {
        let knows = self.contains(Method::Password) || self.contains(Method::Provider);
        if self.contains(Method::ProviderWithTwoFactors) {
            return Level::MultiFactor;
        }
        if self.contains(Method::VerifiedPasskey) || (knows && self.contains(Method::Passkey)) {
            Level::PhishingResistant
        } else if knows && (self.contains(Method::Totp) || self.contains(Method::RecoveryCode)) {
            Level::MultiFactor
        } else {
            Level::SingleFactor
        }
    }

    /// The `amr` of tokens (RFC 8176), each value once.
    pub fn references(self) -> Vec<&'static str> {
        let several = (self.level() > Level::SingleFactor).then_some("mfa");
        let mut references: Vec<_> =
            self.iter().flat_map(Method::references).copied().chain(several).collect();
        references.dedup();
        references
    }
}

impl From<Method> for Methods {
    fn from(method: Method) -> Self {
        Self(method.bit())
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Method::as_str).collect();
        f.write_str(&names.join(" "))
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_as_they_are_written() {
        for method in Method::ALL {
            let both = Methods::from(Method::Password).union(method.into());
            assert_eq!(Methods::parse(&both.to_string()), Ok(both));
        }
        for other in ["", "password ", "pwd", "password  totp"] {
            assert_eq!(Methods::parse(other), Err(UnknownMethods), "{other:?}");
        }
    }

    #[test]
    fn what_was_proved_comes_to_a_level_and_has_names_in_tokens() {
        let table: [(&str, Level, &[&str]); 13] = [
            ("password", Level::SingleFactor, &["pwd"]),
            ("password totp", Level::MultiFactor, &["pwd", "otp", "mfa"]),
            ("password recovery_code", Level::MultiFactor, &["pwd", "otp", "mfa"]),
            ("password totp recovery_code", Level::MultiFactor, &["pwd", "otp", "mfa"]),
            ("password passkey", Level::PhishingResistant, &["pwd", "pop", "mfa"]),
            ("verified_passkey", Level::PhishingResistant, &["pop", "user", "mfa"]),
            ("provider", Level::SingleFactor, &[]),
            ("totp provider", Level::MultiFactor, &["otp", "mfa"]),
            ("provider_with_two_factors", Level::MultiFactor, &["mfa"]),
            // A passkey that was only touched, and a code alone, are one factor.
            ("passkey", Level::SingleFactor, &["pop"]),
            // A mailed link is no factor that another one could stand beside.
            ("mailed_link", Level::SingleFactor, &[]),
            ("totp mailed_link", Level::SingleFactor, &["otp"]),
            ("passkey mailed_link", Level::SingleFactor, &["pop"]),
        ];
        for (names, level, references) in table {
            let methods = Methods::parse(names).unwrap();
            assert_eq!((methods.level(), methods.references().as_slice()), (level, references), "{names}");
        }
        assert_eq!(Methods::from(Method::Totp).level(), Level::SingleFactor);
    }
}

//! The second step of signing in: what it can be done with, and the codes that people type.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{level::Level, role::Permission};

/// What a second step can be done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// A code of an authenticator app.
    Totp,
    RecoveryCode,
    Passkey,
}

impl SecondFactor {
    /// Those that are typed, and counted when they are wrong.
    pub const CODES: [Self; 2] = [Self::Totp, Self::RecoveryCode];

    /// Its name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
        }
    }
}

/// What the second step can be done with now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsableFactors {
    pub factors: Vec<SecondFactor>,
    /// Minutes until a recovery code is looked at again, after too many wrong ones.
    pub recovery_codes_in: Option<u64>,
}

/// The answer to a first step that was right, where the account needs a second one. No session has been started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondStep {
    pub status: SecondStepStatus,
    pub methods: Vec<SecondFactor>,
    /// How long the first step counts, in seconds.
    pub expires_in: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondStepStatus {
    SecondFactor,
}

/// A code as it was typed, by its form.
#[derive(Clone, PartialEq, Eq)]
pub enum OneTimeCode {
    Totp(TotpCode),
    Recovery(RecoveryCode),
}

/// The six digits of an authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode(String);

/// A recovery code: 80 bits in sixteen characters of Crockford's base 32.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

/// What was typed is a code of neither kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter the 6 digits that your authenticator app shows, or one of your recovery codes.")]
pub struct InvalidCode;

/// The same, where only a code of an app will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Enter the 6 digits that your authenticator app shows.")]
pub struct InvalidTotpCode;

impl OneTimeCode {
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        TotpCode::parse(typed).map(Self::Totp).or_else(|_| RecoveryCode::parse(typed).map(Self::Recovery))
    }
}

impl TotpCode {
    const LENGTH: usize = 6;

    /// Apps show the digits in groups.
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let is_code = digits.len() == Self::LENGTH && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self(digits)) } else { Err(InvalidCode) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RecoveryCode {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: usize = 16;

    /// The code of these random bytes.
    pub fn of(bytes: [u8; 10]) -> Self {
        let bits = bytes.iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let character = |place: usize| {
            let five = (bits >> (5 * (Self::LENGTH - 1 - place))) & 31;
            char::from(Self::ALPHABET[usize::try_from(five).unwrap_or_default()])
        };
        Self((0..Self::LENGTH).map(character).collect())
    }

    /// In any case, with or without what stands between the groups, and with the letters that look like digits.
    pub fn parse(typed: &str) -> Result<Self, InvalidCode> {
        let meant = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let code: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(meant)
            .take(Self::LENGTH + 1)
            .collect();
        let is_code = code.len() == Self::LENGTH && code.bytes().all(|byte| Self::ALPHABET.contains(&byte));
        if is_code { Ok(Self(code)) } else { Err(InvalidCode) }
    }

    /// Without the groups: what is hashed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecoveryCode {
    /// In groups of four, as people read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = |start: usize| self.0.get(start..start + 4).unwrap_or_default();
        write!(f, "{}-{}-{}-{}", group(0), group(4), group(8), group(12))
    }
}

/// What an authenticator app is set up with. It is shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotpSetup {
    /// In base 32, for an app into which it is typed.
    pub secret: String,
    /// What the picture says.
    pub otpauth_url: String,
    pub qr_code: QrCode,
}

/// A QR code as a drawing: squares of the size 1 on a field of `size` by `size`, as the path of an SVG.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QrCode {
    pub size: u32,
    pub path: String,
}

/// New recovery codes. They are shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<String>,
}

macro_rules! never_printed {
    ($($secret:ty),*) => {
        $(impl fmt::Debug for $secret {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($secret))
            }
        })*
    };
}
never_printed!(OneTimeCode, TotpCode, RecoveryCode, TotpSetup, QrCode, RecoveryCodes);

/// Whom a second factor is required of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorPolicy {
    /// Nobody: people decide for themselves.
    #[default]
    Optional,
    /// Whoever administers.
    Admins,
    Everyone,
}

impl SecondFactorPolicy {
    pub const NAMES: [(&str, Self); 3] =
        [("optional", Self::Optional), ("admins", Self::Admins), ("everyone", Self::Everyone)];

    /// What of it holds for a session of this level: nothing, if that has proved two factors.
    #[must_use]
    pub fn for_session(self, level: Level) -> Self {
        if level > Level::SingleFactor { Self::Optional } else { self }
    }

    /// Whether this takes a second factor. One's own account never does: there a factor is set up.
    pub fn restricts(self, permission: Permission) -> bool {
        use Permission::{
            Administer, EndSessions, ManageAccount, ManageFactors, ReadAccount, ReadAdministration,
        };
        match self {
            Self::Optional => false,
            Self::Admins => matches!(permission, ReadAdministration | Administer),
            Self::Everyone => {
                !matches!(permission, ReadAccount | ManageAccount | ManageFactors | EndSessions)
            }
        }
    }

    pub fn is_optional(&self) -> bool {
        *self == Self::Optional
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_are_a_code_of_an_app_however_they_are_grouped() {
        for typed in ["123456", " 123 456 ", "123\u{a0}456"] {
            let Ok(OneTimeCode::Totp(code)) = OneTimeCode::parse(typed) else { panic!("{typed:?}") };
            assert_eq!(code.as_str(), "123456");
        }
        for typed in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(OneTimeCode::parse(typed), Err(InvalidCode), "{typed:?}");
        }
    }

    #[test]
    fn a_recovery_code_is_read_as_it_was_written_and_as_people_misread_it() {
        let code = RecoveryCode::of([0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf]);
        assert_eq!(code.to_string(), "0123-4567-89AB-CDEF");
        for typed in ["0123-4567-89AB-CDEF", "0123456789abcdef", "oi23 4567 89ab cdef", "OL23-4567-89AB-CDEF"]
        {
            assert_eq!(RecoveryCode::parse(typed).unwrap().to_string(), code.to_string(), "{typed}");
        }
        for typed in ["", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEU", "0123-4567-89AB-CDEF-0"] {
            assert!(RecoveryCode::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_code_is_never_printed() {
        for typed in ["123456", "0123-4567-89AB-CDEF"] {
            assert!(!format!("{:?}", OneTimeCode::parse(typed).unwrap()).contains('3'));
        }
    }
}

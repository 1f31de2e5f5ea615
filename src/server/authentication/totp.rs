//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, thirty seconds, which is what every app supports.

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::evidence::Evidence;
use crate::{
    model::{id::UserId, methods::Method, second_factor::TotpCode},
    server::{
        clock::Timestamp,
        crypto::entropy::Entropy,
        error::Error,
        state::AppState,
        store::totp::{self, purpose},
    },
};

/// 160 bits (RFC 4226 §4, R6).
const SECRET_LENGTH: usize = 20;
/// Steps before and after the current one whose code is taken: a phone's clock is seldom exact.
const SKEW: u16 = 1;

/// A code that was right, of an app that is not set up yet.
pub struct Confirmed {
    pub sealed_secret: String,
    /// Of the code, which is used by it.
    pub step: i64,
    pub evidence: Evidence,
}

/// Checks the first code of the app that an account is setting up. Its secret was shown to whoever asks, so there is
/// nothing to guess.
pub async fn confirm(
    state: &AppState,
    now: Timestamp,
    user: &UserId,
    code: &TotpCode,
) -> Result<Confirmed, Error> {
    let mut reader = state.store.read().await?;
    let app = totp::of_user(&mut reader, user).await?.ok_or(Error::NotFound)?;
    drop(reader);
    if app.confirmed_at.is_some() {
        return Err(Error::FactorExists);
    }
    let secret = TotpSecret::open(state, user, &app.sealed_secret)?;
    let step = secret.step_of(code, now)?.ok_or(Error::WrongCode)?;
    Ok(Confirmed { sealed_secret: app.sealed_secret, step, evidence: Evidence::of(Method::Totp, now) })
}

/// The secret that an account shares with its app.
pub struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    pub fn generate(entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self(Zeroizing::new(entropy.bytes::<SECRET_LENGTH>()?.to_vec())))
    }

    /// As it is stored.
    pub fn seal(&self, state: &AppState, user: &UserId) -> Result<String, Error> {
        Ok(state.vault.seal(&purpose(user.as_str()), &self.0, &state.entropy)?)
    }

    pub fn open(state: &AppState, user: &UserId, sealed: &str) -> Result<Self, Error> {
        Ok(Self(state.vault.open(&purpose(user.as_str()), sealed)?))
    }

    /// In base 32, for an app into which it is typed.
    pub fn to_base32(&self) -> Result<String, Error> {
        Ok(self.totp()?.secret().to_base32())
    }

    /// What the app reads from a picture. The issuer names the host: some apps replace an entry by another one of the same
    /// name (dani-garcia/vaultwarden 3743).
    pub fn to_url(&self, brand: &str, host: &str, account: &str) -> Result<String, Error> {
        let issuer = format!("{brand} ({host})").replace(':', " ");
        let totp = self.builder().with_issuer(Some(issuer)).with_account_name(account.replace(':', " "));
        totp.build().map_err(fault)?.to_url().map_err(fault)
    }

    /// The step whose code this is, if it is one of those that are good now. Whether it was used is for the caller to ask.
    pub fn step_of(&self, code: &TotpCode, now: Timestamp) -> Result<Option<i64>, Error> {
        let seconds = u64::try_from(now.seconds()).unwrap_or_default();
        let step = self.totp()?.check(code.as_str(), seconds);
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    fn totp(&self) -> Result<Totp, Error> {
        self.builder().build().map_err(fault)
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0.to_vec()).with_skew(SKEW)
    }
}

fn fault(error: totp_rs::TotpError) -> Error {
    Error::Internal(format!("a secret of an authenticator app: {error}"))
}

#[cfg(test)]
impl TotpSecret {
    pub fn from_base32(text: &str) -> Self {
        Self(Zeroizing::new(totp_rs::Secret::try_from_base32(text).unwrap().as_bytes().to_vec()))
    }

    /// The code that the app shows at this moment.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.totp().unwrap().generate(u64::try_from(now.seconds()).unwrap()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B.
    fn vectors() -> [(i64, &'static str); 6] {
        [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ]
    }

    fn secret() -> TotpSecret {
        TotpSecret(Zeroizing::new(b"12345678901234567890".to_vec()))
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, code) in vectors() {
            let now = Timestamp::from_seconds(seconds);
            // The standard's have eight digits; six are the last six.
            let code = TotpCode::parse(&code[2..]).unwrap();
            assert_eq!(secret().code_at(now), code.as_str());
            assert_eq!(secret().step_of(&code, now).unwrap(), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_in_the_step_before_its_own_and_after_it_and_in_no_other() {
        let at = |step: i64| Timestamp::from_seconds(step * 30 + 7);
        let code = TotpCode::parse(&secret().code_at(at(1_000_000))).unwrap();
        let good: Vec<_> = (-3..=3)
            .filter(|steps| secret().step_of(&code, at(1_000_000 + steps)).unwrap().is_some())
            .collect();
        assert_eq!(good, [-1, 0, 1]);
        assert_eq!(
            secret().step_of(&code, at(1_000_001)).unwrap(),
            Some(1_000_000),
            "it is the code's own step"
        );
    }

    #[test]
    fn the_address_for_the_app_names_the_host_and_the_account() {
        let url = secret().to_url("Latchkey", "id.example.org", "ada@example.org").unwrap();
        assert!(
            url.starts_with("otpauth://totp/Latchkey%20%28id.example.org%29:ada%40example.org?"),
            "{url}"
        );
        assert!(url.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{url}");
        assert!(url.contains("issuer=Latchkey%20%28id.example.org%29"), "{url}");
    }
}

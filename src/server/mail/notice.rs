//! Mails that tell the owner of an account what was changed (OWASP ASVS 6.3.7). None has a link that does something by
//! being opened: programs that scan mails open them all.

use std::time::Duration;

use super::{Mail, Occasion, Portal};
use crate::model::{email::EmailAddress, second_factor::SecondFactor};

/// How long it is tried to bring a notice to its reader.
pub const LIFETIME: Duration = Duration::from_secs(3 * 86_400);

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    NewDevice,
    PasswordChanged,
    /// Told at the new address; the old one is told with a link that takes it back.
    EmailChanged,
    SecondFactorAdded,
    SecondFactorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    SecondStepTurnedOn,
    SecondStepTurnedOff,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    TenWrongCodes(SecondFactor),
    FactorsResetByAdmin,
    PasswordResetByAdmin,
    /// Somebody can come in through a provider, or no longer.
    ProviderLinked,
    ProviderUnlinked,
}

impl Notice {
    /// The subject, and what happened.
    const fn says(self) -> (&'static str, &'static str) {
        match self {
            Self::NewDevice => {
                ("New sign-in", "Somebody signed in to your account on a device that was not used before.")
            }
            Self::PasswordChanged => (
                "Your password was changed",
                "The password of your account was changed. All other sessions have ended.",
            ),
            Self::EmailChanged => (
                "Your email address was changed",
                "This is now the email address of your account. You sign in with it.",
            ),
            Self::SecondFactorAdded => {
                ("An authenticator app was added", "An authenticator app was added to your account.")
            }
            Self::SecondFactorRemoved => {
                ("Your authenticator app was removed", "The authenticator app was removed from your account.")
            }
            Self::PasskeyAdded => ("A passkey was added", "A passkey was added to your account."),
            Self::PasskeyRemoved => ("A passkey was removed", "A passkey was removed from your account."),
            Self::SecondStepTurnedOn => (
                "Your password alone is no longer enough",
                "From now on a passkey is asked for after the password of your account.",
            ),
            Self::SecondStepTurnedOff => (
                "A passkey is no longer asked for",
                "A passkey is no longer asked for after the password of your account.",
            ),
            Self::RecoveryCodesMade => (
                "New recovery codes",
                "New recovery codes were made for your account. Older ones no longer work.",
            ),
            Self::RecoveryCodeUsed => (
                "A recovery code was used",
                "Somebody signed in to your account with a recovery code. It does not work again.",
            ),
            Self::TenWrongCodes(SecondFactor::RecoveryCode) => (
                "Ten wrong codes",
                "Ten recovery codes in a row were wrong that somebody entered for your account. Whoever did that knows your\n\
                 password, or is signed in as you.",
            ),
            Self::TenWrongCodes(_) => (
                "Ten wrong codes",
                "Ten codes of your authenticator app in a row were wrong that somebody entered for your account. Whoever did\n\
                 that knows your password, or is signed in as you.",
            ),
            Self::ProviderLinked => (
                "A provider was linked",
                "Somebody can sign in to your account through another provider from now on.",
            ),
            Self::ProviderUnlinked => {
                ("A provider was unlinked", "One of the providers no longer signs in to your account.")
            }
            Self::FactorsResetByAdmin => (
                "Your second factor was reset",
                "An administrator removed the authenticator app, the passkeys and the recovery codes from your account.",
            ),
            Self::PasswordResetByAdmin => (
                "A password reset was started",
                "An administrator made a link to reset the password of your account.",
            ),
        }
    }

    /// What to do about it, if one has not done it oneself.
    const fn advice(self) -> Advice {
        match self {
            Self::FactorsResetByAdmin | Self::PasswordResetByAdmin => Advice::AskAdministrator,
            Self::TenWrongCodes(_) => Advice::PasswordIsKnown,
            _ => Advice::SecureAccount,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Advice {
    SecureAccount,
    PasswordIsKnown,
    AskAdministrator,
}

impl Advice {
    fn text(self, url: &str) -> String {
        match self {
            Self::SecureAccount => format!(
                "If this was you, there is nothing to do.\n\n\
                 If it was not you, somebody else can get into your account. Choose a new\n\
                 password, which ends all sessions:\n\n\
                 {url}/forgot\n\n\
                 Then look at what was changed:\n\n\
                 {url}/account"
            ),
            Self::PasswordIsKnown => format!(
                "If this was you, check that the clock of your phone is right.\n\n\
                 If it was not you, somebody else knows your password. Choose a new one:\n\n\
                 {url}/forgot"
            ),
            Self::AskAdministrator => "If you did not ask for this, tell your administrator.".to_owned(),
        }
    }
}

/// The mail to the account's address.
pub fn write(portal: Portal<'_>, notice: Notice, account: &EmailAddress, occasion: &Occasion) -> Mail {
    let Portal { name, url } = portal;
    let (subject, happened) = notice.says();
    let advice = notice.advice().text(url);
    Mail {
        kind: "notice",
        subject: format!("{subject} ({name})"),
        text: format!("{happened}\n\nAccount: {account}\n{occasion}\n\n{advice}\n\n-- \n{name}\n{url}\n"),
        lifetime: LIFETIME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::Timestamp;

    const PORTAL: Portal<'_> = Portal { name: "Example", url: "https://id.example.org" };

    fn text(notice: Notice) -> Mail {
        let account = EmailAddress::parse("ada@example.org").unwrap();
        let occasion = Occasion {
            at: Timestamp::from_seconds(1_767_225_600),
            device: "Firefox on Linux".to_owned(),
            ip: "203.0.113.7".to_owned(),
        };
        write(PORTAL, notice, &account, &occasion)
    }

    #[test]
    fn a_notice_says_what_happened_when_where_and_what_to_do() {
        let mail = text(Notice::PasswordChanged);
        assert_eq!(mail.subject, "Your password was changed (Example)");
        assert_eq!(
            mail.text,
            "The password of your account was changed. All other sessions have ended.\n\
             \n\
             Account: ada@example.org\n\
             When:  2026-01-01 00:00 UTC\n\
             Where: Firefox on Linux, 203.0.113.7\n\
             \n\
             If this was you, there is nothing to do.\n\
             \n\
             If it was not you, somebody else can get into your account. Choose a new\n\
             password, which ends all sessions:\n\
             \n\
             https://id.example.org/forgot\n\
             \n\
             Then look at what was changed:\n\
             \n\
             https://id.example.org/account\n\
             \n\
             -- \n\
             Example\n\
             https://id.example.org\n"
        );
    }

    #[test]
    fn a_notice_of_what_an_administrator_did_names_whom_to_ask() {
        let mail = text(Notice::FactorsResetByAdmin);
        assert_eq!(mail.subject, "Your second factor was reset (Example)");
        assert_eq!(
            mail.text,
            "An administrator removed the authenticator app, the passkeys and the recovery codes from your account.\n\
             \n\
             Account: ada@example.org\n\
             When:  2026-01-01 00:00 UTC\n\
             Where: Firefox on Linux, 203.0.113.7\n\
             \n\
             If you did not ask for this, tell your administrator.\n\
             \n\
             -- \n\
             Example\n\
             https://id.example.org\n"
        );
    }

    #[test]
    fn a_notice_of_ten_wrong_codes_says_which_ones_were_counted() {
        let first_line = |factor| text(Notice::TenWrongCodes(factor)).text.lines().next().unwrap().to_owned();
        assert!(first_line(SecondFactor::Totp).starts_with("Ten codes of your authenticator app in a row"));
        assert!(first_line(SecondFactor::RecoveryCode).starts_with("Ten recovery codes in a row"));
    }

    #[test]
    fn no_notice_has_a_link_that_does_something_by_being_opened() {
        use Notice::*;
        for notice in [
            NewDevice,
            PasswordChanged,
            EmailChanged,
            SecondFactorAdded,
            SecondFactorRemoved,
            PasskeyAdded,
            PasskeyRemoved,
            RecoveryCodesMade,
            RecoveryCodeUsed,
            SecondStepTurnedOn,
            SecondStepTurnedOff,
            TenWrongCodes(SecondFactor::Totp),
            ProviderLinked,
            ProviderUnlinked,
            FactorsResetByAdmin,
            PasswordResetByAdmin,
        ] {
            let mail = text(notice);
            let links = mail.text.lines().filter(|line| line.contains("://"));
            for link in links {
                let path = link.strip_prefix(PORTAL.url).unwrap_or_else(|| panic!("{notice:?}: {link}"));
                assert!(["", "/forgot", "/account"].contains(&path), "{notice:?}: {link}");
            }
        }
    }
}

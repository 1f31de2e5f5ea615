//! Mails with a link that works once. The page that it leads to asks before it does anything: programs that scan mails
//! open every link.

use std::time::Duration;

use super::{Mail, Portal};
use crate::model::{email::EmailAddress, local_path::LocalPath, query::encode_value};

/// `path` has the token. Whoever has a new password goes on to `next`.
pub fn password_reset(
    portal: Portal<'_>,
    (path, next): (&str, &LocalPath),
    account: &EmailAddress,
    lifetime: Duration,
) -> Mail {
    let text = format!(
        "Somebody asked to reset the password of your account {account}.\n\n\
         If this was you, choose a new password here, within {}:\n\n\
         {}{path}{}\n\n\
         If it was not you, there is nothing to do: your password stays as it is.",
        within(lifetime),
        portal.url,
        leading_to(next)
    );
    mail(portal, "password_reset", "Reset your password", &text, lifetime)
}

pub fn sign_in(portal: Portal<'_>, path: &str, account: &EmailAddress, lifetime: Duration) -> Mail {
    let text = format!(
        "Somebody asked for a link to sign in to your account {account}.\n\n\
         If this was you, sign in here, within {}, in the browser in which you asked:\n\n\
         {}{path}\n\n\
         If it was not you, there is nothing to do: nobody is signed in.",
        within(lifetime),
        portal.url
    );
    mail(portal, "sign_in_link", "Sign in", &text, lifetime)
}

/// Instead of such a link: to whoever has an account that takes more than a mail.
pub fn no_sign_in_link(portal: Portal<'_>, account: &EmailAddress) -> Mail {
    let text = format!(
        "Somebody asked for a link to sign in to your account {account}. There is none for this account: \
         it has a second factor, or administers.\n\n\
         If this was you, sign in with your password or your passkey:\n\n\
         {}/login\n\n\
         If it was not you, there is nothing to do.",
        portal.url
    );
    mail(portal, "no_sign_in_link", "Sign in", &text, super::notice::LIFETIME)
}

/// `path` has the token. Whoever has signed up goes on to `next`.
pub fn sign_up(portal: Portal<'_>, path: &str, next: &LocalPath, lifetime: Duration) -> Mail {
    let text = format!(
        "Somebody asked for an account with this address.\n\n\
         If this was you, choose a name and a password here, within {}:\n\n\
         {}{path}{}\n\n\
         If it was not you, there is nothing to do: no account is made.",
        within(lifetime),
        portal.url,
        leading_to(next)
    );
    mail(portal, "sign_up", "Create your account", &text, lifetime)
}

/// Instead of a link for a new account, or for a change of address: to whoever has one. Signing in leads to `next`.
pub fn account_exists(portal: Portal<'_>, account: &EmailAddress, next: &LocalPath) -> Mail {
    let text = format!(
        "Somebody asked for an account with your address {account}. You have one already.\n\n\
         If this was you, sign in here:\n\n\
         {url}{login}\n\n\
         If you have forgotten your password, choose a new one:\n\n\
         {url}{forgot}\n\n\
         If it was not you, there is nothing to do.",
        url = portal.url,
        login = next.behind("/login"),
        forgot = next.behind("/forgot")
    );
    mail(portal, "account_exists", "You have an account", &text, super::notice::LIFETIME)
}

pub fn confirm_email(portal: Portal<'_>, path: &str, account: &EmailAddress, lifetime: Duration) -> Mail {
    let text = format!(
        "The owner of the account {} wants to use this address for it.\n\n\
         If this was you, confirm it here, within {}:\n\n\
         {}{path}\n\n\
         If it was not you, there is nothing to do: nothing was changed.",
        account,
        within(lifetime),
        portal.url
    );
    mail(portal, "confirm_email", "Confirm your email address", &text, lifetime)
}

/// To the address that was the account's until now. The new one is not named: if a thief has it, it is theirs, and if the
/// owner has it, they know it.
pub fn email_changed(portal: Portal<'_>, path: &str, account: &EmailAddress, lifetime: Duration) -> Mail {
    let text = format!(
        "Your account {} has another email address now.\n\n\
         If this was you, there is nothing to do.\n\n\
         If it was not you, put this address back and choose a new password, within {}:\n\n\
         {}{path}\n\n\
         All sessions end then.",
        account,
        within(lifetime),
        portal.url
    );
    mail(portal, "email_changed", "Your email address was changed", &text, lifetime)
}

fn mail(
    Portal { name, url }: Portal<'_>,
    kind: &'static str,
    subject: &str,
    text: &str,
    lifetime: Duration,
) -> Mail {
    let subject = format!("{subject} ({name})");
    Mail { kind, subject, text: format!("{text}\n\n-- \n{name}\n{url}\n"), lifetime }
}

/// What a link has behind its token, so that it leads on to `next`. Where people go anyway is not named.
fn leading_to(next: &LocalPath) -> String {
    if *next == LocalPath::default() {
        return String::new();
    }
    format!("&next={}", encode_value(next.as_str()))
}

/// A time as people say it, in whole days, hours or minutes.
fn within(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 1440, minutes / 60) {
        (days, _) if days > 1 => format!("{days} days"),
        (_, hours) if hours > 1 => format!("{hours} hours"),
        _ => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTAL: Portal<'_> = Portal { name: "Example", url: "https://id.example.org" };
    const END: &str = "\n\n-- \nExample\nhttps://id.example.org\n";
    const HOUR: Duration = Duration::from_secs(3600);

    fn ada() -> EmailAddress {
        EmailAddress::parse("ada@example.org").unwrap()
    }

    #[test]
    fn a_mail_to_reset_a_password_says_who_asked_for_what() {
        let mail = password_reset(PORTAL, ("/reset?token=x", &LocalPath::default()), &ada(), HOUR / 2);
        assert_eq!(mail.subject, "Reset your password (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Somebody asked to reset the password of your account ada@example.org.\n\
             \n\
             If this was you, choose a new password here, within 30 minutes:\n\
             \n\
             https://id.example.org/reset?token=x\n\
             \n\
             If it was not you, there is nothing to do: your password stays as it is."
        );
    }

    #[test]
    fn a_mail_to_sign_in_says_for_how_long_and_where_its_link_works() {
        let mail = sign_in(PORTAL, "/login/link?token=x", &ada(), HOUR / 6);
        assert_eq!(mail.subject, "Sign in (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Somebody asked for a link to sign in to your account ada@example.org.\n\
             \n\
             If this was you, sign in here, within 10 minutes, in the browser in which you asked:\n\
             \n\
             https://id.example.org/login/link?token=x\n\
             \n\
             If it was not you, there is nothing to do: nobody is signed in."
        );
        let mail = no_sign_in_link(PORTAL, &ada());
        assert_eq!(mail.subject, "Sign in (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Somebody asked for a link to sign in to your account ada@example.org. There is none for this account: \
             it has a second factor, or administers.\n\
             \n\
             If this was you, sign in with your password or your passkey:\n\
             \n\
             https://id.example.org/login\n\
             \n\
             If it was not you, there is nothing to do."
        );
    }

    #[test]
    fn a_mail_to_sign_up_has_a_link_and_one_to_whoever_has_an_account_has_none() {
        let mail = sign_up(PORTAL, "/register/finish?token=x", &LocalPath::default(), 24 * HOUR);
        assert_eq!(mail.subject, "Create your account (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Somebody asked for an account with this address.\n\
             \n\
             If this was you, choose a name and a password here, within 24 hours:\n\
             \n\
             https://id.example.org/register/finish?token=x\n\
             \n\
             If it was not you, there is nothing to do: no account is made."
        );
        let mail = account_exists(PORTAL, &ada(), &LocalPath::default());
        assert_eq!(mail.subject, "You have an account (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Somebody asked for an account with your address ada@example.org. You have one already.\n\
             \n\
             If this was you, sign in here:\n\
             \n\
             https://id.example.org/login\n\
             \n\
             If you have forgotten your password, choose a new one:\n\
             \n\
             https://id.example.org/forgot\n\
             \n\
             If it was not you, there is nothing to do."
        );
    }

    #[test]
    fn whoever_was_sent_by_an_app_goes_on_to_it_from_each_mail() {
        let consent = LocalPath::parse("/consent?request=x").unwrap();
        let mail = sign_up(PORTAL, "/register/finish?token=x", &consent, HOUR);
        assert!(
            mail.text.contains("/register/finish?token=x&next=/consent%3Frequest%3Dx\n"),
            "{}",
            mail.text
        );
        let mail = account_exists(PORTAL, &ada(), &consent);
        assert!(mail.text.contains("/login?next=/consent%3Frequest%3Dx\n"), "{}", mail.text);
        assert!(mail.text.contains("/forgot?next=/consent%3Frequest%3Dx\n"), "{}", mail.text);
        let mail = password_reset(PORTAL, ("/reset?token=x", &consent), &ada(), HOUR);
        assert!(mail.text.contains("/reset?token=x&next=/consent%3Frequest%3Dx\n"), "{}", mail.text);
    }

    #[test]
    fn the_new_address_confirms_and_the_old_one_can_take_it_back() {
        let mail = confirm_email(PORTAL, "/confirm-email?token=x", &ada(), 24 * HOUR);
        assert_eq!(mail.subject, "Confirm your email address (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "The owner of the account ada@example.org wants to use this address for it.\n\
             \n\
             If this was you, confirm it here, within 24 hours:\n\
             \n\
             https://id.example.org/confirm-email?token=x\n\
             \n\
             If it was not you, there is nothing to do: nothing was changed."
        );
        let mail = email_changed(PORTAL, "/restore-email?token=x", &ada(), 7 * 24 * HOUR);
        assert_eq!(mail.subject, "Your email address was changed (Example)");
        assert_eq!(
            mail.text.strip_suffix(END).unwrap(),
            "Your account ada@example.org has another email address now.\n\
             \n\
             If this was you, there is nothing to do.\n\
             \n\
             If it was not you, put this address back and choose a new password, within 7 days:\n\
             \n\
             https://id.example.org/restore-email?token=x\n\
             \n\
             All sessions end then."
        );
    }
}

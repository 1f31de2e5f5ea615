//! Every way in, and everything that an account may have: nobody gets past the second step, and nobody is asked for one that
//! they do not have.

use std::time::Duration;

use serde_json::json;

use super::{
    mails::send_due,
    passkeys,
    relying_party::{self, RelyingParty},
    sign_in_links,
    smtp::Relay,
    test_app::{Answer, Backend, Browser, PASSWORD, TestApp, authenticator::Authenticator},
    upstream::provider::{self, TestProvider},
};
use crate::{
    model::oauth::client_kind::ClientKind,
    server::{
        authentication::totp::TotpSecret,
        oauth::clients::ClientSettings,
        store::{
            one_time_tokens::{self, NewToken, Purpose},
            users,
        },
        tokens::one_time,
        upstream::ProviderSettings,
    },
};

const ADA: &str = passkeys::EMAIL;
const NEW_PASSWORD: &str = "an entirely new password";
const ATTEMPT: &str = "__Host-latchkey-attempt";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Has {
    Nothing,
    App,
    /// After an administrator has reset the factors.
    OneRecoveryCode,
    /// It is not asked for after the password.
    Passkey,
    /// It is.
    PasskeyAskedFor,
    AppAndPasskey,
    /// Nothing, where administrators need a second factor, and it is one.
    NothingAsAdministrator,
    /// Nothing, where everyone needs a second factor.
    NothingWhereAllNeedIt,
    /// Both factors, and it was disabled.
    Disabled,
}

const STATES: [Has; 9] = [
    Has::Nothing,
    Has::App,
    Has::OneRecoveryCode,
    Has::Passkey,
    Has::PasskeyAskedFor,
    Has::AppAndPasskey,
    Has::NothingAsAdministrator,
    Has::NothingWhereAllNeedIt,
    Has::Disabled,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Password,
    /// The same, in a browser that was signed in to the account before.
    KnownDevice,
    MailedLink,
    /// A link to reset the password, and then the new password.
    Reset,
    /// One that is of an account which has a factor all the same.
    Invitation,
    Setup,
    Passkey,
    Provider,
    /// An app sends the browser here, and the password leads on to the app.
    Client,
    /// A device shows a code, and the password leads on to the page that asks for it.
    Device,
}

const WAYS: [Way; 10] = [
    Way::Password,
    Way::KnownDevice,
    Way::MailedLink,
    Way::Reset,
    Way::Invitation,
    Way::Setup,
    Way::Passkey,
    Way::Provider,
    Way::Client,
    Way::Device,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Session,
    /// A session that lacks what the policy names.
    Restricted,
    SecondStep,
    Refused,
}

/// The table.
#[expect(clippy::match_same_arms, reason = "each arm is a rule")]
fn expected(way: Way, has: Has) -> Outcome {
    use Has::{
        App, AppAndPasskey, Disabled, Nothing, NothingAsAdministrator, NothingWhereAllNeedIt,
        OneRecoveryCode, Passkey, PasskeyAskedFor,
    };
    match (way, has) {
        // A setup link makes an account, and gets into none.
        (_, Disabled) | (Way::Setup, _) => Outcome::Refused,
        (Way::Passkey, Passkey | PasskeyAskedFor | AppAndPasskey) => Outcome::Session,
        (Way::Passkey, _) => Outcome::Refused,
        // A mail is enough for nobody who has more, or administers.
        (
            Way::MailedLink,
            App | OneRecoveryCode | PasskeyAskedFor | AppAndPasskey | NothingAsAdministrator,
        ) => Outcome::Refused,
        (_, App | OneRecoveryCode | PasskeyAskedFor | AppAndPasskey) => Outcome::SecondStep,
        (_, Nothing | Passkey) => Outcome::Session,
        (_, NothingAsAdministrator | NothingWhereAllNeedIt) => Outcome::Restricted,
    }
}

/// The program, and Ada's account with what it has.
struct World {
    app: TestApp,
    relay: Relay,
    provider: TestProvider,
    passkey: Authenticator,
    totp: Option<TotpSecret>,
    recovery_code: Option<String>,
}

impl World {
    async fn new(backend: Backend, has: Has) -> Self {
        let policy = match has {
            Has::NothingAsAdministrator => "admins",
            Has::NothingWhereAllNeedIt => "everyone",
            _ => "optional",
        };
        let settings = [("LATCHKEY_SECOND_FACTOR", policy), ("LATCHKEY_RATE_LIMIT", "off")];
        let (app, relay) = sign_in_links::start_with(backend, &settings).await;
        let provider = TestProvider::start(&app.clock).await;
        provider.add_to(&app, ProviderSettings { sign_up: None, ..TestProvider::settings() }).await;
        provider.says_of_person(json!({ "sub": "248289761001", "email": "countess@example.net" }));
        let passkey = passkeys::authenticator();
        let mut world = Self { app, relay, provider, passkey, totp: None, recovery_code: None };
        world.give(has).await;
        world
    }

    async fn give(&mut self, has: Has) {
        let roles = if has == Has::NothingAsAdministrator { "admin" } else { "member" };
        let mut owner = self.app.sign_in_as(ADA, roles).await;
        self.link_provider(&mut owner).await;
        if matches!(has, Has::Passkey | Has::PasskeyAskedFor | Has::AppAndPasskey | Has::Disabled) {
            passkeys::add(&mut owner, &mut self.passkey).await.assert_status(200);
        }
        match has {
            Has::App | Has::AppAndPasskey | Has::Disabled => self.totp = Some(self.app.give_totp(ADA).await),
            Has::OneRecoveryCode => self.recovery_code = self.app.give_recovery_codes(ADA, 1).await.pop(),
            Has::PasskeyAskedFor => {
                let asked = owner.post("/api/account/set_second_step", &[("required", "true")]).await;
                asked.assert_status(200);
            }
            _ => {}
        }
        if has == Has::Disabled {
            let id = self.app.user(ADA).await.id;
            let mut tx = self.app.state.store.begin().await.unwrap();
            users::set_disabled(&mut tx, &id, Some(self.app.clock.now())).await.unwrap();
            tx.commit().await.unwrap();
        }
        send_due(&self.app).await;
    }

    async fn link_provider(&self, owner: &mut Browser) {
        let fields = [("provider", provider::SLUG)];
        let begun = owner.post("/api/account/link_provider", &fields).await.assert_status(200).json();
        let address = url::Url::parse(begun["address"].as_str().unwrap()).unwrap();
        let answer = self.provider.returns(&address.query_pairs().into_owned().collect());
        provider::come_back(owner, &answer).await.assert_status(303);
    }

    /// A link of this purpose that works once, to Ada's account if it is of one.
    async fn link(&self, purpose: Purpose) -> String {
        let (token, hash) = one_time::generate(&self.app.state.entropy).unwrap();
        let id = self.app.user(ADA).await.id;
        let user = (purpose != Purpose::Setup).then_some(&id);
        let expires_at = self.app.clock.now() + Duration::from_secs(60);
        let link = NewToken { purpose, hash: &hash, user, email: None, asker: None, expires_at };
        let mut tx = self.app.state.store.begin().await.unwrap();
        one_time_tokens::insert(&mut tx, link).await.unwrap();
        tx.commit().await.unwrap();
        token
    }

    /// The link to this page in a mail that is sent now, if one is.
    async fn mailed(&self, page: &str) -> Option<String> {
        let before = self.relay.received().len();
        send_due(&self.app).await;
        let mails = self.relay.received().split_off(before);
        let mail = mails.iter().find(|mail| mail.data.contains(page))?;
        Some(mail.link(page).strip_prefix("http://localhost:3000").unwrap().to_owned())
    }

    /// What the browser is answered at the end of the way; nothing: it leads nowhere.
    async fn come_in(&self, way: Way, browser: &mut Browser) -> Option<Answer> {
        let sign_in = [("email", ADA), ("password", PASSWORD)];
        match way {
            Way::Password | Way::Client | Way::Device => {
                Some(browser.post("/api/auth/login", &sign_in).await)
            }
            Way::KnownDevice => {
                let user = self.app.user(ADA).await;
                let session = "019b0000-0000-7000-8000-00000000abcd";
                let session = crate::model::id::SessionId::parse(session).unwrap();
                let cookie = self.app.state.device_cookies.issue(&user, &session);
                browser.cookies.insert("__Host-latchkey-device".to_owned(), cookie);
                Some(browser.post("/api/auth/login", &sign_in).await)
            }
            Way::MailedLink => {
                let asked = browser.post("/api/auth/request_sign_in_link", &sign_in[..1]).await;
                asked.assert_status(200);
                let link = self.mailed("/login/link?token=").await?;
                Some(sign_in_links::use_link(browser, &link).await)
            }
            Way::Reset => {
                browser.post("/api/auth/request_reset", &sign_in[..1]).await.assert_status(200);
                let link = self.mailed("/reset?token=").await?;
                browser.open_link(&link).await;
                browser.post("/api/auth/reset", &[("password", NEW_PASSWORD)]).await.assert_status(200);
                assert!(browser.refresh_token().is_empty(), "a reset signs nobody in");
                Some(browser.sign_in(ADA, NEW_PASSWORD).await)
            }
            Way::Invitation => {
                let token = self.link(Purpose::Invitation).await;
                let fields = [("token", token.as_str()), ("display_name", "Ada"), ("password", PASSWORD)];
                Some(browser.post("/api/auth/accept_invitation", &fields).await)
            }
            Way::Setup => {
                let token = self.link(Purpose::Setup).await;
                let fields = [("token", token.as_str()), ("display_name", "Ada"), sign_in[0], sign_in[1]];
                Some(browser.post("/api/auth/setup", &fields).await)
            }
            Way::Passkey => Some(passkeys::sign_in(browser, &self.passkey).await),
            Way::Provider => Some(self.provider.sign_in(browser).await),
        }
    }

    /// Takes the second step with what the account has.
    async fn second_step(&self, browser: &mut Browser) {
        let path = "/api/auth/second_factor";
        let code = self.totp.as_ref().map(|app| app.code_at(self.app.clock.now()));
        if let Some(code) = code.or_else(|| self.recovery_code.clone()) {
            browser.post(path, &[("code", &code)]).await.assert_status(200);
        } else {
            let begun = passkeys::begun(browser, "second_step").await;
            let credential = self.passkey.get(&begun["options"]);
            passkeys::answer(browser, path, &begun, &credential).await.assert_status(200);
        }
        let level = relying_party::claims(browser.access_token.as_deref().unwrap())["acr"].clone();
        assert_ne!(level, "https://refeds.org/profile/sfa");
    }

    /// Whether the policy closes something to this session.
    async fn is_restricted(&self, browser: &mut Browser) -> bool {
        if browser.access_token.is_none() {
            browser.refresh().await.assert_status(200);
        }
        let mut codes = Vec::new();
        for path in ["/api/notices/list", "/api/admin/users/list"] {
            let answer = browser.post(path, &[]).await;
            codes.extend((!answer.status.is_success()).then(|| answer.code()));
        }
        codes.contains(&"second_factor_required".to_owned())
    }

    async fn outcome(&self, browser: &mut Browser, answer: Option<&Answer>) -> Outcome {
        let signed_in = !browser.refresh_token().is_empty();
        assert!(!(signed_in && browser.cookies.contains_key(ATTEMPT)), "signed in and half signed in");
        match answer {
            _ if signed_in && self.is_restricted(browser).await => Outcome::Restricted,
            _ if signed_in => Outcome::Session,
            Some(_) if browser.cookies.contains_key(ATTEMPT) => Outcome::SecondStep,
            Some(answer) => {
                assert!(answer.status.is_client_error(), "{answer:?}");
                Outcome::Refused
            }
            None => Outcome::Refused,
        }
    }
}

/// Row 7 of what happened elsewhere: a second step that only one of the ways in asked for.
#[tokio::test]
async fn no_way_in_starts_a_session_without_the_second_step_whatever_the_account_has() {
    for has in STATES {
        for way in WAYS {
            let world = World::new(Backend::Sqlite, has).await;
            let mut browser = world.app.browser();
            let answer = world.come_in(way, &mut browser).await;
            let outcome = world.outcome(&mut browser, answer.as_ref()).await;
            assert_eq!(outcome, expected(way, has), "{way:?} {has:?}: {answer:?}");
            if outcome != Outcome::SecondStep {
                continue;
            }
            // Half signed in is not signed in.
            for page in ["/dashboard", "/account/security", "/device", "/consent?request=AAAA"] {
                let led = browser.get(page).await;
                assert!(led.location().starts_with("/login?next="), "{way:?} {has:?} {page}");
            }
            browser.refresh().await.assert_error(401, "no_session");
            let wrong = browser.post("/api/auth/second_factor", &[("code", "000000")]).await;
            wrong.assert_error(401, "invalid_credentials");
            world.second_step(&mut browser).await;
            assert_eq!(world.outcome(&mut browser, None).await, Outcome::Session, "{way:?} {has:?}");
        }
    }
}

/// What stands between a browser and an app, by what it has come to.
fn lets_apps_in(outcome: Outcome, has: Has) -> bool {
    outcome == Outcome::Session || (outcome == Outcome::Restricted && has == Has::NothingAsAdministrator)
}

#[tokio::test]
async fn no_app_is_answered_before_the_second_step() {
    for has in STATES {
        let world = World::new(Backend::Sqlite, has).await;
        let client = RelyingParty::trusted(&world.app).await;
        let mut browser = world.app.browser();
        let asks = relying_party::path(&client.request());
        let page = browser.get(&asks).await.assert_status(303).location().to_owned();
        assert!(browser.get(&page).await.location().starts_with("/login?next=/consent"), "{has:?}");
        let answer = world.come_in(Way::Client, &mut browser).await;
        let mut outcome = world.outcome(&mut browser, answer.as_ref()).await;
        assert_eq!(outcome, expected(Way::Client, has), "{has:?}");
        for _ in 0..2 {
            let answer = browser.get(&page).await;
            let code = answer.header("refresh").is_some();
            assert_eq!(code, lets_apps_in(outcome, has), "{has:?} {outcome:?}: {answer:?}");
            if outcome != Outcome::SecondStep {
                break;
            }
            world.second_step(&mut browser).await;
            outcome = Outcome::Session;
        }
    }
}

#[tokio::test]
async fn no_device_is_connected_before_the_second_step() {
    for has in STATES {
        let world = World::new(Backend::Sqlite, has).await;
        let device = RelyingParty::register(&world.app, ClientKind::Device, ClientSettings::default()).await;
        let begun =
            device.call(&world.app, "/oauth/device_authorization", &[("scope", "openid")]).await.json();
        let user_code = begun["user_code"].as_str().unwrap();
        let mut browser = world.app.browser();
        let answer = world.come_in(Way::Device, &mut browser).await;
        let mut outcome = world.outcome(&mut browser, answer.as_ref()).await;
        for _ in 0..2 {
            let entered = browser.submit("/device", "/device", &[("user_code", user_code)]).await;
            let fields = [("user_code", user_code), ("decision", "allow")];
            let allowed = browser.submit("/device", "/device", &fields).await;
            let connected = allowed.body.contains("is connected");
            assert_eq!(connected, lets_apps_in(outcome, has), "{has:?} {outcome:?}: {entered:?} {allowed:?}");
            if outcome != Outcome::SecondStep {
                break;
            }
            world.second_step(&mut browser).await;
            outcome = Outcome::Session;
        }
    }
}

#[tokio::test]
async fn an_attempt_is_void_once_the_account_has_changed_whichever_way_it_was_begun() {
    for way in [Way::Password, Way::Provider, Way::Invitation] {
        for change in ["password", "disabled", "factor"] {
            let world = World::new(Backend::Sqlite, Has::App).await;
            let mut browser = world.app.browser();
            world.come_in(way, &mut browser).await;
            assert!(browser.cookies.contains_key(ATTEMPT), "{way:?}");
            let id = world.app.user(ADA).await.id;
            let mut tx = world.app.state.store.begin().await.unwrap();
            match change {
                "password" => users::set_password_hash(&mut tx, &id, "$argon2id$other").await.unwrap(),
                "disabled" => {
                    users::set_disabled(&mut tx, &id, Some(world.app.clock.now())).await.unwrap();
                }
                _ => users::raise_credential_epoch(&mut tx, &id).await.unwrap(),
            }
            tx.commit().await.unwrap();
            let code = world.totp.as_ref().unwrap().code_at(world.app.clock.now());
            let answer = browser.post("/api/auth/second_factor", &[("code", &code)]).await;
            assert_eq!(answer.code(), "sign_in_expired", "{way:?} {change}");
            assert!(browser.refresh_token().is_empty(), "{way:?} {change}");
        }
    }
}

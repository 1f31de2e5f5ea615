//! What the server tells the app with the page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::{
    email::EmailAddress,
    form::FormFailure,
    json::JsonText,
    link::LinkSubject,
    oauth::{consent_page::ConsentPage, device_page::DevicePage},
    second_factor::UsableFactors,
    session::SessionView,
    theme::Theme,
    upstream::linked::ProviderButton,
};

/// What a page carries for its first rendering, the same on the server and in the browser. Nothing secret: it stands
/// in the HTML.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the portal")]
pub struct PageData {
    pub session: Option<SessionView>,
    /// A form that was sent without JavaScript and refused.
    pub failure: Option<FormFailure>,
    /// On the page that asks for consent: what an app asks for.
    pub consent: Option<ConsentPage>,
    /// On the page that connects a device: what it asks now.
    pub device: Option<DevicePage>,
    pub brand: Brand,
    pub theme: Theme,
    pub registration_open: bool,
    /// On the page of the second step: what it can be done with, if somebody is half signed in.
    pub second_step: Option<UsableFactors>,
    /// Least characters of a password that is chosen.
    pub password_from: usize,
    /// On the setup page: whether its link works.
    pub setup_open: bool,
    /// On the page of a one-time link: what it is about, if it works.
    pub link: Option<LinkSubject>,
    /// Whether mail is sent here.
    pub mail: bool,
    /// Whether a mailed link signs in here.
    pub sign_in_links: bool,
    /// On the pages to come in, while nobody is signed in: the providers that people can sign in with.
    pub providers: Vec<ProviderButton>,
    /// On the sign-in page: whom the app expects that led there.
    pub login_hint: Option<EmailAddress>,
}

/// What this portal is called, and whether it has a logo of its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Brand {
    pub name: String,
    pub logo: bool,
}

impl PageData {
    /// On the server what the request's context provides, in the browser what the HTML carries.
    pub fn carried() -> Self {
        SharedValue::<Self, JsonText>::new_with_encoding(|| use_context::<Self>().unwrap_or_default())
            .into_inner()
    }
}

/// A form's failure, until the form has taken it: it is shown once, and not when somebody comes back to the page.
#[derive(Clone, Copy, Debug)]
pub struct Flashed(StoredValue<Option<FormFailure>>);

impl Flashed {
    pub fn provide(failure: Option<FormFailure>) {
        provide_context(Self(StoredValue::new(failure)));
    }

    /// The failure of the form of this function.
    pub fn take(function: &str) -> Option<FormFailure> {
        let Self(failure) = expect_context();
        let mut taken = None;
        failure.update_value(|failure| taken = failure.take_if(|failure| failure.function == function));
        taken
    }
}

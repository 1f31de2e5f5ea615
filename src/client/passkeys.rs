//! Passkeys in the browser (WebAuthn Level 3): options come from the server as JSON and answers go back as JSON, both as the
//! browser itself reads and writes them.

use std::cell::RefCell;

use js_sys::{JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal};

use super::{authorized, http::Request};
use crate::model::{
    error::{ApiError, Code},
    query::encode,
};

#[wasm_bindgen]
extern "C" {
    type Navigator;
    type CredentialsContainer;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: Navigator;

    #[wasm_bindgen(method, getter)]
    fn credentials(this: &Navigator) -> CredentialsContainer;

    #[wasm_bindgen(method, catch)]
    fn create(this: &CredentialsContainer, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn get(this: &CredentialsContainer, options: &Object) -> Result<Promise, JsValue>;

    type PublicKeyCredential;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = parseCreationOptionsFromJSON)]
    fn parse_creation_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = parseRequestOptionsFromJSON)]
    fn parse_request_options(options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = isConditionalMediationAvailable)]
    fn is_conditional_mediation_available() -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = signalUnknownCredential)]
    fn signal_unknown_credential(about: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = signalAllAcceptedCredentials)]
    fn signal_all_accepted_credentials(about: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, static_method_of = PublicKeyCredential, js_name = signalCurrentUserDetails)]
    fn signal_current_user_details(about: &JsValue) -> Result<Promise, JsValue>;
}

/// How the browser is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// For a new passkey.
    Create,
    /// For one that exists, in a dialog.
    Get,
    /// For one that exists, among the suggestions for a field.
    Suggest,
}

/// Why the browser gave none. Its own text says things that are nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// It was cancelled, took too long, or there is none: browsers do not say which.
    NotAllowed,
    /// This authenticator has a passkey of the account already.
    Exists,
    /// Another ceremony was begun, or the page was left.
    Aborted,
    Other,
}

impl Refusal {
    fn of(error: &JsValue) -> Self {
        match Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).as_deref() {
            Some("NotAllowedError") => Self::NotAllowed,
            Some("InvalidStateError") => Self::Exists,
            Some("AbortError") => Self::Aborted,
            _ => Self::Other,
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::NotAllowed => "No passkey was used. Try again, or go on without one.",
            Self::Exists => "This device or password manager already has a passkey for your account.",
            Self::Aborted => "This was cancelled.",
            Self::Other => "This browser could not use a passkey here.",
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::PasskeyRefused, refusal.message())
    }
}

thread_local! {
    /// The ceremony under way. A browser has room for one.
    static UNDER_WAY: RefCell<Option<AbortController>> = const { RefCell::new(None) };
    /// The passkey that the browser has answered with last, as the signal about it names it.
    static ANSWERED: RefCell<Option<Object>> = const { RefCell::new(None) };
}

/// Ends the ceremony under way, if there is one.
pub fn abort() {
    if let Some(ceremony) = UNDER_WAY.take() {
        ceremony.abort();
    }
}

/// Whether this browser can do it at all.
pub fn are_supported() -> bool {
    let class = Reflect::get(&window(), &"PublicKeyCredential".into()).unwrap_or_default();
    Reflect::get(&class, &"parseRequestOptionsFromJSON".into()).is_ok_and(|parse| parse.is_function())
}

/// Whether this browser can suggest passkeys for a field.
pub async fn can_be_suggested() -> bool {
    let Ok(asked) = PublicKeyCredential::is_conditional_mediation_available() else { return false };
    JsFuture::from(asked).await.is_ok_and(|can| can.is_truthy())
}

/// Gets options from the server with `request`, asks the browser, and returns the fields of the form that answers.
pub async fn ask(how: Ask, request: Request) -> Result<String, ApiError> {
    abort();
    let ceremony = AbortController::new().map_err(|_| Refusal::Other)?;
    let signal = ceremony.signal();
    UNDER_WAY.set(Some(ceremony));
    let Some(begun) = authorized::send(request).await else { return Err(Refusal::Aborted.into()) };
    let begun = begun?.into_result()?;
    let begun = String::from_utf8_lossy(&begun);
    let (credential, state) = run(how, &begun, &signal).await.map_err(|error| Refusal::of(&error))?;
    Ok(encode([("credential", credential), ("state", state)].iter()))
}

async fn run(how: Ask, begun: &str, signal: &AbortSignal) -> Result<(String, String), JsValue> {
    let begun = JSON::parse(begun)?;
    let options = Reflect::get(&begun, &"options".into())?;
    let state = Reflect::get(&begun, &"state".into())?.as_string().unwrap_or_default();
    let public_key = match how {
        Ask::Create => PublicKeyCredential::parse_creation_options(&options)?,
        Ask::Get | Ask::Suggest => PublicKeyCredential::parse_request_options(&options)?,
    };
    let asked = object([("publicKey", &public_key), ("signal", signal.as_ref())])?;
    if how == Ask::Suggest {
        Reflect::set(&asked, &"mediation".into(), &"conditional".into())?;
    }
    let credentials = NAVIGATOR.with(Navigator::credentials);
    let promise = if how == Ask::Create { credentials.create(&asked) } else { credentials.get(&asked) }?;
    let credential = JsFuture::from(promise).await?;
    let (rp_id, id) = (Reflect::get(&public_key, &"rpId".into())?, Reflect::get(&credential, &"id".into())?);
    ANSWERED.set(Some(object([("rpId", &rp_id), ("credentialId", &id)])?));
    Ok((String::from(JSON::stringify(&credential)?), state))
}

fn object<const N: usize>(members: [(&str, &JsValue); N]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &name.into(), value)?;
    }
    Ok(object)
}

/// Tells the browser's password manager that the server does not know the passkey that it answered with last: it stops to
/// offer it.
pub fn signal_unknown() {
    if let Some(about) = ANSWERED.take() {
        tell(PublicKeyCredential::signal_unknown_credential(&about));
    }
}

/// Tells the browser's password manager which passkeys the account has, and what the account is called. `list` is the
/// request for them.
pub async fn signal_all(list: Request) {
    let Some(Ok(answer)) = authorized::send(list).await else { return };
    let Ok(list) = answer.into_result() else { return };
    let Ok(list) = JSON::parse(&String::from_utf8_lossy(&list)) else { return };
    let about = |name: &str| Reflect::get(&list, &name.into()).unwrap_or_default();
    tell(PublicKeyCredential::signal_all_accepted_credentials(&about("accepted")));
    tell(PublicKeyCredential::signal_current_user_details(&about("details")));
}

/// A browser that can't be told, or does not listen, is none the worse for it.
fn tell(told: Result<Promise, JsValue>) {
    if let Ok(told) = told {
        wasm_bindgen_futures::spawn_local(async {
            let _ = JsFuture::from(told).await;
        });
    }
}

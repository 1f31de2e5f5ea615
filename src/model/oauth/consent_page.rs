//! What the page asks that stands between an app and a person.

use serde::{Deserialize, Serialize};

/// An authorization request as the person sees it. The page carries it; what is decided is read from the stored request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentPage {
    /// The handle of the stored request.
    pub request: String,
    pub client: String,
    pub developer: Option<String>,
    /// Where the answer goes: a host, or the scheme of an app.
    pub target: String,
    /// What it asks for, in words.
    pub wishes: Vec<String>,
    /// Who is signed in.
    pub email: String,
    pub question: Question,
    /// Why the last attempt was refused.
    pub problem: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Question {
    /// Whether the app gets what it asks for.
    Allow,
    /// The password, again, and a code, if the account has a second step; or a passkey, if it has any.
    Password { and_code: bool, or_passkey: bool },
    /// A passkey: nothing else that the account has is enough.
    Passkey,
    /// Nothing: everyone needs a second factor here, and this person has none.
    SetUpSecondFactor,
}

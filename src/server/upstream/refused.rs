//! Why somebody can't sign in through a provider.

use serde_json::json;

use crate::{
    model::upstream::slug::ProviderSlug,
    server::{
        change,
        client_info::ActionContext,
        error::Error,
        fetch::FetchError,
        key_sets::NoKeys,
        state::AppState,
        store::{
            StoreError,
            audit::{Event, EventKind},
        },
        tokens::upstream::UpstreamTokenError,
    },
};

/// Why somebody can't sign in through a provider. The page names the provider and says what the person can do; why an
/// answer was not believed stands in the log alone.
#[derive(Debug)]
pub enum Refused {
    /// There is no such provider, or it is switched off.
    NoProvider,
    /// It was finished before, took too long, or was begun in another browser.
    Gone,
    /// The person was not signed in there.
    Declined,
    /// What the provider has answered is not to be believed.
    NotBelieved(Reason),
    /// The provider does not answer.
    Unavailable(Reason),
    /// Nobody here is who they are there, and accounts are not made.
    NoAccount,
    /// An account would be made, and the provider says no address that could be used.
    NoAddress,
    /// An account would be made, and there is one of that address.
    AddressTaken,
    /// The invitation was used or has expired.
    InvitationClosed,
    /// It is somebody else's already, or this person has another one there.
    LinkedElsewhere,
    /// Linking is for whoever is signed in, and was begun in that session.
    OtherPerson,
    /// A fault of ours, or a limit.
    Fault(Error),
}

/// What the log says.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("the ID token: {0}")]
    Token(#[from] UpstreamTokenError),
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("{0}")]
    Keys(#[from] NoKeys),
    #[error("the {0} endpoint answered {1}")]
    Status(&'static str, u16),
    #[error("the answer of the {0} endpoint is not what it must be")]
    Answer(&'static str),
    #[error("the issuer of the answer is another one, or missing")]
    Issuer,
    #[error("userinfo is about somebody else")]
    OtherSubject,
}

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Refused {
    /// Its name in the audit log, where it is worth a line there.
    const fn name(&self) -> Option<&'static str> {
        match self {
            Self::NotBelieved(_) => Some("provider_not_believed"),
            Self::NoAccount => Some("no_account"),
            Self::NoAddress => Some("no_address"),
            Self::AddressTaken => Some("address_taken"),
            Self::LinkedElsewhere => Some("linked_elsewhere"),
            Self::OtherPerson => Some("other_person"),
            Self::NoProvider
            | Self::Gone
            | Self::Declined
            | Self::Unavailable(_)
            | Self::InvitationClosed
            | Self::Fault(_) => None,
        }
    }

    /// Writes it to the log, and to the audit log where somebody may have to look into it.
    pub async fn record(
        &self,
        state: &AppState,
        context: ActionContext<'_>,
        provider: &ProviderSlug,
    ) -> Result<(), StoreError> {
        match self {
            Self::NotBelieved(reason) => {
                tracing::warn!(%provider, %reason, "the answer of a provider was not believed");
            }
            Self::Unavailable(reason) => tracing::warn!(%provider, %reason, "a provider does not answer"),
            other => {
                tracing::info!(%provider, refused = ?other.name(), "a sign-in through a provider was refused");
            }
        }
        let Some(why) = self.name() else { return Ok(()) };
        let detail = json!({ "why": why, "provider": provider.as_str() });
        change::record(&state.store, context, Event::new(EventKind::SignInFailed).with(detail)).await
    }
}

//! An answer that stays as it is while the server is asked again.

use std::{fmt, sync::Arc};

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::{
    components::reactive::{effect, reactive, whether},
    resource::{Answer, Failure, once},
};
use crate::{client::http::decode, model::error::ApiError};

/// What was answered last. What shows it stays where it is when there is another answer: a question that was asked
/// meanwhile, and the focus.
pub struct Kept<T: 'static> {
    answer: Answer,
    value: RwSignal<Option<T>>,
    error: RwSignal<Option<ApiError>>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kept<T> {}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Kept<T> {
    pub fn new(answer: Answer) -> Self {
        let kept = Self { answer, value: RwSignal::new(None), error: RwSignal::new(None) };
        effect(move || {
            if let Some(outcome) = answer.get() {
                kept.take(outcome);
            }
        });
        kept
    }

    /// Asks again.
    pub fn refetch(self) {
        self.answer.refetch();
    }

    /// A part of it, followed.
    pub fn read<R>(self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.value.read().as_ref().map(read)
    }

    /// Shows it, once it is there; or why it is not.
    pub fn show(self, view: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
        let view = Arc::new(view);
        let shown = move |outcome| {
            self.take(outcome);
            let there = whether(move || self.value.read().is_some());
            let view = view.clone();
            view! {
                {reactive(move || self.error.get().map(|error| view! { <Failure error=error answer=self.answer/> }))}
                {reactive(move || there.get().then(|| view()))}
            }
            .into_any()
        };
        once(self.answer, Arc::new(shown))
    }

    fn take(self, outcome: Result<String, ApiError>) {
        match outcome.and_then(|json| decode::<T>(json.into())) {
            Ok(value) => {
                self.error.set(None);
                self.value.set(Some(value));
            }
            Err(error) => {
                // A refusal says that there is no such thing. A fault leaves the one that is shown.
                if error.code.status() < 500 {
                    self.value.set(None);
                }
                self.error.set(Some(error));
            }
        }
    }
}

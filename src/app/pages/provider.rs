//! One provider, for administrators.

mod details;
pub mod settings;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::providers::{DisableProvider, EnableProvider, GetProvider, RemoveProvider, UpdateProvider},
    app::{
        components::{
            ending::EndingForms,
            form::{FormState, PageTitle},
            loading::LoadingHint,
            navigation::{Breadcrumbs, PROVIDERS},
        },
        kept::Kept,
        list::one,
        resource::{Fields, from_path, load},
    },
    model::upstream::report::{ProviderDetails, ProviderReport},
};

#[component]
pub fn Provider() -> impl IntoView {
    let fields = from_path("slug");
    view! {
        <Breadcrumbs all=PROVIDERS here="Provider"/>
        <PageTitle title="Provider"/>
        <LoadingHint/>
        {one(move || fields.get().remove(0).1, |slug| view! { <Report slug=slug/> }.into_any())}
    }
}

#[component]
fn Report(slug: String) -> impl IntoView {
    let fields: Fields = vec![("slug", slug)];
    let asked = fields.clone();
    let forms = Forms::new();
    let answer = load::<GetProvider>(move || asked.clone());
    forms.on_change(move || answer.refetch());
    let provider = Kept::<ProviderDetails>::new(answer);
    provider.show(move || details::details(provider, &forms, &fields))
}

/// What can be done with the provider.
#[derive(Clone, Copy, Debug)]
struct Forms {
    update: FormState,
    ending: EndingForms,
}

impl Forms {
    fn new() -> Self {
        Self {
            update: FormState::of::<UpdateProvider>(),
            ending: EndingForms {
                disable: FormState::of::<DisableProvider>(),
                enable: FormState::of::<EnableProvider>(),
                remove: FormState::of::<RemoveProvider>(),
            },
        }
    }

    fn on_change(self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let navigate = use_navigate();
        for form in [self.update, self.ending.disable, self.ending.enable] {
            form.on_success(move |_: ProviderReport| refresh());
        }
        self.ending.remove.on_success(move |()| {
            // Whoever has gone to another page stays there.
            if !self.ending.remove.pending.is_disposed() {
                navigate("/admin/providers", NavigateOptions::default());
            }
        });
    }
}

//! One client, for administrators.

mod details;
pub mod settings;
mod users;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    api::clients::{DisableClient, EnableClient, GetClient, RemoveClient, RotateClientSecret, UpdateClient},
    app::{
        components::{
            ending::EndingForms,
            form::{FormState, PageTitle},
            loading::LoadingHint,
            navigation::{Breadcrumbs, CLIENTS},
        },
        kept::Kept,
        list::one,
        resource::{Fields, from_path, load},
    },
    model::oauth::client::{ClientReport, ClientSummary, NewSecret, RegisteredClient},
};

#[component]
pub fn Client() -> impl IntoView {
    let fields = from_path("client_id");
    view! {
        <Breadcrumbs all=CLIENTS here="Client"/>
        <PageTitle title="Client"/>
        <LoadingHint/>
        {one(move || fields.get().remove(0).1, |id| view! { <Report id=id/> }.into_any())}
    }
}

#[component]
fn Report(id: String) -> impl IntoView {
    let fields: Fields = vec![("client_id", id)];
    let asked = fields.clone();
    let forms = Forms::new();
    let answer = load::<GetClient>(move || asked.clone());
    forms.on_change(move || answer.refetch());
    let client = Kept::<ClientReport>::new(answer);
    client.show(move || details::details(client, &forms, &fields))
}

/// What can be done with the client.
#[derive(Clone, Copy, Debug)]
struct Forms {
    update: FormState,
    rotate: FormState,
    /// The same at once, because the secret of now has leaked.
    replace: FormState,
    ending: EndingForms,
    /// The secret that was just made. It is shown once.
    made: RwSignal<Option<NewSecret>>,
}

impl Forms {
    fn new() -> Self {
        Self {
            update: FormState::of::<UpdateClient>(),
            rotate: FormState::of::<RotateClientSecret>(),
            replace: FormState::of::<RotateClientSecret>(),
            ending: EndingForms {
                disable: FormState::of::<DisableClient>(),
                enable: FormState::of::<EnableClient>(),
                remove: FormState::of::<RemoveClient>(),
            },
            made: RwSignal::new(None),
        }
    }

    fn on_change(self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let navigate = use_navigate();
        self.update.on_success(move |_: RegisteredClient| refresh());
        for form in [self.ending.disable, self.ending.enable] {
            form.on_success(move |_: ClientSummary| refresh());
        }
        for form in [self.rotate, self.replace] {
            form.on_success(move |made: NewSecret| {
                let _ = self.made.try_set(Some(made));
                refresh();
            });
        }
        self.ending.remove.on_success(move |()| {
            // Whoever has gone to another page stays there.
            if self.made.try_get_untracked().is_some() {
                navigate("/admin/clients", NavigateOptions::default());
            }
        });
    }
}

//! One's own account.

use leptos::{either::Either, prelude::*};

use crate::{
    api::account::{UpdateProfile, me},
    app::{
        components::form::{ErrorSummary, Field, Form, FormState, PageTitle, Submit},
        session::SessionContext,
    },
    model::account::Account as Profile,
};

#[component]
pub fn Account() -> impl IntoView {
    let profile = Resource::new(|| (), |()| me());
    view! {
        <PageTitle title="Your account"/>
        <Suspense fallback=|| view! { <p role="status">"Loading…"</p> }>
            {move || Suspend::new(async move {
                match profile.await {
                    Ok(profile) => Either::Left(view! { <Details profile=profile/> }),
                    Err(error) => Either::Right(view! {
                        <div class="summary" role="alert">
                            <p>{error.message}</p>
                            <button type="button" on:click=move |_| profile.refetch()>"Try again"</button>
                        </div>
                    }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Details(profile: Profile) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>();
    let session = SessionContext::get();
    let saved = RwSignal::new(false);
    form.on_success(move |profile: Profile| {
        session.rename(profile.display_name);
        saved.set(true);
    });
    let ends = session.view.read_untracked().as_ref().and_then(|view| view.expires_at.clone());
    view! {
        <dl class="facts">
            <dt>"Email"</dt>
            <dd>{profile.email.to_string()}</dd>
            <dt>"Roles"</dt>
            <dd>{profile.roles.to_string().replace(' ', ", ")}</dd>
            <dt>"Member since"</dt>
            <dd>{profile.created_at.to_minute()}</dd>
            {ends.map(|ends| view! { <dt>"This session ends"</dt><dd>{ends.to_minute()}", unless you use it before"</dd> })}
        </dl>
        <section class="card">
            <h2>"Profile"</h2>
            <ErrorSummary form=form labels=&[("display_name", "Display name")]/>
            <p role="status" class="done">{move || (saved.get() && form.error.read().is_none()).then_some("Saved.")}</p>
            <Form form=form>
                <Field form=form name="display_name" label="Display name" autocomplete="name" value=profile.display_name.to_string()/>
                <Submit form=form label="Save" busy="Saving…"/>
            </Form>
            <noscript><p class="hint">"Changing your profile needs JavaScript."</p></noscript>
        </section>
    }
}

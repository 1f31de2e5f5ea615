//! Making the first administrator.

use leptos::{either::Either, prelude::*};

use super::register::NewAccount;
use crate::{
    api::auth::Setup as FirstAdministrator,
    app::{
        components::{
            form::{Form, FormState, PageTitle},
            notice::SignedInAs,
        },
        page_data::PageData,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn Setup() -> impl IntoView {
    if expect_context::<PageData>().setup_open {
        Either::Left(view! { <SetupForm/> })
    } else {
        Either::Right(view! {
            <section class="card">
                <PageTitle title="Set up Latchkey"/>
                <p>"This setup link was used or has expired."</p>
                <p>
                    "While there are no accounts, the server prints a new link each time it starts. After that, create an administrator with "
                    <code>"latchkey user add --role admin"</code>"."
                </p>
            </section>
        })
    }
}

#[component]
fn SetupForm() -> impl IntoView {
    let form = FormState::of::<FirstAdministrator>();
    form.starts_session(LocalPath::default());
    view! {
        <section class="card">
            <PageTitle title="Set up Latchkey" form=form/>
            <SignedInAs then="If you create the administrator, that account is signed out in this browser."/>
            <p>"Create the account of the first administrator. This link works once."</p>
            <Form form=form>
                <NewAccount form=form submit="Create administrator"/>
            </Form>
        </section>
    }
}

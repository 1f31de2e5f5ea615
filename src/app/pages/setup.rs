//! Making the first administrator.

use leptos::{either::Either, prelude::*};

use super::register::NewAccount;
use crate::{
    api::auth::Setup as FirstAdministrator,
    app::{
        components::form::{Form, FormState, PageTitle},
        document::Document,
        query::parameter,
        session::SessionContext,
    },
    model::local_path::LocalPath,
};

#[component]
pub fn Setup() -> impl IntoView {
    if expect_context::<Document>().setup_open {
        Either::Left(view! { <SetupForm/> })
    } else {
        Either::Right(view! {
            <section class="card">
                <PageTitle title="Set up Latchkey"/>
                <p>"This setup link is used up or has expired."</p>
                <p>
                    "While there is no account, each start of the server prints a new one. After that, an administrator is made with "
                    <code>"latchkey user add --role admin"</code>"."
                </p>
            </section>
        })
    }
}

#[component]
fn SetupForm() -> impl IntoView {
    let form = FormState::of::<FirstAdministrator>();
    SessionContext::get().begin_with(form, LocalPath::default());
    let token = parameter("token").unwrap_or_default();
    view! {
        <section class="card">
            <PageTitle title="Set up Latchkey" form=form/>
            <p>"Make the account of the first administrator. This link works once."</p>
            <Form form=form>
                <input type="hidden" name="token" value=token/>
                <NewAccount form=form submit="Create administrator"/>
            </Form>
        </section>
    }
}

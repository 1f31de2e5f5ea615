//! What an app asks for, and whether it gets it.
//!
//! The form is the browser's own, without a script: the server answers it with a page that leads back to the app.

use leptos::{either::Either, prelude::*};

use crate::{
    app::{components::form::PageTitle, page_data::PageData, query::parameter, session::go_to},
    model::oauth::consent_page::{ConsentPage, Question},
};

#[component]
pub fn Consent() -> impl IntoView {
    let request = parameter("request").unwrap_or_default();
    let asked = expect_context::<PageData>().consent.filter(|asked| asked.request == request);
    match asked {
        Some(asked) => Either::Left(view! { <Asked asked=asked/> }),
        None => Either::Right(view! { <Load request=request/> }),
    }
}

/// Moved to within the app, after signing in: the server decides what is asked, so the page is loaded.
#[component]
fn Load(request: String) -> impl IntoView {
    Effect::new(move |_| go_to(&format!("/consent?request={request}")));
    view! { <p role="status">"One moment…"</p> }
}

#[component]
fn Asked(asked: ConsentPage) -> impl IntoView {
    let action = format!("/consent?request={}", asked.request);
    let ConsentPage { client, developer, target, wishes, email, question, problem, .. } = asked;
    let problem = problem.map(|problem| view! { <p role="alert" class="problem">{problem}</p> });
    let form = match question {
        Question::Allow => Either::Left(view! {
            <Wishes client=client developer=developer wishes=wishes/>
            <p>"The answer goes to "<strong>{target}</strong>"."</p>
            {problem}
            <form method="post" action=action>
                <Decision/>
            </form>
        }),
        Question::Password => Either::Right(view! {
            <p><strong>{client}</strong>" wants to be sure that it is you. Enter your password to continue."</p>
            {problem}
            <form method="post" action=action>
                <input type="hidden" autocomplete="username" value=email.clone()/>
                <div class="field">
                    <label for="consent-password">"Password"</label>
                    <input id="consent-password" name="password" type="password" autocomplete="current-password" required/>
                </div>
                <button type="submit" class="primary">"Continue"</button>
            </form>
        }),
    };
    view! {
        <section class="card">
            <PageTitle title="Sign in to an app"/>
            <p>"You are signed in as "<strong>{email}</strong>". Not you? Sign out first."</p>
            {form}
        </section>
    }
}

/// Who asks, and what for.
#[component]
pub fn Wishes(client: String, developer: Option<String>, wishes: Vec<String>) -> impl IntoView {
    view! {
        <p><strong>{client}</strong>{developer.map(|name| format!(" by {name}"))}" wants to:"</p>
        <ul>{wishes.into_iter().map(|wish| view! { <li>{wish}</li> }).collect_view()}</ul>
    }
}

/// The two answers.
#[component]
pub fn Decision() -> impl IntoView {
    view! {
        <button type="submit" class="primary" name="decision" value="allow">"Allow"</button>
        " "
        <button type="submit" name="decision" value="cancel">"Cancel"</button>
    }
}

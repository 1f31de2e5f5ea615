//! What an app asks for, and whether it gets it.
//!
//! The form is the browser's own, without a script: the server answers it with a page that leads back to the app.

use leptos::{
    either::{Either, EitherOf4},
    prelude::*,
};

use crate::{
    app::{
        components::{
            confirm::hidden_fields,
            countdown::{Countdown, TOO_MANY},
            fields::CODE_HINT,
            form::FormError,
            passkey::{PasskeyButton, reauthentication},
        },
        page_data::PageData,
        query::parameter,
        resource::Fields,
        session::go_to,
        title::set_title,
    },
    model::{
        access::SECURITY,
        oauth::consent_page::{ConsentPage, Question},
        passkey::PasskeyPurpose,
        session::TokenResponse,
    },
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
    let title = format!("Sign in to {client}");
    let failed = problem.is_some();
    let form = match question {
        Question::SetUpSecondFactor => EitherOf4::C(view! {
            <p>"You need a second factor to sign in to apps here. Set one up, then go back to "<strong>{client}</strong>" and start again."</p>
            <p><a class="button primary" href=SECURITY>"Set up a second factor"</a></p>
        }),
        Question::Allow => EitherOf4::A(view! {
            <Wishes client=client developer=developer wishes=wishes/>
            <p>"After that you go back to "<strong>{target}</strong>"."</p>
            <form method="post" action=action.clone()>
                <Decision/>
            </form>
        }),
        Question::Passkey => EitherOf4::D(view! {
            <p><strong>{client}</strong>" wants more than your password. Use a passkey to continue, or "<a href=SECURITY>"set up another second factor"</a>" and start again."</p>
            <UsePasskey request=asked.request action=action.clone()/>
        }),
        Question::Password { and_code, or_passkey } => EitherOf4::B(view! {
            <p><strong>{client}</strong>" wants to be sure that it is you. Enter your password to continue."</p>
            <form method="post" action=action.clone()>
                <input type="hidden" autocomplete="username" value=email.clone()/>
                <div class="field">
                    <label for="consent-password">"Password"</label>
                    <input id="consent-password" name="password" type="password" autocomplete="current-password" required
                        aria-invalid=failed.then_some("true") aria-describedby=failed.then_some(PROBLEM)/>
                </div>
                {and_code.then(|| view! { <Code failed=failed/> })}
                <button type="submit" class="primary">"Continue"</button>
            </form>
            {or_passkey.then(|| view! { <UsePasskey request=asked.request action=action.clone()/> })}
        }),
    };
    view! {
        <section class="card">
            <Heading title=title failed=failed/>
            <Problem text=problem/>
            {form}
            <Whose email=email action=action/>
        </section>
    }
}

/// Proves by a passkey who it is, for this request. Then the page is loaded, which leads on.
#[component]
fn UsePasskey(request: String, action: String) -> impl IntoView {
    let form = reauthentication();
    form.on_success(move |_: TokenResponse| go_to(&action));
    let more = format!("&request={request}");
    view! {
        <PasskeyButton form=form purpose=PasskeyPurpose::Reauthentication label="Use a passkey" more=more/>
        <FormError form=form/>
    }
}

#[component]
fn Code(failed: bool) -> impl IntoView {
    view! {
        <div class="field">
            <label for="consent-code">"Code"</label>
            <p class="hint" id="consent-code-hint">{CODE_HINT}</p>
            <input id="consent-code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code" required
                aria-invalid=failed.then_some("true") aria-describedby="consent-code-hint"/>
        </div>
    }
}

/// The heading and the document's title, which says first that something is wrong.
#[component]
pub fn Heading(#[prop(into)] title: String, failed: bool) -> impl IntoView {
    let heading = title.clone();
    set_title(move || if failed { format!("Error: {title}") } else { title.clone() });
    view! { <h1 tabindex="-1">{heading}</h1> }
}

/// The id of what is wrong.
pub const PROBLEM: &str = "problem";

/// Why the last attempt was refused, and how long to wait for the next one.
#[component]
pub fn Problem(text: Option<String>, #[prop(default = None)] retry_after: Option<u64>) -> impl IntoView {
    text.map(|text| {
        view! {
            <div class="summary" role="alert" id=PROBLEM>
                <p>{if retry_after.is_some() { TOO_MANY.to_owned() } else { text }}</p>
                {retry_after.map(|seconds| view! { <Countdown seconds=seconds/> })}
            </div>
        }
    })
}

/// Who asks, and what for.
#[component]
pub fn Wishes(client: String, developer: Option<String>, wishes: Vec<String>) -> impl IntoView {
    view! {
        <p><strong>{client}</strong>{developer.map(|name| format!(" by {name}"))}" wants to:"</p>
        <ul class="wishes">{wishes.into_iter().map(|wish| view! { <li>{wish}</li> }).collect_view()}</ul>
        <p>"You can take this back at any time, under Apps."</p>
    }
}

/// The two answers.
#[component]
pub fn Decision() -> impl IntoView {
    view! {
        <div class="decision">
            <button type="submit" class="primary" name="decision" value="allow">"Allow"</button>
            <button type="submit" name="decision" value="cancel">"Cancel"</button>
        </div>
    }
}

/// Whose account it is about, and the way to another one, in whose name the question is asked again.
#[component]
pub fn Whose(email: String, action: String, #[prop(optional)] fields: Fields) -> impl IntoView {
    view! {
        <form method="post" action=action class="whose">
            {hidden_fields(fields)}
            <p>"You are signed in as "<strong>{email}</strong>"."</p>
            <button type="submit" name="decision" value="another_account">"Sign out and use another account"</button>
        </form>
    }
}

//! What an administrator sees of one account, and what can be done with it.

use leptos::{either::Either, prelude::*};

use super::Forms;
use crate::{
    app::{
        components::{
            action::{ActionButton, PasswordLinkNotice, columns},
            confirm::consequence,
            fields::RolesField,
            form::{Form, FormError, Submit, SuccessMessage},
            reactive::{reactive, whether},
            subject::subject,
            time::Time,
        },
        kept::Kept,
        resource::Fields,
    },
    model::{
        session::SessionSummary,
        user::{FactorsReset, UserDetails, UserStatus},
    },
};

/// The account as it was answered last, and its forms.
pub fn details(user: Kept<UserDetails>, forms: &Forms) -> AnyView {
    let forms = *forms;
    view! { <Details user=user forms=forms/> }.into_any()
}

#[component]
fn Details(user: Kept<UserDetails>, forms: Forms) -> impl IntoView {
    let id = untrack(|| user.read(|details| details.user.id.to_string()));
    let fields: Fields = vec![("user_id", id.clone().unwrap_or_default())];
    let email = move || user.read(|details| details.user.email.to_string()).unwrap_or_default();
    let about = |says: fn(&str) -> String| consequence(move || says(&untrack(email)));
    let end = about(|email| format!("{email} will be signed out everywhere."));
    let delete = about(|email| format!("The account of {email} will be gone. This can't be undone."));
    let factors =
        about(|email| format!("The second factors of {email} will be removed, and all sessions ended."));
    let verified = whether(move || user.read(|details| details.user.email_verified).unwrap_or_default());
    let roles = Memo::new(move |_| user.read(|details| details.user.roles).unwrap_or_default());
    let state = move || user.read(|details| details.user.state.as_str());
    let created = move || user.read(|details| details.user.created_at.clone());
    let sessions = move || user.read(|details| view! { <SessionTable sessions=details.sessions.clone()/> });
    view! {
        {subject(move || user.read(|details| details.user.display_name.to_string()))}
        <dl class="facts">
            <dt>"Email"</dt>
            <dd>{reactive(email)}</dd>
            <dt>"State"</dt>
            <dd>{reactive(move || state().map(|state| view! { <span class=format!("state {state}")>{state}</span> }))}</dd>
            <dt>"Created"</dt>
            <dd>{reactive(move || created().map(|at| view! { <Time at=at/> }))}</dd>
            <dt>"Email verified"</dt>
            <dd>{reactive(move || if verified.get() { "yes" } else { "no" })}</dd>
        </dl>
        <h2>"Active sessions"</h2>
        {reactive(sessions)}
        <div class="row">
            <ActionButton form=forms.end fields=fields.clone() label="End all sessions" confirm=end/>
            <Toggle user=user forms=forms fields=fields.clone()/>
            <Vouch verified=verified forms=forms fields=fields.clone()/>
        </div>
        <div class="panels">
            <section class="card">
                <FormError form=forms.roles/>
                <SuccessMessage form=forms.roles text="Saved. The new roles apply at once."/>
                <Form form=forms.roles>
                    <input type="hidden" name="user_id" value=id/>
                    {reactive(move || view! { <RolesField held=roles.get()/> })}
                    <Submit form=forms.roles label="Save roles" class=""/>
                </Form>
            </section>
            <section class="card">
                <h2>"Forgotten password"</h2>
                <p>"Create a link and send it to the owner of this account, who sets a new password with it. You never see the password."</p>
                <ActionButton form=forms.reset fields=fields.clone() label="Create a password reset link"/>
                <PasswordLinkNotice made=forms.link/>
            </section>
            <section class="card">
                <h2>"Lost second factor"</h2>
                <p>"Make sure that it is the owner of this account who asks. Their second factors are removed, and you get a code for them: with it and the password they sign in once, and set up a new factor."</p>
                <ActionButton form=forms.factors fields=fields.clone() label="Reset second factors" confirm=factors/>
                <FactorsResetNotice made=forms.code/>
            </section>
            <section class="card danger">
                <h2>"Deletion"</h2>
                <p>"The email address, name, password and sessions are deleted. This can't be undone. The audit log keeps what happened."</p>
                <ActionButton form=forms.delete fields=fields label="Delete the account" class="danger" confirm=delete/>
            </section>
        </div>
    }
}

/// Shows the code that stands in for factors that were reset, once it was made.
#[component]
fn FactorsResetNotice(made: RwSignal<Option<FactorsReset>>) -> impl IntoView {
    reactive(move || {
        made.get().map(|made| {
            view! {
                <div class="reason" role="status">
                    <p>"Give "<strong>{made.user.email.to_string()}</strong>" this code for the next sign-in. It works once, and is not shown again:"</p>
                    <p><code class="link">{made.recovery_code}</code></p>
                </div>
            }
        })
    })
}

/// Disables the account, or enables it again.
#[component]
fn Toggle(user: Kept<UserDetails>, forms: Forms, fields: Fields) -> impl IntoView {
    let disabled =
        whether(move || user.read(|details| details.user.state == UserStatus::Disabled).unwrap_or_default());
    let says = move || {
        let email = untrack(|| user.read(|details| details.user.email.to_string())).unwrap_or_default();
        format!("{email} will be signed out everywhere and can't sign in until the account is enabled again.")
    };
    reactive(move || {
        if disabled.get() {
            view! { <ActionButton form=forms.enable fields=fields.clone() label="Enable the account"/> }
        } else {
            view! { <ActionButton form=forms.disable fields=fields.clone() label="Disable the account" confirm=consequence(says)/> }
        }
    })
}

/// Says that the address is its owner's, or takes that back.
#[component]
fn Vouch(verified: Memo<bool>, forms: Forms, fields: Fields) -> impl IntoView {
    reactive(move || {
        if verified.get() {
            view! { <ActionButton form=forms.unverify fields=fields.clone() label="Mark the email as unverified"/> }
        } else {
            view! { <ActionButton form=forms.verify fields=fields.clone() label="Mark the email as verified"/> }
        }
    })
}

#[component]
fn SessionTable(sessions: Vec<SessionSummary>) -> impl IntoView {
    let row = |session: SessionSummary| {
        view! {
            <tr>
                <td data-label="Device">{session.device}</td>
                <td data-label="Address">{session.ip}</td>
                <td data-label="Signed in"><Time at=session.created_at/></td>
                <td data-label="Last active"><Time at=session.last_seen_at/></td>
            </tr>
        }
    };
    if sessions.is_empty() {
        return Either::Left(view! { <p>"No active sessions."</p> });
    }
    Either::Right(view! {
        <div class="scroll" role="region" aria-label="Active sessions" tabindex="0">
            <table>
                {columns(&["Device", "Address", "Signed in", "Last active"])}
                <tbody>{sessions.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    })
}

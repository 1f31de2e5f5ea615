//! One account, for administrators.

mod details;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::audit::event_line;
use crate::{
    api::{
        audit::ListEvents,
        users::{
            CreateResetLink, DeleteUser, DisableUser, EnableUser, GetUser, ResetFactors, RevokeUserSessions,
            SetRoles, UnverifyEmail, VerifyEmail,
        },
    },
    app::{
        components::{
            form::{FormState, PageTitle},
            loading::LoadingHint,
            navigation::{Breadcrumbs, USERS},
        },
        kept::Kept,
        list::one,
        resource::{Await, Fields, from_path, load, render},
    },
    model::{
        audit_event::AuditEvent,
        page::Page,
        user::{FactorsReset, PasswordLink, RevokedCount, UserSummary},
    },
};

#[component]
pub fn User() -> impl IntoView {
    let fields = from_path("user_id");
    view! {
        <Breadcrumbs all=USERS here="Account"/>
        <PageTitle title="Account"/>
        <LoadingHint/>
        {one(move || fields.get().remove(0).1, |id| view! { <Account id=id/> }.into_any())}
    }
}

#[component]
fn Account(id: String) -> impl IntoView {
    let fields: Fields = vec![("user_id", id.clone())];
    let shown = fields.clone();
    let forms = Forms::new();
    let user = load::<GetUser>(move || shown.clone());
    let events = load::<ListEvents>(move || [fields.clone(), vec![("limit", "10".to_owned())]].concat());
    let refresh = move || {
        user.refetch();
        events.refetch();
    };
    forms.on_change(refresh);
    let kept = Kept::new(user);
    let list = |page: Page<AuditEvent>| {
        view! { <ul class="events">{page.items.iter().map(event_line).collect_view()}</ul> }.into_any()
    };
    view! {
        {kept.show(move || details::details(kept, &forms))}
        <section aria-labelledby="events">
            <h2 id="events">"Recent events"</h2>
            <Await answer=events view=render(list)/>
            <p><a href=format!("/admin/audit?user_id={id}")>"All events of this account"</a></p>
        </section>
    }
}

/// What can be done with the account.
#[derive(Clone, Copy, Debug)]
struct Forms {
    roles: FormState,
    end: FormState,
    disable: FormState,
    enable: FormState,
    verify: FormState,
    unverify: FormState,
    delete: FormState,
    reset: FormState,
    factors: FormState,
    /// The code that stands in for the factors that were just reset. It is shown once.
    code: RwSignal<Option<FactorsReset>>,
    /// The link that was just made. It is shown once.
    link: RwSignal<Option<PasswordLink>>,
}

impl Forms {
    fn new() -> Self {
        Self {
            roles: FormState::of::<SetRoles>(),
            end: FormState::of::<RevokeUserSessions>(),
            disable: FormState::of::<DisableUser>(),
            enable: FormState::of::<EnableUser>(),
            verify: FormState::of::<VerifyEmail>(),
            unverify: FormState::of::<UnverifyEmail>(),
            delete: FormState::of::<DeleteUser>(),
            reset: FormState::of::<CreateResetLink>(),
            factors: FormState::of::<ResetFactors>(),
            code: RwSignal::new(None),
            link: RwSignal::new(None),
        }
    }

    fn on_change(self, refresh: impl Fn() + Copy + Send + Sync + 'static) {
        let navigate = use_navigate();
        for form in [self.roles, self.disable, self.enable, self.verify, self.unverify] {
            form.on_success(move |_: UserSummary| refresh());
        }
        self.reset.on_success(move |made: PasswordLink| {
            let _ = self.link.try_set(Some(made));
            refresh();
        });
        self.factors.on_success(move |done: FactorsReset| {
            let _ = self.code.try_set(Some(done));
            refresh();
        });
        self.end.on_success(move |_: RevokedCount| refresh());
        self.delete.on_success(move |()| {
            // Whoever has gone to another page stays there.
            if self.link.try_get_untracked().is_some() {
                navigate("/admin/users", NavigateOptions::default());
            }
        });
    }
}

//! Where one arrives after signing in: what is worth knowing at a glance.

use leptos::{either::Either, prelude::*};

use crate::{
    api::{account::GetOverview, audit::GetStatistics, keys::ListKeys},
    app::{
        components::{chart::DailyChart, notice::Attention, reactive::reactive, time::Time},
        resource::{Await, load, render},
        session::SessionContext,
        title::set_title,
    },
    model::{
        overview::{DailyCounts, Overview, SignIn, Statistics},
        role::Permission,
        signing_key::SigningKey,
    },
};

#[component]
pub fn Dashboard() -> impl IntoView {
    let session = SessionContext::get();
    let overview = load::<GetOverview>(Vec::new);
    let name =
        move || session.view.read().as_ref().map(|view| view.display_name.to_string()).unwrap_or_default();
    set_title(|| "Dashboard".to_owned());
    view! {
        <h1>"Hello, "{reactive(name)}</h1>
        <div class="panels">
            <section class="panel" aria-labelledby="member-panel">
                <h2 id="member-panel">"Your account"</h2>
                <Await answer=overview view=render(|overview| view! { <AtAGlance overview=overview/> }.into_any())/>
                <p class="actions">
                    <a class="button" href="/account">"Open your account"</a>
                    <a class="button" href="/account/sessions">"See your sessions"</a>
                </p>
            </section>
            <Panel permission=Permission::ReadNotices id="notices-panel" title="Notices"
                text="Announcements from the editors." href="/notices" link="Read the notices"/>
            <Panel permission=Permission::Edit id="editor-panel" title="Editing"
                text="You can publish notices for everyone." href="/notices/edit" link="Write a notice"/>
        </div>
        {reactive(move || session.may(Permission::ReadAdministration).then(|| view! { <Administration/> }))}
    }
}

/// One's own account: what needs attention, and what one should recognise.
#[component]
fn AtAGlance(overview: Overview) -> impl IntoView {
    let Overview { last_sign_in, failed_sign_ins, sessions, unusual_sessions } = overview;
    let failed = (failed_sign_ins > 0).then(|| {
        let text = match failed_sign_ins {
            1 => "Somebody entered a wrong password for your account since you last signed in.".to_owned(),
            count => format!(
                "A wrong password was entered {count} times for your account since you last signed in."
            ),
        };
        view! { <Attention text=text href="/account" link="See the activity"/> }
    });
    let unusual = (unusual_sessions > 0).then(|| {
        let text = "You are signed in on a device that is new to this account.".to_owned();
        view! { <Attention text=text href="/account/sessions" link="See whether it is yours"/> }
    });
    let last = match last_sign_in {
        Some(SignIn { at, device, ip }) => {
            Either::Left(view! { <Time at=at/><br/><span class="hint">{device}" · "{ip}</span> })
        }
        None => Either::Right("This is your first session."),
    };
    view! {
        {failed}
        {unusual}
        <dl class="facts">
            <dt>"Last sign-in"</dt>
            <dd>{last}</dd>
            <dt>"Open sessions"</dt>
            <dd class="number">{sessions}</dd>
        </dl>
    }
}

/// A panel for those who may do what it is about.
#[component]
fn Panel(
    permission: Permission,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    href: &'static str,
    link: &'static str,
) -> impl IntoView {
    let session = SessionContext::get();
    reactive(move || {
        session.may(permission).then(|| {
            view! {
                <section class="panel" aria-labelledby=id>
                    <h2 id=id>{title}</h2>
                    <p class="lead">{text}</p>
                    <p class="actions"><a class="button" href=href>{link}</a></p>
                </section>
            }
        })
    })
}

/// All accounts, for administrators.
#[component]
fn Administration() -> impl IntoView {
    let (statistics, keys) = (load::<GetStatistics>(Vec::new), load::<ListKeys>(Vec::new));
    view! {
        <section class="panel" aria-labelledby="admin-panel">
            <h2 id="admin-panel">"Administration"</h2>
            <Await answer=statistics view=render(|Statistics { days }| view! { <Week days=days/> }.into_any())/>
            <Await answer=keys view=render(|keys| view! { <ActiveKey keys=keys/> }.into_any())/>
            <p class="actions">
                <a class="button" href="/admin/users">"See all accounts"</a>
                <a class="button" href="/admin/audit">"Read the audit log"</a>
            </p>
        </section>
    }
}

#[component]
fn Week(days: Vec<DailyCounts>) -> impl IntoView {
    let counts = |count: fn(&DailyCounts) -> u64| days.iter().map(count).collect::<Vec<_>>();
    let reuse = counts(|day| day.reuse);
    let attention = reuse.iter().any(|count| *count > 0).then(|| {
        let text = "A session was used from two places and was closed.".to_owned();
        view! { <Attention text=text href="/admin/audit?event=refresh_token_reused" link="See which"/> }
    });
    view! {
        {attention}
        <p class="hint">"The last 7 days"</p>
        <div class="tiles">
            <DailyChart label="New accounts" href="/admin/audit?event=account_created" counts=counts(|day| day.new_accounts)/>
            <DailyChart label="Failed sign-ins" href="/admin/audit?event=sign_in_failed" counts=counts(|day| day.failed_sign_ins)/>
            <DailyChart label="Detected reuse" href="/admin/audit?event=refresh_token_reused" counts=reuse class="chart alarming"/>
        </div>
    }
}

/// How old the key is that signs now, and when the next one takes its place.
#[component]
fn ActiveKey(keys: Vec<SigningKey>) -> impl IntoView {
    let active = keys.into_iter().find(|key| key.state == "active");
    active.map(|key| {
        let until = key.until.map(|until| view! { <dt>"Next key"</dt><dd><Time at=until/></dd> });
        view! {
            <dl class="facts">
                <dt><a href="/admin/keys">"Signing key"</a>" since"</dt>
                <dd><Time at=key.since/></dd>
                {until}
            </dl>
        }
    })
}

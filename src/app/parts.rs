//! Pages that the browser loads when they are needed, instead of on the first visit. Those that the same people need
//! stand together in one part, which becomes a file of its own.
//!
//! They are split off by the feature `split` alone, with the step of the build that belongs to it
//! (`.ci/client-bundle --small`). Without it, and on the server, every part is there from the beginning.

#[cfg(feature = "split")]
use std::sync::atomic::AtomicU8;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use futures::FutureExt;
use leptos::{prelude::*, task::spawn_local, wasm_split::SplitLoaderError};

use super::{
    components::{
        dialog,
        form::PageTitle,
        reactive::{effect, on, reactive},
    },
    guard::guard,
    pages::{
        account::Account,
        apps::Apps,
        audit::Audit,
        client::Client,
        clients::Clients,
        confirm_email::ConfirmEmail,
        consent::Consent,
        dashboard::Dashboard,
        device::Device,
        finish_registration::FinishRegistration,
        forgot::Forgot,
        group::Group,
        groups::Groups,
        invitation::Invitation,
        keys::Keys,
        mailed_link::MailedLink,
        notices::{EditNotices, Notices},
        password::Password,
        provider::Provider,
        providers::Providers,
        reset_password::ResetPassword,
        restore_email::RestoreEmail,
        second_step::SecondStep,
        security::Security,
        sessions::Sessions,
        setup::Setup,
        sign_in_with_link::SignInWithLink,
        user::User,
        users::Users,
    },
    resource::when_reachable,
    session::SessionContext,
    split::{Loading, split_off},
};
use crate::{
    client::timer::sleep,
    model::{
        access::{Access, Verdict, pattern},
        role::Roles,
    },
};

/// Milliseconds that parts which may be needed soon wait for what is needed now.
const LATER: f64 = 2000.0;
/// Milliseconds between two of them, for what somebody does meanwhile.
const PAUSE: f64 = 100.0;

/// The pages of a part, by the path that the router knows each by.
type Pages = &'static [(&'static str, fn() -> AnyView)];

/// Pages that are loaded together.
pub struct Part {
    /// As the build names its file.
    pub name: &'static str,
    paths: &'static [&'static str],
    load: fn() -> Loading<Pages>,
    pages: OnceLock<Pages>,
}

/// Whether parts are files of their own.
const SPLIT: bool = cfg!(all(feature = "split", target_family = "wasm"));

/// Constants move with the pages that use them, if those of all files together are no longer than before. Their alignment
/// may need a little more room than it did in one file, and what nothing refers to makes that room: it is left out.
/// `.ci/client-bundle` fails if it is not enough.
#[cfg(feature = "split")]
#[used]
static ROOM: [u8; 1024] = [1; 1024];

/// The same for what the program writes to.
#[cfg(feature = "split")]
#[used]
static ROOM_TO_WRITE: [AtomicU8; 64] = [const { AtomicU8::new(1) }; 64];

/// Each part is split off with all that is reached by its pages.
macro_rules! parts {
    ($($name:ident { $($path:literal => $page:path,)+ })+) => {
        static PARTS: [Part; [$(stringify!($name)),+].len()] = [$(Part {
            name: stringify!($name),
            paths: &[$($path),+],
            load: split_off!($name: Pages = &[$(($path, || $page().into_any())),+]),
            pages: OnceLock::new(),
        }),+];
    };
}

parts! {
    // Where people arrive, and often leave again.
    dashboard {
        "/dashboard" => Dashboard,
    }
    account {
        "/account" => Account,
        "/account/password" => Password,
        "/account/security" => Security,
        "/account/sessions" => Sessions,
        "/account/apps" => Apps,
        "/notices" => Notices,
        "/notices/edit" => EditNotices,
    }
    administration {
        "/admin/users" => Users,
        "/admin/users/:id" => User,
        "/admin/groups" => Groups,
        "/admin/groups/:id" => Group,
        "/admin/clients" => Clients,
        "/admin/clients/:id" => Client,
        "/admin/providers" => Providers,
        "/admin/providers/:slug" => Provider,
        "/admin/audit" => Audit,
        "/admin/keys" => Keys,
    }
    // Where apps that sign people in lead.
    apps {
        "/consent" => Consent,
        "/device" => Device,
    }
    // Where one-time links lead and are asked for, and the second step: most people never see these pages, and nobody often.
    links {
        "/login/second-step" => SecondStep,
        "/login/email" => MailedLink,
        "/login/link" => SignInWithLink,
        "/setup" => Setup,
        "/invitation" => Invitation,
        "/reset" => ResetPassword,
        "/forgot" => Forgot,
        "/register/finish" => FinishRegistration,
        "/confirm-email" => ConfirmEmail,
        "/restore-email" => RestoreEmail,
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Part {
    /// The part that holds the page at `path`, if it is in one.
    pub fn of(path: &str) -> Option<&'static Self> {
        let page = pattern(path)?;
        PARTS.iter().find(|part| part.paths.contains(&page))
    }

    /// Loads it. Once it is there, this is done at once; one that could not be loaded is asked for again.
    pub async fn load(&self) -> Result<(), SplitLoaderError> {
        if self.pages().is_none() {
            let _ = self.pages.set((self.load)().await?);
        }
        Ok(())
    }

    /// Whether it has pages that these roles allow, and that are not for everyone.
    fn is_for(&self, roles: Option<Roles>) -> bool {
        let allowed =
            |access: Access| matches!(access, Access::Needs(_)) && access.verdict(roles) == Verdict::Show;
        self.paths.iter().any(|path| allowed(Access::of(path)))
    }

    fn pages(&self) -> Option<Pages> {
        if !SPLIT {
            return (self.load)().now_or_never()?.ok();
        }
        self.pages.get().copied()
    }

    fn page(&self, path: &str) -> Option<AnyView> {
        let (_, page) = self.pages()?.iter().find(|(page, _)| *page == path)?;
        Some(page())
    }
}

/// Loads the parts that whoever is signed in may need, so that an outage finds them there.
pub fn load_ahead(session: SessionContext) {
    effect(move || {
        let roles = session.roles();
        spawn_local(async move {
            sleep(LATER).await;
            if roles.is_some() {
                let _ = dialog::LOAD().await;
                sleep(PAUSE).await;
            }
            for part in PARTS.iter().filter(|part| part.is_for(roles)) {
                // One that fails is asked for again when it is needed.
                let _ = part.load().await;
                sleep(PAUSE).await;
            }
        });
    });
}

/// A page in a part. Until its part is there, the page before it stays.
pub async fn on_demand(path: &'static str) -> AnyView {
    let Some(part) = Part::of(path) else { return ().into_any() };
    // Without it the page says so.
    let _ = part.load().await;
    guard(Arc::new(move || {
        part.page(path).unwrap_or_else(|| view! { <NotLoaded part=part path=path/> }.into_any())
    }))
}

/// Stands in for a page that could not be loaded, and loads it again: when it is told to, and when the connection is
/// back. After an update of the server only the link helps: it brings the new version.
#[component]
fn NotLoaded(part: &'static Part, path: &'static str) -> impl IntoView {
    let (loaded, pending) = (RwSignal::new(false), RwSignal::new(false));
    let load = move || {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        spawn_local(async move {
            let outcome = part.load().await;
            let _ = pending.try_set(false);
            if outcome.is_ok() {
                let _ = loaded.try_set(true);
            }
        });
    };
    when_reachable(load);
    reactive(move || {
        let page = if loaded.get() { part.page(path) } else { None };
        page.unwrap_or_else(|| {
            view! {
                <PageTitle title="This page could not be loaded"/>
                <div class="summary" role="alert">
                    <p>"The connection may be down, or the server was updated."</p>
                    <button type="button" on:click=on(move |_| load())>"Try again"</button>
                </div>
                // An empty address is the page's own.
                <p><a href="" rel="external">"Reload the page"</a></p>
            }
            .into_any()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{access::PAGES, role::Role};

    #[test]
    fn a_page_is_found_in_the_part_that_lists_it() {
        for part in &PARTS {
            for path in part.paths {
                assert!(PAGES.iter().any(|(page, _)| page == path), "{path}");
                assert_eq!(Part::of(path).map(|part| part.name), Some(part.name), "{path}");
            }
            let pages: Vec<_> = part.pages().unwrap().iter().map(|(path, _)| *path).collect();
            assert_eq!(pages, part.paths);
        }
        assert_eq!(Part::of("/admin/users/7").map(|part| part.name), Some("administration"));
        for path in ["/", "/login", "/register", "/nowhere"] {
            assert!(Part::of(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_parts_that_somebody_may_need_are_those_with_pages_for_their_roles() {
        let ahead = |roles: Option<Roles>| {
            let parts = PARTS.iter().filter(|part| part.is_for(roles));
            parts.map(|part| part.name).collect::<Vec<_>>()
        };
        assert!(ahead(None).is_empty());
        assert_eq!(ahead(Some(Roles::default())), ["dashboard", "account", "apps"]);
        assert_eq!(ahead(Some(Roles::from(vec![Role::Editor]))), ["dashboard", "account", "apps"]);
        assert_eq!(
            ahead(Some(Roles::from(vec![Role::Admin]))),
            ["dashboard", "account", "administration", "apps"]
        );
    }
}

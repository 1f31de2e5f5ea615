//! Where one can go from here.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::reactive::reactive;
use crate::{app::session::SessionContext, model::role::Permission};

/// A page in a navigation.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    href: &'static str,
    name: &'static str,
    /// What the paths of the pages below it begin with.
    below: Option<&'static str>,
}

const fn place(href: &'static str, name: &'static str) -> Place {
    Place { href, name, below: None }
}

const fn place_above(below: &'static str, href: &'static str, name: &'static str) -> Place {
    Place { href, name, below: Some(below) }
}

/// Everybody's pages.
pub const MAIN: &[Place] = &[
    place("/dashboard", "Dashboard"),
    place_above("/notices/", "/notices", "Notices"),
    place_above("/account/", "/account", "Account"),
];

pub const SIGN_IN: Place = place("/login", "Sign in");
pub const SIGN_UP: Place = place("/register", "Sign up");

/// Where administration begins.
pub const ADMINISTRATION: Place = place_above("/admin/", "/admin/users", "Administration");

/// The pages about one's own account.
pub const ACCOUNT_PAGES: &[Place] = &[
    place("/account", "Profile"),
    place("/account/security", "Security"),
    place("/account/password", "Password"),
    place("/account/sessions", "Sessions"),
    place("/account/apps", "Apps"),
];

pub const USERS: Place = place_above("/admin/users/", "/admin/users", "Accounts");
pub const GROUPS: Place = place_above("/admin/groups/", "/admin/groups", "Groups");
pub const CLIENTS: Place = place_above("/admin/clients/", "/admin/clients", "Clients");
pub const PROVIDERS: Place = place_above("/admin/providers/", "/admin/providers", "Providers");

/// The pages of administrators.
const ADMINISTRATION_PAGES: &[Place] =
    &[USERS, GROUPS, CLIENTS, PROVIDERS, place("/admin/audit", "Audit log"), place("/admin/keys", "Keys")];

/// Which part of the portal a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Account,
    Administration,
}

/// The pages beside the one that is shown, where it belongs to a part of the portal that has several.
#[component]
pub fn SectionNav() -> impl IntoView {
    let (session, path) = (SessionContext::get(), use_location().pathname);
    let section = Memo::new(move |_| {
        let path = path.read();
        if path.starts_with("/account") && session.is_signed_in() {
            Some(Section::Account)
        } else if path.starts_with("/admin/") && session.allows(Permission::ReadAdministration) {
            Some(Section::Administration)
        } else {
            None
        }
    });
    reactive(move || {
        section.get().map(|section| {
            let (label, places) = match section {
                Section::Account => ("Your account", ACCOUNT_PAGES),
                Section::Administration => ("Administration", ADMINISTRATION_PAGES),
            };
            view! { <nav class="tabs" aria-label=label>{links(places)}</nav> }
        })
    })
}

pub fn links(places: &'static [Place]) -> impl IntoView {
    places.iter().map(|place| view! { <PlaceLink place=*place/> }).collect_view()
}

/// A link that shows whether one is there, or at a page below it.
#[component]
pub fn PlaceLink(place: Place) -> impl IntoView {
    let (Place { href, name, below }, path) = (place, use_location().pathname);
    let current = move || {
        let path = path.read();
        if *path == href {
            Some("page")
        } else {
            below.filter(|below| path.starts_with(below)).map(|_| "true")
        }
    };
    let current: Box<dyn Fn() -> Option<&'static str> + Send> = Box::new(current);
    view! { <a href=href aria-current=current>{name}</a> }
}

/// The way back from one of several things to all of them.
#[component]
pub fn Breadcrumbs(all: Place, here: &'static str) -> impl IntoView {
    view! {
        <nav class="crumbs" aria-label="Breadcrumbs">
            <ol>
                <li><a href=all.href>{all.name}</a></li>
                <li aria-current="page">{here}</li>
            </ol>
        </nav>
    }
}

//! The pages, as the router knows them.
//!
//! The router could be given a route for each page. Then each is a type of its own, which every browser loads, and the
//! server makes all of them anew for every page that it renders. Here one table says which pages there are
//! ([`crate::model::access::PAGES`]), and one type looks a page up in it.

use std::{borrow::Cow, sync::LazyLock};

use leptos::prelude::*;
use leptos_router::{
    ChooseView, GeneratedRouteData, MatchInterface, MatchNestedRoutes, MatchParams, RouteMatchId,
    components::{FlatRoutes, FlatRoutesProps},
};

use super::{
    guard::guarded,
    pages::{home::Home, login::Login, not_found::NotFound, register::Register},
    parts::on_demand,
};
use crate::model::access::{PAGES, number};

/// The router tells pages apart by these, in the order of the table.
static IDS: LazyLock<Vec<RouteMatchId>> =
    LazyLock::new(|| PAGES.iter().map(|_| RouteMatchId::new_from_route_id()).collect());

/// The page that the address names.
pub fn page_of_address() -> impl IntoView {
    let props = FlatRoutesProps::builder().fallback(NotFound).children(ToChildren::to_children(|| AllPages));
    FlatRoutes(props.build())
}

#[derive(Clone, Copy, Debug)]
struct AllPages;

impl MatchNestedRoutes for AllPages {
    type Data = ();
    type Match = Found;

    fn match_nested<'a>(&'a self, path: &'a str) -> (Option<(RouteMatchId, Found)>, &'a str) {
        let found = number(path).map(|number| Found { number, path: path.to_owned() });
        (found.map(|found| (found.as_id(), found)), "")
    }

    /// The server makes its routes from the table.
    fn generate_routes(&self) -> impl IntoIterator<Item = GeneratedRouteData> + '_ {
        []
    }

    fn optional(&self) -> bool {
        false
    }
}

/// A page that the router has found.
#[derive(Debug)]
struct Found {
    /// Its place in the table.
    number: usize,
    path: String,
}

impl MatchInterface for Found {
    /// No page is inside another.
    type Child = ();

    fn as_id(&self) -> RouteMatchId {
        IDS[self.number]
    }

    fn as_matched(&self) -> &str {
        &self.path
    }

    fn into_view_and_child(self) -> (impl ChooseView, Option<()>) {
        (Page(PAGES[self.number].0), None)
    }
}

impl MatchParams for Found {
    /// Pages read their own address.
    fn to_params(&self) -> Vec<(Cow<'static, str>, String)> {
        Vec::new()
    }
}

/// A page, by its pattern.
#[derive(Clone, Copy, Debug)]
struct Page(&'static str);

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        match self.0 {
            "/" => guarded(Home),
            "/login" => guarded(Login),
            "/register" => guarded(Register),
            in_a_part => on_demand(in_a_part).await,
        }
    }

    async fn preload(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::parts::Part;

    fn id(path: &str) -> Option<RouteMatchId> {
        AllPages.match_nested(path).0.map(|(id, _)| id)
    }

    #[test]
    fn every_page_is_in_a_part_or_belongs_to_a_first_visit() {
        let elsewhere = PAGES.iter().filter(|(page, _)| Part::of(page).is_none()).map(|(page, _)| *page);
        assert_eq!(elsewhere.collect::<Vec<_>>(), ["/", "/login", "/register"]);
    }

    #[test]
    fn every_page_is_a_route_of_its_own_and_a_path_of_no_page_is_none() {
        for (number, (page, _)) in PAGES.iter().enumerate() {
            assert_eq!(id(&page.replace(":id", "7").replace(":slug", "one")), Some(IDS[number]), "{page}");
        }
        assert_eq!(id("/admin/users/7"), id("/admin/users/8"), "one page shows all accounts");
        assert_eq!(id("/account/"), id("/account"));
        for nowhere in ["/nowhere", "/account/nowhere", "/admin/users/7/8", ""] {
            assert_eq!(id(nowhere), None, "{nowhere}");
        }
    }
}

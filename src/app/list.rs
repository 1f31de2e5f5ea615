//! Lists whose items stay what they are while others come and go: what is typed beside an item, its focus and its
//! requests belong to that item, by its id.

use std::{fmt, sync::Arc};

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{
    components::reactive::{effect, reactive, whether},
    resource::{Answer, Failure, once, refetch_when_reachable},
};
use crate::{
    client::http::decode,
    model::{error::ApiError, page::Page},
};

/// An item: its id, and how it is shown. In a list it is the element with that id as `data-item`.
#[derive(Clone)]
struct Row {
    id: String,
    view: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

type Rows = (Vec<Row>, Option<String>);

/// Reads the items and the next page's cursor from an answer.
#[derive(Clone)]
pub struct Reader(Arc<dyn Fn(List, String) -> Result<Rows, ApiError> + Send + Sync>);

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

/// Reads one page of a list.
pub fn page_of<T>(id: fn(&T) -> String, view: fn(T, List) -> AnyView) -> Reader
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    Reader(Arc::new(move |list, json| {
        let page: Page<T> = decode(json.into())?;
        Ok((rows(list, page.items, id, view), page.next_cursor))
    }))
}

/// Reads a list that has one page.
pub fn all_of<T>(id: fn(&T) -> String, view: fn(T, List) -> AnyView) -> Reader
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    Reader(Arc::new(move |list, json| Ok((rows(list, decode(json.into())?, id, view), None))))
}

fn rows<T>(list: List, items: Vec<T>, id: fn(&T) -> String, view: fn(T, List) -> AnyView) -> Vec<Row>
where
    T: Clone + Send + Sync + 'static,
{
    let row = |item: T| Row { id: id(&item), view: Arc::new(move || view(item.clone(), list)) };
    items.into_iter().map(row).collect()
}

/// A list and what has become of it.
#[derive(Clone, Copy, Debug)]
pub struct List {
    answer: Answer,
    /// Nothing until the first answer.
    rows: RwSignal<Option<Vec<Row>>>,
    next_cursor: RwSignal<Option<String>>,
    error: RwSignal<Option<ApiError>>,
    /// Items that were removed here. An answer that was on its way then may still have them.
    removed: StoredValue<Vec<String>>,
    /// What was done with an item that is gone, for a screen reader too.
    said: RwSignal<Option<String>>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl List {
    pub fn new(answer: Answer) -> Self {
        refetch_when_reachable(answer);
        Self {
            answer,
            rows: RwSignal::new(None),
            next_cursor: RwSignal::new(None),
            error: RwSignal::new(None),
            removed: StoredValue::new(Vec::new()),
            said: RwSignal::new(None),
        }
    }

    pub fn len(self) -> usize {
        self.rows.read().as_ref().map_or(0, Vec::len)
    }

    pub fn next_cursor(self) -> Option<String> {
        self.next_cursor.get()
    }

    pub fn refetch(self) {
        self.answer.refetch();
    }

    /// Takes an item off the list, says so, and moves the focus on if the item had it. The page may have gone
    /// meanwhile.
    pub fn remove(self, id: &str, said: String) {
        if self.removed.try_update_value(|removed| removed.push(id.to_owned())).is_none() {
            return;
        }
        pass_focus_on(id);
        self.rows.update(|rows| {
            if let Some(rows) = rows {
                rows.retain(|row| row.id != id);
            }
        });
        self.said.set(Some(said));
        if self.rows.read_untracked().as_ref().is_some_and(Vec::is_empty) {
            self.refetch();
        }
    }

    /// Asks for the list again, because an item has come that may have been removed here before. The page may have gone
    /// meanwhile.
    pub fn bring_back(self, id: &str) {
        if self.removed.try_update_value(|removed| removed.retain(|removed| removed != id)).is_some() {
            self.refetch();
        }
    }

    /// Asks for the list again, because several items are gone, and says so.
    pub fn replace(self, said: String) {
        if self.said.try_set(Some(said)).is_none() {
            focus_heading();
            self.refetch();
        }
    }

    fn take(self, answer: Result<String, ApiError>, reader: &Reader) {
        match answer.and_then(|json| (reader.0)(self, json)) {
            Ok((mut rows, next_cursor)) => {
                self.removed.with_value(|removed| rows.retain(|row| !removed.contains(&row.id)));
                self.next_cursor.set(next_cursor);
                self.error.set(None);
                self.rows.set(Some(rows));
            }
            Err(error) => {
                // A refusal says that there is no such list. A fault leaves the one that is shown.
                if error.code.status() < 500 {
                    self.rows.set(None);
                }
                self.error.set(Some(error));
            }
        }
    }
}

/// One thing at a time, made anew for each id: nothing that was typed or said about one shows at another.
pub fn one(id: impl Fn() -> String + Send + Sync + 'static, view: fn(String) -> AnyView) -> AnyView {
    keyed(Box::new(move || {
        let id = id();
        let shown = id.clone();
        vec![Row { id, view: Arc::new(move || view(shown.clone())) }]
    }))
}

fn keyed(rows: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! { <For each=rows key=|row: &Row| row.id.clone() children=|row: Row| untrack(|| (row.view)())/> }
        .into_any()
}

/// What stands around the items.
type Around = Arc<dyn Fn(AnyView) -> AnyView + Send + Sync>;

/// Shows a list within what `around` makes, once it is there; or why it is not, and a way to ask again.
pub fn show(
    list: List,
    reader: Reader,
    around: impl Fn(AnyView) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    show_erased(list, reader, Arc::new(around))
}

fn show_erased(list: List, reader: Reader, around: Around) -> AnyView {
    let read_later = reader.clone();
    // Later answers change the list that stands there. Effects run in the browser alone.
    effect(move || {
        if let Some(answer) = list.answer.get() {
            list.take(answer, &read_later);
        }
    });
    let is_there = whether(move || list.rows.read().is_some());
    let first = once(
        list.answer,
        Arc::new(move |answer| {
            list.take(answer, &reader);
            let around = around.clone();
            view! {
                {reactive(move || list.error.get().map(|error| view! { <Failure error=error answer=list.answer/> }))}
                {reactive(move || is_there.get().then(|| around(keyed(Box::new(move || list.rows.get().unwrap_or_default())))))}
            }
            .into_any()
        }),
    );
    view! {
        <p role="status" class="done">{reactive(move || list.said.get())}</p>
        {first}
    }
    .into_any()
}

/// Moves the focus from an item that goes, if it is there or nowhere, to the next one, or else to the one before, or else to the page's heading.
fn pass_focus_on(id: &str) {
    let document = document();
    let Ok(Some(item)) = document.query_selector(&format!("[data-item='{id}']")) else { return };
    // On what is around the item, as after a click, it is nowhere.
    let elsewhere = |focused: &Element| !item.contains(Some(focused)) && !focused.contains(Some(&item));
    if document.active_element().as_ref().is_some_and(elsewhere) {
        return;
    }
    let is_item = |element: &Element| element.has_attribute("data-item");
    let neighbour = item
        .next_element_sibling()
        .filter(is_item)
        .or_else(|| item.previous_element_sibling().filter(is_item));
    match neighbour.and_then(|item| item.query_selector("button, summary").ok().flatten()) {
        Some(button) => focus(button),
        None => focus_heading(),
    }
}

fn focus_heading() {
    if let Ok(Some(heading)) = document().query_selector("h1") {
        focus(heading);
    }
}

fn focus(element: Element) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        // Refused only for an element that is gone.
        let _ = element.focus();
    }
}

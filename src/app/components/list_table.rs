//! A list whose items are rows of a table.

use leptos::prelude::*;

use super::{
    action::{NextPage, columns},
    reactive::{flag, reactive, whether},
};
use crate::app::{list::List, resource::Fields};

/// The rows with their headings and the way to the next page; or a sentence where there are none.
#[component]
pub fn ListTable(
    list: List,
    rows: AnyView,
    label: &'static str,
    names: &'static [&'static str],
    empty: &'static str,
    path: String,
    /// Which page of the list is shown.
    cursor: Memo<Fields>,
) -> impl IntoView {
    let nobody = whether(move || list.len() == 0);
    view! {
        {reactive(move || nobody.get().then(|| view! { <p>{empty}</p> }))}
        <div class="scroll" role="region" aria-label=label tabindex="0" hidden=flag(move || nobody.get())>
            <table>
                {columns(names)}
                <tbody>{rows}</tbody>
            </table>
        </div>
        {reactive(move || view! { <NextPage path=path.clone() fields=cursor.get_untracked() cursor=list.next_cursor()/> })}
    }
}

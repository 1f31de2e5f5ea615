//! Notices: what editors tell everyone.

use leptos::prelude::*;

use crate::{
    api::notices::{ListNotices, PublishNotice, RetractNotice},
    app::{
        components::{
            action::{ActionButton, NextPage},
            confirm::consequence,
            fields::Field,
            form::{ErrorSummary, Form, FormState, PageTitle, Submit, SuccessMessage},
            loading::LoadingHint,
            reactive::{reactive, whether},
            time::Time,
        },
        list::{List, page_of, show},
        resource::{from_address, load},
        session::SessionContext,
    },
    model::{
        id::NoticeId,
        notice::{MAX_BODY, Notice},
        role::Permission,
        text::isolated,
    },
};

#[component]
pub fn Notices() -> impl IntoView {
    let session = SessionContext::get();
    view! {
        <PageTitle title="Notices"/>
        {reactive(move || session.allows(Permission::Edit).then(|| view! { <p><a href="/notices/edit">"Write a notice"</a></p> }))}
        <AllNotices path="/notices" editing=false/>
    }
}

#[component]
pub fn EditNotices() -> impl IntoView {
    view! {
        <PageTitle title="Write a notice"/>
        <LoadingHint/>
        <AllNotices path="/notices/edit" editing=true/>
    }
}

#[component]
fn AllNotices(path: &'static str, editing: bool) -> impl IntoView {
    let fields = from_address(&["cursor"]);
    // A notice may be long: a few of them fill a page.
    let list =
        List::new(load::<ListNotices>(move || [fields.get(), vec![("limit", "10".to_owned())]].concat()));
    let id = |notice: &Notice| notice.id.to_string();
    let reader = if editing {
        page_of(id, |notice, list| view! { <Item notice=notice retract_from=Some(list)/> }.into_any())
    } else {
        page_of(id, |notice, _| view! { <Item notice=notice retract_from=None/> }.into_any())
    };
    let empty = whether(move || list.len() == 0);
    let around = move |items: AnyView| {
        view! {
            {reactive(move || empty.get().then(|| view! { <div class="empty"><p>"There are no notices."</p></div> }))}
            {items}
            {reactive(move || view! { <NextPage path=path fields=fields.get_untracked() cursor=list.next_cursor()/> })}
        }
        .into_any()
    };
    view! {
        {editing.then(|| view! { <Write list=list/> })}
        {show(list, reader, around)}
    }
}

/// A notice. Its text is text: nothing in it is markup, and its direction does not reach beyond it.
#[component]
fn Item(notice: Notice, retract_from: Option<List>) -> impl IntoView {
    let by = notice.author.map(|author| format!("{author} · ")).unwrap_or_default();
    let paragraphs =
        notice.body.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = notice.id.to_string();
    let retract = retract_from.map(|list| {
        view! { <Retract id=id.clone() title=notice.title.clone() list=list/> }
    });
    view! {
        <article class="card wide notice" data-item=id>
            <h2 dir="auto">{notice.title}</h2>
            // Nothing stands behind a time: it would move when the time becomes words.
            <p class="hint"><bdi>{by}</bdi><Time at=notice.published_at/></p>
            {paragraphs.map(|text| view! { <p dir="auto">{text}</p> }).collect_view()}
            {retract}
        </article>
    }
}

#[component]
fn Retract(id: String, title: String, list: List) -> impl IntoView {
    let form = FormState::of::<RetractNotice>();
    let (item, retracted) = (id.clone(), title.clone());
    form.on_success(move |()| list.remove(&item, format!("“{}” was retracted.", isolated(&retracted))));
    let says = move || format!("Nobody will see “{}” any more.", isolated(&title));
    view! { <ActionButton form=form fields=vec![("notice_id", id)] label="Retract" confirm=consequence(says)/> }
}

#[component]
fn Write(list: List) -> impl IntoView {
    let form = FormState::of::<PublishNotice>();
    form.on_success(move |_: NoticeId| list.refetch());
    view! {
        <section class="card wide">
            <ErrorSummary form=form labels=&[("title", "Title"), ("body", "Text")]/>
            <SuccessMessage form=form text="Published."/>
            <Form form=form clears=&["title", "body"]>
                <Field form=form name="title" label="Title" autocomplete="off"/>
                <Field form=form name="body" label="Text" autocomplete="off" text_up_to=MAX_BODY
                    hint="An empty line starts a new paragraph. Text is shown exactly as you type it."/>
                <Submit form=form label="Publish" busy="Publishing…"/>
            </Form>
        </section>
    }
}

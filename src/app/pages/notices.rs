//! Notices: what editors tell everyone.

use leptos::{html, prelude::*};

use crate::{
    api::notices::{ListNotices, PublishNotice, RetractNotice},
    app::{
        components::{
            action::{Action, NextPage},
            form::{Done, ErrorSummary, Field, Form, FormState, NeedsJavaScript, PageTitle, Submit},
            live::live,
        },
        data::{Answer, Loaded, from_address, load, shown},
        session::SessionContext,
    },
    model::{
        id::NoticeId,
        notice::{MAX_BODY, Notice},
        page::Page,
        role::Permission,
    },
};

#[component]
pub fn Notices() -> impl IntoView {
    let session = SessionContext::get();
    view! {
        <PageTitle title="Notices"/>
        {live(move || session.allows(Permission::Edit).then(|| view! { <p><a href="/notices/edit">"Write a notice"</a></p> }))}
        <List path="/notices" editing=false/>
    }
}

#[component]
pub fn EditNotices() -> impl IntoView {
    view! {
        <PageTitle title="Write a notice"/>
        <List path="/notices/edit" editing=true/>
    }
}

#[component]
fn List(path: &'static str, editing: bool) -> impl IntoView {
    let fields = from_address(&["cursor"]);
    // A notice may be long: a few of them fill a page.
    let notices = load::<ListNotices>(move || [fields(), vec![("limit", "10".to_owned())]].concat());
    let list = move |page: Page<Notice>| {
        let empty = page.items.is_empty();
        view! {
            {empty.then(|| view! { <p>"There are no notices."</p> })}
            {page.items.into_iter().map(|notice| view! { <Item notice=notice editing=editing list=notices/> }).collect_view()}
            <NextPage path=path fields=fields() cursor=page.next_cursor/>
        }
        .into_any()
    };
    view! {
        {editing.then(|| view! { <Write list=notices/> })}
        <Loaded answer=notices view=shown(list)/>
    }
}

/// A notice. Its text is text: nothing in it is markup, and its direction does not reach beyond it.
#[component]
fn Item(notice: Notice, editing: bool, list: Answer) -> impl IntoView {
    let by = notice.author.map(|author| format!(" · {author}")).unwrap_or_default();
    let paragraphs =
        notice.body.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = notice.id.to_string();
    view! {
        <article class="card wide notice">
            <h2 dir="auto">{notice.title}</h2>
            <p class="hint">{notice.published_at.to_minute()}<bdi>{by}</bdi></p>
            {paragraphs.map(|text| view! { <p dir="auto">{text}</p> }).collect_view()}
            {editing.then(|| view! { <Retract id=id list=list/> })}
        </article>
    }
}

#[component]
fn Retract(id: String, list: Answer) -> impl IntoView {
    let form = FormState::of::<RetractNotice>();
    form.on_success(move |()| list.refetch());
    view! { <Action form=form fields=vec![("notice_id", id)] label="Retract"/> }
}

#[component]
fn Write(list: Answer) -> impl IntoView {
    let form = FormState::of::<PublishNotice>();
    let fields = NodeRef::<html::Form>::new();
    form.on_success(move |_: NoticeId| {
        if let Some(fields) = fields.get_untracked() {
            fields.reset();
        }
        list.refetch();
    });
    view! {
        <section class="card wide">
            <NeedsJavaScript/>
            <ErrorSummary form=form labels=&[("title", "Title"), ("body", "Text")]/>
            <Done form=form text="Published."/>
            <Form form=form node_ref=fields>
                <Field form=form name="title" label="Title" autocomplete="off"/>
                <Field form=form name="body" label="Text" autocomplete="off" text_up_to=MAX_BODY
                    hint="An empty line begins a paragraph. Everything is shown as it is written."/>
                <Submit form=form label="Publish" busy="Publishing…"/>
            </Form>
        </section>
    }
}

//! Notices: editors publish and retract, members read.

use serde_json::json;

use super::{
    audit::{self, Event, EventKind},
    cursor::{limit, one_more, page_of},
    error::Error,
    origin::Context,
    state::State,
    store::notices::{self, NoticeRecord},
};
use crate::model::{
    id::{NoticeId, UserId},
    notice::{Draft, Notice},
    page::Page,
};

const LIST: &str = "notices";
/// After every id.
const END: &str = "~";

/// One page, the newest first.
pub async fn list(state: &State, cursor: Option<&str>, asked: Option<&str>) -> Result<Page<Notice>, Error> {
    let limit = limit(asked)?;
    let before = state.cursors.read(LIST, cursor)?.unwrap_or_else(|| END.to_owned());
    let mut reader = state.store.read().await?;
    let records = notices::newest(&mut reader, &before, one_more(limit)).await?;
    let (records, next_cursor) = page_of(records, limit, |record| state.cursors.write(LIST, &record.id));
    let items = records.into_iter().map(Notice::try_from).collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor })
}

/// Publishes a notice.
pub async fn publish(
    state: &State,
    context: Context<'_>,
    author: &UserId,
    draft: Draft,
) -> Result<NoticeId, Error> {
    let id = NoticeId::parse(&state.entropy.uuid(context.now)?)?;
    let record = NoticeRecord {
        id: id.to_string(),
        author_id: Some(author.to_string()),
        author_name: None,
        title: draft.title,
        body: draft.body,
        published_at: context.now,
    };
    let mut tx = state.store.begin().await?;
    notices::insert(&mut tx, &record).await?;
    let detail = json!({ "notice": record.id, "title": record.title });
    audit::record(&mut tx, context, Event::new(EventKind::NoticePublished).by(author).with(detail)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Takes a notice back, whoever wrote it.
pub async fn retract(
    state: &State,
    context: Context<'_>,
    editor: &UserId,
    id: &NoticeId,
) -> Result<(), Error> {
    let mut tx = state.store.begin().await?;
    if !notices::delete(&mut tx, id).await? {
        return Err(Error::NotFound);
    }
    let detail = json!({ "notice": id.as_str() });
    audit::record(&mut tx, context, Event::new(EventKind::NoticeRetracted).by(editor).with(detail)).await?;
    tx.commit().await?;
    Ok(())
}

impl TryFrom<NoticeRecord> for Notice {
    type Error = Error;
    fn try_from(record: NoticeRecord) -> Result<Self, Error> {
        Ok(Self {
            id: NoticeId::parse(&record.id)?,
            title: record.title,
            body: record.body,
            author: record.author_name,
            published_at: record.published_at.to_utc(),
        })
    }
}

//! Notices: editors publish and retract, members read.

use serde_json::json;

use super::{
    change::Change,
    client_info::ActionContext,
    cursor::{limit, one_more, page_of},
    error::Error,
    state::AppState,
    store::{
        audit::{Event, EventKind},
        notices::{self, NoticeRecord},
    },
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
pub async fn list(
    state: &AppState,
    cursor: Option<&str>,
    asked: Option<&str>,
) -> Result<Page<Notice>, Error> {
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
    state: &AppState,
    context: ActionContext<'_>,
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
    let mut change = Change::begin(state, context).await?;
    notices::insert(change.tx(), &record).await?;
    let detail = json!({ "notice": record.id, "title": record.title });
    change.record(Event::new(EventKind::NoticePublished).by(author).with(detail)).await?;
    change.commit().await?;
    Ok(id)
}

/// Takes a notice back, whoever wrote it.
pub async fn retract(
    state: &AppState,
    context: ActionContext<'_>,
    editor: &UserId,
    id: &NoticeId,
) -> Result<(), Error> {
    let mut change = Change::begin(state, context).await?;
    if !notices::delete(change.tx(), id).await? {
        return Err(Error::NotFound);
    }
    let detail = json!({ "notice": id.as_str() });
    change.record(Event::new(EventKind::NoticeRetracted).by(editor).with(detail)).await?;
    change.commit().await?;
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

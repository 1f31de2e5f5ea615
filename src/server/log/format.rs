//! The two formats of a line: text for a person at a terminal, JSON for everything else.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Compact, Format, Writer, format},
    },
    registry::LookupSpan,
};

use super::{CURRENT, LoggedRequest};
use crate::server::clock;

/// What happened, and then the request.
#[derive(Debug)]
pub struct Text(Format<Compact>);

impl Text {
    pub fn new(ansi: bool) -> Self {
        Self(format().with_target(false).with_ansi(ansi).compact())
    }
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(line.trim_end_matches('\n'))?;
        let _ = CURRENT.try_with(|request| {
            request.fields().try_for_each(|(name, value)| write!(writer, " {name}={value}"))
        });
        writeln!(writer)
    }
}

/// One object a line: what happened, and in `request` whose it is.
#[derive(Debug)]
pub struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Vec::with_capacity(512);
        write_line(event, &mut line).map_err(|_| fmt::Error)?;
        line.push(b'\n');
        writer.write_str(str::from_utf8(&line).map_err(|_| fmt::Error)?)
    }
}

fn write_line(event: &Event<'_>, line: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut json = serde_json::Serializer::new(line);
    let mut object = json.serialize_map(None)?;
    object.serialize_entry("timestamp", &format_args!("{}", clock::logged()))?;
    object.serialize_entry("level", event.metadata().level().as_str())?;
    let mut fields = SerdeMapVisitor::new(object);
    event.record(&mut fields);
    let mut object = fields.take_serializer()?;
    object.serialize_entry("target", event.metadata().target())?;
    CURRENT.try_with(|request| object.serialize_entry("request", request)).unwrap_or(Ok(()))?;
    object.end()
}

impl Serialize for LoggedRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

//! A file of accounts, read line by line: JSON lines, or CSV whose first line names the fields.

use std::io::{self, BufRead, Read};

use serde_json::Value;

use super::candidate::{Fields, Refused};

/// Longest line of JSON, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whatever begins with `{` is JSON lines, and everything else CSV.
#[derive(Debug)]
pub enum AccountFile<R> {
    JsonLines { source: R, line: u64 },
    Csv { rows: csv::Reader<R>, names: csv::StringRecord },
}

/// One line with its number: its fields, or why it has none.
pub type Line = (u64, Result<Fields, Refused>);

impl<R: BufRead> AccountFile<R> {
    pub fn open(mut source: R) -> io::Result<Self> {
        if source.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            source.consume(BYTE_ORDER_MARK.len());
        }
        if source.fill_buf()?.first() == Some(&b'{') {
            return Ok(Self::JsonLines { source, line: 0 });
        }
        let mut rows = csv::Reader::from_reader(source);
        let names = rows.headers()?.clone();
        Ok(Self::Csv { rows, names })
    }

    /// The next line; nothing after the last one.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        match self {
            Self::JsonLines { source, line } => next_of_json(source, line),
            Self::Csv { rows, names } => next_of_csv(rows, names),
        }
    }
}

fn next_of_json(source: &mut impl BufRead, line: &mut u64) -> io::Result<Option<Line>> {
    let mut text = Vec::new();
    while text.trim_ascii().is_empty() {
        text.clear();
        *line += 1;
        if Read::take(&mut *source, LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
    }
    if text.len() as u64 == LONGEST_LINE {
        return Err(io::Error::other(format!("line {line} is longer than {LONGEST_LINE} bytes")));
    }
    let fields = match serde_json::from_slice(&text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Refused::Line("is not one object of JSON".to_owned())),
    };
    Ok(Some((*line, fields)))
}

fn next_of_csv<R: Read>(rows: &mut csv::Reader<R>, names: &csv::StringRecord) -> io::Result<Option<Line>> {
    let (mut record, line) = (csv::StringRecord::new(), rows.position().line());
    let fields = match rows.read_record(&mut record) {
        Ok(false) => return Ok(None),
        Ok(true) => {
            let named = names.iter().zip(record.iter());
            Ok(named.map(|(name, text)| (name.trim().to_owned(), Value::from(text))).collect())
        }
        Err(error) if error.is_io_error() => return Err(error.into()),
        Err(error) => Err(Refused::Line(match error.kind() {
            csv::ErrorKind::UnequalLengths { .. } => {
                "has more or fewer fields than the first line".to_owned()
            }
            _ => "is not text in UTF-8".to_owned(),
        })),
    };
    // Where the record begins, which an empty line before it does not change.
    Ok(Some((record.position().map_or(line, csv::Position::line), fields)))
}

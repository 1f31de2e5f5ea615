//! What tells a code as that of a grant. It never changes, so it is read before anything is locked.

use sqlx::FromRow;

use super::{
    StoreError,
    by_ids::{Dialects, Found},
    corrupt,
    grants::{CodeRecord, CodeRow, TABLE},
    postgres, sqlite,
};
use crate::model::oauth::client_id::ClientId;

#[derive(Clone, Debug)]
pub struct GrantProof {
    pub client: ClientId,
    pub code: Option<CodeRecord>,
}

#[derive(Clone, FromRow)]
pub struct GrantProofRow {
    id: String,
    client_id: String,
    #[sqlx(flatten)]
    code: CodeRow,
}

impl TryFrom<GrantProofRow> for GrantProof {
    type Error = StoreError;
    fn try_from(row: GrantProofRow) -> Result<Self, StoreError> {
        Ok(Self {
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, &row.id))?,
            code: row.code.record(),
        })
    }
}

impl Found for GrantProofRow {
    type Record = GrantProof;
    const READ: Dialects = Dialects { sqlite: sqlite::grants::PROOFS, postgres: postgres::grants::PROOFS };

    fn id(&self) -> &str {
        &self.id
    }
}

//! What the authenticator says and signs (§6.1).

use super::{Expected, Refused, UserVerification, cbor::Map};

/// The authenticator's data, parsed.
pub struct AuthenticatorData<'a> {
    relying_party: &'a [u8],
    flags: u8,
    pub sign_count: u32,
    /// Only when a credential is made.
    pub credential: Option<AttestedCredential<'a>>,
}

/// The credential that was made (§6.5.2).
pub struct AttestedCredential<'a> {
    pub aaguid: [u8; 16],
    pub id: &'a [u8],
    /// A COSE key, not yet read.
    pub public_key: &'a [u8],
}

/// Bits of the flags.
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

const MALFORMED: Refused = Refused::Malformed("the authenticator data");

impl<'a> AuthenticatorData<'a> {
    pub fn parse(mut rest: &'a [u8]) -> Result<Self, Refused> {
        let relying_party = take(&mut rest, 32)?;
        let [flags] = take_array(&mut rest)?;
        let sign_count = u32::from_be_bytes(take_array(&mut rest)?);
        let has = |flag| flags & flag != 0;
        let credential = if has(HAS_CREDENTIAL) { Some(AttestedCredential::read(&mut rest)?) } else { None };
        if has(HAS_EXTENSIONS) {
            Map::read(&mut rest)?;
        }
        if rest.is_empty() {
            Ok(Self { relying_party, flags, sign_count, credential })
        } else {
            Err(MALFORMED)
        }
    }

    /// Checks it: §7.1 steps 13 to 17, §7.2 steps 15 to 19.
    pub fn check(&self, expected: Expected<'_>) -> Result<(), Refused> {
        if !expected.relying_party.has_hash(self.relying_party) {
            return Err(Refused::RelyingParty);
        }
        if !self.has(USER_PRESENT) {
            return Err(Refused::UserPresence);
        }
        if expected.verification == UserVerification::Required && !self.user_verified() {
            return Err(Refused::UserVerification);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(Refused::BackupState);
        }
        Ok(())
    }

    pub fn user_verified(&self) -> bool {
        self.has(USER_VERIFIED)
    }

    pub fn backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub fn backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl<'a> AttestedCredential<'a> {
    /// The longest id (§7.1 step 25).
    const MAX_ID_LENGTH: usize = 1023;

    fn read(rest: &mut &'a [u8]) -> Result<Self, Refused> {
        let aaguid = take_array(rest)?;
        let length = usize::from(u16::from_be_bytes(take_array(rest)?));
        if !(1..=Self::MAX_ID_LENGTH).contains(&length) {
            return Err(MALFORMED);
        }
        let id = take(rest, length)?;
        // The key says only by its own end how long it is.
        let (start, mut behind) = (*rest, *rest);
        Map::read(&mut behind)?;
        let public_key = take(rest, start.len() - behind.len())?;
        Ok(Self { aaguid, id, public_key })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Refused> {
    let (taken, behind) = rest.split_at_checked(length).ok_or(MALFORMED)?;
    *rest = behind;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Refused> {
    let (taken, behind) = rest.split_first_chunk().ok_or(MALFORMED)?;
    *rest = behind;
    Ok(*taken)
}

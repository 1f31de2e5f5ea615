//! Argon2 with its working memory kept for the next hash: allocating and clearing it anew costs up to a seventh of the time.

use std::sync::{Mutex, PoisonError};

use argon2::{Argon2, Block};

use crate::server::error::Error;

/// Memory for hashes of today's size.
#[derive(Debug)]
pub struct HashMemory {
    /// Larger memory, of an imported hash, is given back.
    largest_kept: usize,
    free: Mutex<Vec<Vec<Block>>>,
}

impl HashMemory {
    pub fn of_blocks(blocks: usize) -> Self {
        Self { largest_kept: blocks, free: Mutex::default() }
    }

    /// Hashes a password to `length` bytes.
    pub fn hash(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut output = vec![0; length];
        self.with(argon2.params().block_count(), |blocks| {
            argon2.hash_password_into_with_memory(password, salt, &mut output, blocks)
        })
        .map_err(|error| Error::Internal(format!("argon2: {error}")))?;
        Ok(output)
    }

    fn with<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut memory =
            if blocks > self.largest_kept { None } else { self.lock().pop() }.unwrap_or_default();
        memory.resize(blocks, Block::default());
        let result = work(&mut memory);
        if blocks <= self.largest_kept {
            self.lock().push(memory);
        }
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, Params, Version};

    use super::*;

    #[test]
    fn reused_hashing_memory_changes_no_result_and_large_memory_is_not_kept() {
        let of =
            |kib| Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(kib, 1, 1, None).unwrap());
        let (usual, large) = (of(1024), of(2048));
        let memory = HashMemory::of_blocks(usual.params().block_count());
        memory.hash(&usual, b"another", b"saltofanotherone", 32).unwrap();
        memory.hash(&large, b"another", b"saltofanotherone", 32).unwrap();
        let reused = memory.hash(&usual, b"password", b"somesaltsomesalt", 32).unwrap();
        let mut fresh = [0; 32];
        usual.hash_password_into(b"password", b"somesaltsomesalt", &mut fresh).unwrap();
        assert_eq!(reused, fresh);
        let kept: Vec<_> = memory.lock().iter().map(Vec::len).collect();
        assert_eq!(kept, [usual.params().block_count()]);
    }
}

// npm install jose
import { readFileSync } from 'node:fs';
import { compactDecrypt, importJWK } from 'jose';
import { verify as verifySigned } from './verify.mjs';

// The private half of the key that was registered.
const jwk = JSON.parse(readFileSync(process.env.PRIVATE_KEY, 'utf8'));
const key = await importJWK(jwk);

/** Returns the claims of a valid access token, and throws for any other. */
export async function verify(token) {
  const { plaintext, protectedHeader } = await compactDecrypt(token, key, {
    keyManagementAlgorithms: [jwk.alg],
    contentEncryptionAlgorithms: ['A256GCM'],
  });
  if (protectedHeader.cty !== 'JWT') throw new Error('there is no token inside');
  return verifySigned(new TextDecoder().decode(plaintext));
}

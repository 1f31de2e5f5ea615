// npm install paseto
import { InspectFooter, PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, VerifyFactory } from 'paseto/v4/public';

const issuer = process.env.LATCHKEY_URL ?? 'https://id.example.org';
const audience = process.env.AUDIENCE ?? 'https://api.example.org';
const v4 = new PublicProtocol(ImportPublicKeyFactory, VerifyFactory);
let keys = new Map();
let fetchedAt = -Infinity;

/** The key of that name. For one that is not known the keys are fetched, once in 30 seconds at most. */
async function keyOf(kid) {
  if (!keys.has(kid) && performance.now() - fetchedAt > 30_000) {
    fetchedAt = performance.now();
    const response = await fetch(`${issuer}/.well-known/paserk.json`);
    const published = (await response.json()).keys;
    keys = new Map(await Promise.all(published.map(async ({ kid, key }) => [kid, await v4.ImportPublicKey(key)])));
  }
  if (!keys.has(kid)) throw new Error('the key is unknown');
  return keys.get(kid);
}

/** Returns the claims of a valid access token, and throws for any other. */
export async function verify(token) {
  const { kid } = JSON.parse(new TextDecoder().decode(InspectFooter(token)));
  const requiredClaims = ['sub', 'iat', 'jti', 'client_id'];
  const { claims } = await v4.Verify(await keyOf(kid), token, { issuer, audience, requiredClaims });
  return claims;
}

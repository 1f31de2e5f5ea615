// npm install jose
import { createRemoteJWKSet, jwtVerify } from 'jose';

const issuer = process.env.LATCHKEY_URL ?? 'https://id.example.org';
const audience = process.env.AUDIENCE ?? issuer;
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer));

/** Returns the claims of a valid access token, and throws for any other. */
export async function verify(token) {
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience,
    typ: 'at+jwt',
    algorithms: ['ES256', 'EdDSA', 'RS256'],
    requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
  });
  return payload;
}

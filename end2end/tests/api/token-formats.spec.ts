import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Server, expect, test } from '../../support/fixtures.ts';
import { addClient, type Client } from '../../support/oauth.ts';
import { Verifier } from '../../support/verifiers.ts';

const AUDIENCE = 'https://api.example.org';

/** An access token that a service gets for itself, for another service. */
async function tokenFor(server: Server, client: Client, resource = AUDIENCE): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource });
  const answer = await fetch(`${server.url}/oauth/token`, { method: 'POST', headers: { authorization }, body });
  expect(answer.status).toBe(200);
  return (await answer.json()).access_token;
}

/** The token with one bit of its content flipped. */
function touched(token: string, part: number): string {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[part], 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  return parts.with(part, bytes.toString('base64url')).join('.');
}

/** Both take the good token, and refuse each of the others. */
async function compare(verifiers: Verifier[], subject: string, good: string, bad: Record<string, string>): Promise<void> {
  for (const verifier of verifiers) {
    expect(await verifier.ask(good), `${verifier.language}: ${verifier.failures}`).toBe(`ok ${subject}`);
    for (const [what, token] of Object.entries(bad)) {
      expect(await verifier.ask(token), `${verifier.language}: ${what}`).toMatch(/^no /);
    }
  }
}

for (const alg of ['ECDH-ES', 'RSA-OAEP-256']) {
  test(`jose and jwcrypto open tokens that are encrypted with ${alg}, and no others`, async ({}, testInfo) => {
    const server = await Server.start();
    const { privateKey, publicKey } = alg === 'ECDH-ES' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
    const files = { private: testInfo.outputPath('private.jwk'), public: testInfo.outputPath('public.jwk') };
    writeFileSync(files.private, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), alg }));
    writeFileSync(files.public, JSON.stringify({ ...publicKey.export({ format: 'jwk' }), alg, use: 'enc' }));
    const client = addClient(server, 'service', '--resource', AUDIENCE);
    const signed = await tokenFor(server, client);
    server.command(['resource', 'add', AUDIENCE, '--encryption-key', files.public]);
    const verifiers = Verifier.both('encrypted', { LATCHKEY_URL: server.url, AUDIENCE, PRIVATE_KEY: files.private });
    try {
      const token = await tokenFor(server, client);
      const flipped = Object.fromEntries([2, 3, 4].map((part) => [`part ${part}`, touched(token, part)]));
      await compare(verifiers, client.client_id, token, { ...flipped, 'signed only': signed });
    } finally {
      verifiers.forEach((verifier) => verifier.stop());
      await server.destroy();
    }
  });
}

test('the PASETO libraries of Node.js and Python verify our tokens and refuse others', async () => {
  const server = await Server.start();
  const client = addClient(server, 'service', '--resource', AUDIENCE);
  const signed = await tokenFor(server, client);
  server.command(['resource', 'add', AUDIENCE, '--token-format', 'paseto']);
  const token = await tokenFor(server, client);
  const verifiers = Verifier.both('paseto', { LATCHKEY_URL: server.url, AUDIENCE });
  try {
    const other = token.replace('v4.public.', 'v3.public.');
    await compare(verifiers, client.client_id, token, { touched: touched(token, 2), 'another version': other, 'a JWT': signed });
    const elsewhere = Verifier.both('paseto', { LATCHKEY_URL: server.url, AUDIENCE: 'https://other.example.org' });
    verifiers.push(...elsewhere);
    for (const verifier of elsewhere) expect(await verifier.ask(token), verifier.language).toMatch(/^no /);
  } finally {
    verifiers.forEach((verifier) => verifier.stop());
    await server.destroy();
  }
});

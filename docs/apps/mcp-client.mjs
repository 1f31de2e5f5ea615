// npm install @modelcontextprotocol/sdk
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const { LATCHKEY_URL, CLIENT_ID, MCP_URL, TOKENS_FILE } = process.env;

// Whichever port is free: of 127.0.0.1, Latchkey accepts each.
const loopback = createServer();
await new Promise((listening) => loopback.listen(0, '127.0.0.1', listening));
const redirectUrl = `http://127.0.0.1:${loopback.address().port}/callback`;
const state = randomUUID();
let verifier;

/** What the SDK asks for. The client is registered already, so it need not register itself. */
const provider = {
  redirectUrl,
  clientMetadata: { client_name: 'My agent', redirect_uris: [redirectUrl] },
  clientInformation: () => ({ client_id: CLIENT_ID, issuer: LATCHKEY_URL }),
  state: () => state,
  codeVerifier: () => verifier,
  saveCodeVerifier: (made) => (verifier = made),
  tokens() {
    try {
      return JSON.parse(readFileSync(TOKENS_FILE, 'utf8'));
    } catch {
      return undefined;
    }
  },
  saveTokens: (tokens) => writeFileSync(TOKENS_FILE, JSON.stringify(tokens), { mode: 0o600 }),
  invalidateCredentials: () => rmSync(TOKENS_FILE, { force: true }),
  redirectToAuthorization: (url) => console.log(url.href),
};

/** Waits for the browser to bring the code. */
const code = new Promise((received) => {
  loopback.on('request', ({ url }, response) => {
    const { searchParams } = new URL(url, redirectUrl);
    if (searchParams.get('state') !== state || searchParams.get('iss') !== LATCHKEY_URL) return response.writeHead(400).end();
    response.setHeader('content-type', 'text/plain').end('You are signed in. You can close this window.');
    received(searchParams.get('code'));
  });
});

// Refreshes what it has. If there is nothing, or the session has ended, it leads to Latchkey.
if ((await auth(provider, { serverUrl: MCP_URL })) === 'REDIRECT') {
  await auth(provider, { serverUrl: MCP_URL, authorizationCode: await code });
}
loopback.close();
loopback.closeIdleConnections();

const client = new Client({ name: 'my-agent', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(MCP_URL), { authProvider: provider }));
const { content } = await client.callTool({ name: 'whoami' });
console.log(content[0].text);
await client.close();

// npm install openid-client
import { createServer } from 'node:http';
import * as client from 'openid-client';

const { LATCHKEY_URL, CLIENT_ID } = process.env;
// Plain http is for your own machine alone.
const options = LATCHKEY_URL.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : undefined;
const latchkey = await client.discovery(new URL(LATCHKEY_URL), CLIENT_ID, undefined, client.None(), options);

// Whichever port is free: of 127.0.0.1, Latchkey accepts each.
const loopback = createServer();
await new Promise((listening) => loopback.listen(0, '127.0.0.1', listening));
const redirect_uri = `http://127.0.0.1:${loopback.address().port}/callback`;

const [pkceCodeVerifier, expectedState] = [client.randomPKCECodeVerifier(), client.randomState()];
const request = client.buildAuthorizationUrl(latchkey, {
  redirect_uri,
  scope: 'openid profile offline_access',
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
});
// Open it in the browser, as your system does it: with `open`, `xdg-open` or `start`.
console.log(request.href);

const answer = await new Promise((answered) => {
  loopback.on('request', ({ url }, response) => {
    if (!url.startsWith('/callback?')) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/plain').end('You are signed in. You can close this window.');
    answered(new URL(url, redirect_uri));
  });
});
loopback.close();
loopback.closeIdleConnections();

let tokens = await client.authorizationCodeGrant(latchkey, answer, { pkceCodeVerifier, expectedState });
console.log(`Hello, ${tokens.claims().name}`);

// Later, and at each start: keep the refresh token where your system keeps passwords. Each is good once; a new one comes with the answer.
tokens = await client.refreshTokenGrant(latchkey, tokens.refresh_token);
console.log('refreshed');

// To sign out of this program, give the refresh token back.
await client.tokenRevocation(latchkey, tokens.refresh_token);
console.log('signed out');

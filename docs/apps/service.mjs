// npm install openid-client
import * as client from 'openid-client';

const { LATCHKEY_URL, CLIENT_ID, CLIENT_SECRET, STOCK_URL } = process.env;
// Plain http is for your own machine alone.
const options = LATCHKEY_URL.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : undefined;
const latchkey = await client.discovery(new URL(LATCHKEY_URL), CLIENT_ID, CLIENT_SECRET, undefined, options);

let token;
let expiresAt = 0;

/** An access token for the other service: the one from before, as long as it is good. */
async function accessToken() {
  if (expiresAt < Date.now() + 30_000) {
    const answer = await client.clientCredentialsGrant(latchkey, { resource: STOCK_URL });
    token = answer.access_token;
    expiresAt = Date.now() + 1000 * answer.expires_in;
  }
  return token;
}

const response = await fetch(`${STOCK_URL}/items`, { headers: { authorization: `Bearer ${await accessToken()}` } });
console.log(`${response.status} ${await response.text()}`);

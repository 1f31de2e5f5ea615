// npm install openid-client
import * as client from 'openid-client';

const { LATCHKEY_URL, CLIENT_ID } = process.env;
// Plain http is for your own machine alone.
const options = LATCHKEY_URL.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : undefined;
const latchkey = await client.discovery(new URL(LATCHKEY_URL), CLIENT_ID, undefined, client.None(), options);

const device = await client.initiateDeviceAuthorization(latchkey, { scope: 'openid profile offline_access' });
console.log(`Open ${device.verification_uri} in any browser and enter ${device.user_code}`);

// Asks every few seconds until somebody has answered there.
let tokens = await client.pollDeviceAuthorizationGrant(latchkey, device);
console.log(`Hello, ${tokens.claims().name}`);

// Later, and at each start: keep the refresh token in a file that only you can read. Each is good once; a new one comes with the answer.
tokens = await client.refreshTokenGrant(latchkey, tokens.refresh_token);
console.log('refreshed');

// To sign out of this program, give the refresh token back.
await client.tokenRevocation(latchkey, tokens.refresh_token);
console.log('signed out');

// What a provider must say of itself to be set up, and nothing else. Whoever is sent there is at `authorization` at once.
import { createServer } from 'node:http';

const { port, authorization } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const metadata = {
  issuer,
  authorization_endpoint: authorization,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  id_token_signing_alg_values_supported: ['ES256'],
};

// It ends with whoever started it.
process.stdin.on('end', () => process.exit()).resume();

createServer((_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata)))
  .listen(port, '127.0.0.1', () => console.log('ready'));

// What a provider must say of itself to be set up and to be gone to, and nothing else. Whoever is sent there is at `authorization` at once.
import { createServer } from 'node:http';

const authorization = process.argv[2];
const metadata = (issuer) => ({
  issuer,
  authorization_endpoint: authorization,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  id_token_signing_alg_values_supported: ['ES256'],
  keys: [],
});

// It ends with whoever started it.
process.stdin.on('end', () => process.exit()).resume();

// Every path is an issuer of its own.
const server = createServer(({ url }, response) => {
  const issuer = `${origin()}${url.replace('/.well-known/openid-configuration', '')}`;
  response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata(issuer)));
});
const origin = () => `http://127.0.0.1:${server.address().port}`;
server.listen(0, '127.0.0.1', () => console.log(origin()));

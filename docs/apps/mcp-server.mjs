// npm install @modelcontextprotocol/sdk jose
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { LATCHKEY_URL, MCP_URL, PORT = 4000 } = process.env;
const resourceServerUrl = new URL(MCP_URL);
const oauthMetadata = await (await fetch(`${LATCHKEY_URL}/.well-known/oauth-authorization-server`)).json();
const keys = createRemoteJWKSet(new URL(oauthMetadata.jwks_uri));

async function verifyAccessToken(token) {
  try {
    const { payload } = await jwtVerify(token, keys, { issuer: LATCHKEY_URL, audience: MCP_URL, typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'client_id'] });
    return { token, clientId: payload.client_id, scopes: payload.scope.split(' '), expiresAt: payload.exp, extra: { sub: payload.sub } };
  } catch (error) {
    throw new InvalidTokenError(error.message);
  }
}

function notes() {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Says for whom it works' }, ({ authInfo }) => ({ content: [{ type: 'text', text: `You are ${authInfo.extra.sub}` }] }));
  return server;
}

const app = createMcpExpressApp({ allowedHosts: [resourceServerUrl.hostname] });
// Says where tokens come from, and which scopes to ask for.
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl, scopesSupported: ['notes'] }));
const bearer = requireBearerAuth({ verifier: { verifyAccessToken }, requiredScopes: ['notes'], resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resourceServerUrl) });
app.post(resourceServerUrl.pathname, bearer, async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await notes().connect(transport);
  await transport.handleRequest(request, response, request.body);
});

app.listen(PORT, '127.0.0.1');

// npm install express jose
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { LATCHKEY_URL, APP_URL, PORT = 4000 } = process.env;
const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', LATCHKEY_URL));
const posts = [];

const app = express();
app.use(express.json());

app.get('/posts', authenticateToken, (request, response) => {
  response.json(posts.filter(({ owner }) => owner === request.user.sub));
});

app.post('/posts', authenticateToken, (request, response) => {
  posts.push({ owner: request.user.sub, title: request.body.title });
  response.sendStatus(201);
});

async function authenticateToken(request, response, next) {
  try {
    const token = request.headers.authorization?.split(' ')[1] ?? '';
    const { payload } = await jwtVerify(token, keys, { issuer: LATCHKEY_URL, audience: APP_URL, typ: 'at+jwt', requiredClaims: ['sub', 'exp'] });
    request.user = payload;
    next();
  } catch {
    response.set('WWW-Authenticate', 'Bearer error="invalid_token"').sendStatus(401);
  }
}

app.listen(PORT, '127.0.0.1');

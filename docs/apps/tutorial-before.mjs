// npm install bcryptjs express jsonwebtoken
import { randomBytes } from 'node:crypto';
import bcrypt from 'bcryptjs';
import express from 'express';
import jwt from 'jsonwebtoken';

const ACCESS_TOKEN_SECRET = randomBytes(64);
const REFRESH_TOKEN_SECRET = randomBytes(64);
const { PORT = 4000 } = process.env;
const users = [];
let refreshTokens = [];
const posts = [];

const app = express();
app.use(express.json());

app.post('/register', async (request, response) => {
  const { email, password } = request.body;
  users.push({ email, hash: await bcrypt.hash(password, 10) });
  response.sendStatus(201);
});

app.post('/login', async (request, response) => {
  const { email, password } = request.body;
  const user = users.find((user) => user.email === email);
  if (!user || !(await bcrypt.compare(password, user.hash))) return response.sendStatus(401);
  const refreshToken = jwt.sign({ email }, REFRESH_TOKEN_SECRET);
  refreshTokens.push(refreshToken);
  response.json({ accessToken: generateAccessToken(email), refreshToken });
});

app.post('/token', (request, response) => {
  const { token } = request.body;
  if (!refreshTokens.includes(token)) return response.sendStatus(403);
  jwt.verify(token, REFRESH_TOKEN_SECRET, (error, user) => {
    if (error) return response.sendStatus(403);
    response.json({ accessToken: generateAccessToken(user.email) });
  });
});

app.delete('/logout', (request, response) => {
  refreshTokens = refreshTokens.filter((token) => token !== request.body.token);
  response.sendStatus(204);
});

app.get('/posts', authenticateToken, (request, response) => {
  response.json(posts.filter(({ owner }) => owner === request.user.email));
});

app.post('/posts', authenticateToken, (request, response) => {
  posts.push({ owner: request.user.email, title: request.body.title });
  response.sendStatus(201);
});

function generateAccessToken(email) {
  return jwt.sign({ email }, ACCESS_TOKEN_SECRET, { expiresIn: '15m' });
}

function authenticateToken(request, response, next) {
  const token = request.headers.authorization?.split(' ')[1];
  if (!token) return response.sendStatus(401);
  jwt.verify(token, ACCESS_TOKEN_SECRET, (error, user) => {
    if (error) return response.sendStatus(403);
    request.user = user;
    next();
  });
}

app.listen(PORT, '127.0.0.1');

// The yardstick: what the common Express tutorial builds. One process, better-sqlite3, bcrypt with cost 10, an access token of
// 15 minutes, and a refresh token in a cookie that is replaced at every refresh.
const express = require('express');
const cookies = require('cookie-parser');
const jwt = require('jsonwebtoken');
const bcrypt = require('bcrypt');
const { createSecretKey, randomUUID } = require('node:crypto');
const Database = require('better-sqlite3');

const [, , port, file] = process.argv;
// Kinder than the tutorial: with a secret that is a string, jsonwebtoken spends half a millisecond on finding out whether it is
// a public key.
const ACCESS = createSecretKey('an access secret of the tutorial', 'utf8');
const REFRESH = createSecretKey('a refresh secret of the tutorial', 'utf8');

const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE, name TEXT, hash TEXT, role TEXT);
         CREATE TABLE tokens (id TEXT PRIMARY KEY, user_id TEXT, token TEXT)`);
const addUser = db.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?)');
const byEmail = db.prepare('SELECT * FROM users WHERE email = ?');
const byId = db.prepare('SELECT * FROM users WHERE id = ?');
const addToken = db.prepare('INSERT INTO tokens VALUES (?, ?, ?)');
const tokenById = db.prepare('SELECT * FROM tokens WHERE id = ?');
const replaceToken = db.prepare('UPDATE tokens SET token = ? WHERE id = ? AND token = ?');

const access = (user) => jwt.sign({ sub: user.id, name: user.name, email: user.email, role: user.role }, ACCESS, { expiresIn: '15m' });
const refresh = (user, id) => jwt.sign({ sub: user.id, jti: randomUUID(), sid: id }, REFRESH, { expiresIn: '7d' });

function start(res, user) {
  const id = randomUUID();
  const token = refresh(user, id);
  addToken.run(id, user.id, token);
  send(res, user, id, token);
}

function send(res, user, id, token) {
  res.cookie('jwt', `${id}~${token}`, { httpOnly: true, secure: true, sameSite: 'lax', maxAge: 7 * 86_400_000 });
  res.json({ access_token: access(user) });
}

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(cookies());

app.post('/register', async (req, res) => {
  const { email, display_name, password } = req.body;
  const user = { id: randomUUID(), email, name: display_name, role: 'member' };
  addUser.run(user.id, email, display_name, await bcrypt.hash(password, 10), user.role);
  start(res, user);
});

app.post('/login', async (req, res) => {
  const user = byEmail.get(req.body.email);
  if (!user || !(await bcrypt.compare(req.body.password, user.hash))) return res.sendStatus(401);
  start(res, user);
});

app.post('/refresh', (req, res) => {
  const [id, token] = (req.cookies.jwt ?? '').split('~');
  const stored = tokenById.get(id);
  if (!stored || stored.token !== token) return res.sendStatus(401);
  const claims = jwt.verify(token, REFRESH);
  const user = byId.get(claims.sub);
  const next = refresh(user, id);
  replaceToken.run(next, id, token);
  send(res, user, id, next);
});

function bearer(req, res, next) {
  try {
    req.user = jwt.verify((req.headers.authorization ?? '').slice(7), ACCESS);
    next();
  } catch {
    res.sendStatus(403);
  }
}

app.get('/userinfo', bearer, (req, res) => res.json({ sub: req.user.sub, name: req.user.name, email: req.user.email, roles: [req.user.role] }));
app.post('/me', bearer, (req, res) => res.json(byId.get(req.user.sub)));

// A page of about the same length as the dashboard, for whoever the cookie names.
app.get('/dashboard', (req, res) => {
  const [id, token] = (req.cookies.jwt ?? '').split('~');
  const stored = tokenById.get(id);
  if (!stored || stored.token !== token) return res.redirect('/login');
  const user = byId.get(jwt.verify(token, REFRESH).sub);
  res.send(page(`Hello, ${user.name}`));
});

app.get('/login', (_, res) => res.send(page('Sign in')));

function page(title) {
  const item = (n) => `<li><a href="/item/${n}">Something that you can do here, number ${n}</a></li>`;
  const items = Array.from({ length: 24 }, (_, n) => item(n)).join('\n');
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1><ul>${items}</ul></body></html>`;
}

app.listen(Number(port), '127.0.0.1', () => console.log('ready'));

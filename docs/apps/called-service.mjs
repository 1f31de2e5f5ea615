// npm install express jose
import express from 'express';
import { verify } from './verify.mjs';

const { PORT = 4000 } = process.env;
const app = express();

app.use(async (request, response, next) => {
  try {
    request.caller = await verify((request.headers.authorization ?? '').replace('Bearer ', ''));
    next();
  } catch {
    response.set('WWW-Authenticate', 'Bearer error="invalid_token"').sendStatus(401);
  }
});

app.get('/items', ({ caller }, response) => {
  response.send(`For ${caller.client_id}: nails, screws`);
});

app.listen(PORT, '127.0.0.1');

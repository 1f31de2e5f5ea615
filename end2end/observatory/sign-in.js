// Signs in over https and prints the session's cookie.
//   node sign-in.js URL EMAIL PASSWORD
const [url, email, password] = process.argv.slice(2);
const response = await fetch(`${url}/api/auth/login`, { method: 'POST', body: new URLSearchParams({ email, password }) });
const cookie = response.headers.getSetCookie().find((cookie) => cookie.startsWith('__Host-latchkey='));
if (!cookie) throw new Error(`${response.status} ${await response.text()}`);
console.log(cookie.split(';')[0]);

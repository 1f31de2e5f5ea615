// npm install oidc-client-ts
import { UserManager } from 'oidc-client-ts';

const users = new UserManager({
  authority: import.meta.env.VITE_LATCHKEY_URL,
  client_id: import.meta.env.VITE_CLIENT_ID,
  redirect_uri: `${location.origin}/callback`,
  post_logout_redirect_uri: `${location.origin}/`,
  scope: 'openid profile email',
});

// A minute before the access token expires, the library gets a new one.
users.events.addUserLoaded(show);
users.events.addUserUnloaded(() => show(null));
// The session has ended in Latchkey. A lost connection is no such error.
users.events.addSilentRenewError((error) => error.name === 'ErrorResponse' && users.removeUser());

document.querySelector('#sign-in').onclick = () => users.signinRedirect();
// Signs out here and in Latchkey, which then tells the other apps.
document.querySelector('#sign-out').onclick = () => users.signoutRedirect();

function show(user) {
  document.querySelector('#who').textContent = user ? `Hello, ${user.profile.email}` : 'Nobody is signed in';
  document.querySelector('#sign-in').hidden = Boolean(user);
  document.querySelector('#sign-out').hidden = !user;
}

if (location.pathname === '/callback') {
  await users.signinCallback();
  history.replaceState(null, '', '/');
}
show(await users.getUser());

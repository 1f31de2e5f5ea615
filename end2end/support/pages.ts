import type { Subjects } from './server.ts';

/** A page with its title and its heading. A new page is added here and is then looked at by every test of all pages. */
export interface PageInfo {
  path: string;
  title: string;
  heading: string;
}

export const PUBLIC_PAGES: PageInfo[] = [
  { path: '/', title: 'Latchkey', heading: 'One key for all your services' },
  { path: '/login', title: 'Sign in · Latchkey', heading: 'Sign in' },
  { path: '/register', title: 'Create an account · Latchkey', heading: 'Create an account' },
  { path: '/login/second-step', title: 'Confirm that it is you · Latchkey', heading: 'Confirm that it is you' },
  { path: '/login/email', title: 'Sign in by mail · Latchkey', heading: 'Sign in by mail' },
  { path: '/login/link', title: 'Sign in by mail · Latchkey', heading: 'Sign in by mail' },
  { path: '/setup', title: 'Set up Latchkey · Latchkey', heading: 'Set up Latchkey' },
  { path: '/invitation', title: 'Your invitation · Latchkey', heading: 'Your invitation' },
  { path: '/reset', title: 'Reset your password · Latchkey', heading: 'Reset your password' },
  { path: '/forgot', title: 'Forgot your password? · Latchkey', heading: 'Forgot your password?' },
  { path: '/register/finish', title: 'Finish signing up · Latchkey', heading: 'Finish signing up' },
  { path: '/confirm-email', title: 'Confirm your email address · Latchkey', heading: 'Confirm your email address' },
  { path: '/restore-email', title: 'Put your email address back · Latchkey', heading: 'Put your email address back' },
];

/** For someone whose name is Ada Lovelace. */
export const MEMBER_PAGES: PageInfo[] = [
  { path: '/dashboard', title: 'Dashboard · Latchkey', heading: 'Hello, Ada Lovelace' },
  { path: '/account', title: 'Your account · Latchkey', heading: 'Your account' },
  { path: '/account/password', title: 'Change your password · Latchkey', heading: 'Change your password' },
  { path: '/account/security', title: 'Security · Latchkey', heading: 'Security' },
  { path: '/account/sessions', title: 'Your sessions · Latchkey', heading: 'Your sessions' },
  { path: '/account/apps', title: 'Your apps · Latchkey', heading: 'Your apps' },
  { path: '/device', title: 'Connect a device · Latchkey', heading: 'Connect a device' },
  { path: '/notices', title: 'Notices · Latchkey', heading: 'Notices' },
];

/** A page for those who hold a role. What begins with a colon in its path stands for one of the subjects. */
export interface RolePageInfo extends PageInfo {
  role: 'editor' | 'admin';
}

export const ROLE_PAGES: RolePageInfo[] = [
  { role: 'editor', path: '/notices/edit', title: 'Write a notice · Latchkey', heading: 'Write a notice' },
  { role: 'admin', path: '/admin/users', title: 'Accounts · Latchkey', heading: 'Accounts' },
  { role: 'admin', path: '/admin/users/:user', title: 'Account · Latchkey', heading: 'Account' },
  { role: 'admin', path: '/admin/groups', title: 'Groups · Latchkey', heading: 'Groups' },
  { role: 'admin', path: '/admin/groups/:group', title: 'Group · Latchkey', heading: 'Group' },
  { role: 'admin', path: '/admin/clients', title: 'Clients · Latchkey', heading: 'Clients' },
  { role: 'admin', path: '/admin/clients/:client', title: 'Client · Latchkey', heading: 'Client' },
  { role: 'admin', path: '/admin/providers', title: 'Providers · Latchkey', heading: 'Providers' },
  { role: 'admin', path: '/admin/providers/:provider', title: 'Provider · Latchkey', heading: 'Provider' },
  { role: 'admin', path: '/admin/audit', title: 'Audit log · Latchkey', heading: 'Audit log' },
  { role: 'admin', path: '/admin/keys', title: 'Signing keys · Latchkey', heading: 'Signing keys' },
];

/** The path of a page about these. */
export function about({ user, client, group, provider }: Subjects, path: string): string {
  return path.replace(':user', user).replace(':client', client).replace(':group', group).replace(':provider', provider);
}

export const FORBIDDEN = { title: 'Not allowed · Latchkey', heading: 'Not allowed' };

export const NOT_FOUND: PageInfo = { path: '/nowhere', title: 'Page not found · Latchkey', heading: 'Page not found' };

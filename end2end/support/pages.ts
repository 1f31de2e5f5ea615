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
  { path: '/setup', title: 'Set up Latchkey · Latchkey', heading: 'Set up Latchkey' },
];

/** For someone whose name is Ada Lovelace. */
export const MEMBER_PAGES: PageInfo[] = [
  { path: '/dashboard', title: 'Dashboard · Latchkey', heading: 'Hello, Ada Lovelace' },
  { path: '/account', title: 'Your account · Latchkey', heading: 'Your account' },
];

/** For administrators. */
export const ADMIN_PAGES: PageInfo[] = [{ path: '/admin/keys', title: 'Signing keys · Latchkey', heading: 'Signing keys' }];

export const FORBIDDEN = { title: 'Not allowed · Latchkey', heading: 'Not allowed' };

export const NOT_FOUND: PageInfo = { path: '/nowhere', title: 'Page not found · Latchkey', heading: 'Page not found' };

import { expect, fill, fillSignIn, isAt, press, reload, signUp, somebody, test, visit, type Page } from '../support/fixtures.ts';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test('a wrong password is said in an alert, and the email address stays in its field', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  const ada = somebody();
  server.addUser(ada);
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  await visit(page, '/login');
  await fillSignIn(page, { ...ada, password: 'not this one' });
  await press(page, 'Sign in');
  const alert = page.getByRole('alert');
  await expect(alert).toHaveText('Email or password is not right.');
  await expect(page).toHaveTitle('Error: Sign in · Latchkey');
  await expect(field(page, 'Email')).toHaveValue(ada.email);
  if (javaScriptEnabled) await expect(alert).toBeFocused();
  else await expect(field(page, 'Password')).toHaveValue('');
  await expect(page).toHaveURL('/login');
});

test('an unknown address and a wrong password look the same', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  const known = somebody();
  server.addUser(known);
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  const seen: string[] = [];
  for (const { email } of [known, somebody()]) {
    await visit(page, '/login');
    await fill(page, { email, password: 'not this one' });
    await press(page, 'Sign in');
    await expect(page.getByRole('alert')).toBeVisible();
    seen.push((await page.getByRole('main').innerText()).replaceAll(email, ''));
  }
  expect(seen[0]).toBe(seen[1]);
});

test('a taken email address is named at its field, and what was typed is kept', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  const ada = somebody();
  server.addUser(ada);
  if (javaScriptEnabled) expectConsole(/status of 409.*\/api\/auth\/register/);
  await visit(page, '/register');
  await fill(page, { ...ada, name: 'Ada the Second' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert').getByRole('listitem')).toHaveText('Email: There is an account with this email address already.');
  await expect(field(page, 'Email')).toHaveAccessibleDescription(/There is an account with this email address already\./);
  await expect(field(page, 'Email')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Password')).not.toHaveAttribute('aria-invalid');
  await expect(field(page, 'Email')).toHaveValue(ada.email);
  await expect(field(page, 'Display name')).toHaveValue('Ada the Second');
  if (!javaScriptEnabled) await expect(field(page, 'Password')).toHaveValue('');
  await expect(page).toHaveURL('/register');
});

test('the alert leads to the field that needs attention', async ({ page, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 422.*\/api\/auth\/register/);
  await visit(page, '/register');
  await fill(page, { ...somebody(), password: 'short' });
  await press(page, 'Create account');
  await page.getByRole('alert').getByRole('link', { name: 'Password' }).click();
  await expect(field(page, 'Password')).toBeFocused();
  await expect(field(page, 'Password')).toHaveAccessibleDescription(/Use at least 8 characters\./);
});

test('several fields that need attention are named together', async ({ page, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 422.*\/api\/auth\/register/);
  await visit(page, '/register');
  await fill(page, { email: 'ada@example.org', name: ' ', password: 'short' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert')).toContainText('Some fields need your attention.');
  const named = await page.getByRole('alert').getByRole('link').allInnerTexts();
  expect(named).toEqual(expect.arrayContaining(['Display name', 'Password']));
});

test('after an error the next attempt works', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  const ada = somebody();
  server.addUser(ada);
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  await visit(page, '/login');
  await fillSignIn(page, { ...ada, password: 'not this one' });
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  await fill(page, { password: ada.password });
  await press(page, 'Sign in');
  await expect(page).toHaveURL(isAt('/dashboard'));
  await expect(page).toHaveTitle('Dashboard · Latchkey');
});

test('an error is shown once', async ({ page, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  await visit(page, '/login');
  await fillSignIn(page, somebody());
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  await visit(page, '/register');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await visit(page, '/login');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await reload(page);
  await expect(field(page, 'Email')).toHaveValue('');
});

test('the address bar never holds an error or what was typed', async ({ page, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of (401|422).*\/api\/auth\//);
  const ada = somebody();
  const addresses: string[] = [];
  page.on('framenavigated', (frame) => addresses.push(frame.url()));
  await visit(page, '/login');
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  await visit(page, '/register');
  await fill(page, { ...ada, password: 'short' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert')).toBeVisible();
  await signUp(page, ada);
  expect(addresses.length).toBeGreaterThanOrEqual(3);
  expect(addresses.filter((address) => /err|somebody|example|Ada|password/i.test(address))).toEqual([]);
});

test('a name is shown as it was typed and never as HTML', async ({ page }) => {
  await signUp(page, somebody('<img src=x onerror=alert(1)> "Ada" & Éva </script>'));
  await visit(page, '/account');
  await expect(page.getByText('Member since')).toBeVisible();
  await expect(page.getByRole('img')).toHaveCount(0);
});

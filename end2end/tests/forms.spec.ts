import { expect, expectDashboard, fill, fillSignIn, greeting, heading, newAccount, press, reload, signUp, test, visit, type Page } from '../support/fixtures.ts';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test('a wrong password is reported like an unknown address, and the next attempt works', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const ada = newAccount();
  server.addUser(ada);
  const seen: string[] = [];
  for (const { email } of [newAccount(), ada]) {
    await visit(page, '/login');
    await fill(page, { email, password: 'not this one' });
    await press(page, 'Sign in');
    const alert = page.getByRole('alert');
    await expect(alert).toHaveText('The email or password is incorrect.');
    await expect(alert).toBeFocused();
    await expect(page).toHaveTitle('Error: Sign in · Latchkey');
    await expect(field(page, 'Email')).toHaveValue(email);
    await expect(page).toHaveURL('/login');
    seen.push((await page.getByRole('main').innerText()).replaceAll(email, ''));
  }
  expect(seen[0]).toBe(seen[1]);
  await fill(page, { password: ada.password });
  await press(page, 'Sign in');
  await expectDashboard(page, ada);
  await expect(page).toHaveTitle('Dashboard · Latchkey');
});

test('a taken email address is reported at its field, and what was typed is kept', async ({ page, server, expectConsole }) => {
  const ada = newAccount();
  server.addUser(ada);
  expectConsole(/status of 409.*\/api\/auth\/register/);
  await visit(page, '/register');
  await fill(page, { ...ada, name: 'Ada the Second' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert').getByRole('listitem')).toHaveText('Email: There is already an account with this email address.');
  await expect(field(page, 'Email')).toHaveAccessibleDescription(/There is already an account with this email address\./);
  await expect(field(page, 'Email')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Password')).not.toHaveAttribute('aria-invalid');
  await expect(field(page, 'Email')).toHaveValue(ada.email);
  await expect(field(page, 'Display name')).toHaveValue('Ada the Second');
  await expect(page).toHaveURL('/register');
});

test('the alert names all fields that need attention, and leads to each', async ({ page, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/auth\/register/);
  await visit(page, '/register');
  await fill(page, { email: 'ada@example.org', name: ' ', password: 'short' });
  await press(page, 'Create account');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Check the fields below.');
  await expect(alert.getByRole('link')).toHaveText(['Display name', 'Password']);
  await alert.getByRole('link', { name: 'Password' }).click();
  await expect(field(page, 'Password')).toBeFocused();
  await expect(field(page, 'Password')).toHaveAccessibleDescription(/Use at least 8 characters\./);
});

test('an error is shown once, and the address bar never holds it or what was typed', async ({ page, expectConsole }) => {
  expectConsole(/status of (401|422).*\/api\/auth\//);
  const ada = newAccount();
  const addresses: string[] = [];
  page.on('framenavigated', (frame) => addresses.push(frame.url()));
  await visit(page, '/login');
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  await visit(page, '/register');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await fill(page, { ...ada, password: 'short' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert')).toBeVisible();
  await visit(page, '/login');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await reload(page);
  await expect(field(page, 'Email')).toHaveValue('');
  await signUp(page, ada);
  expect(addresses.length).toBeGreaterThanOrEqual(4);
  expect(addresses.filter((address) => /err|account-|example|Ada|password/i.test(address))).toEqual([]);
});

test('a name is shown as it was typed and never as HTML', async ({ page }) => {
  const ada = newAccount('<img src=x onerror=alert(1)> "Ada" & Éva </script>');
  await signUp(page, ada);
  await reload(page);
  await expect(greeting(page, ada.name)).toBeVisible();
  await visit(page, '/account');
  await expect(heading(page)).toHaveText('Your account');
  await expect(field(page, 'Display name')).toHaveValue(ada.name);
  await expect(page.getByRole('img')).toHaveCount(0);
});

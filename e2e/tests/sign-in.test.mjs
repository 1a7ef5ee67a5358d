// The door: links that work once, keys that are pasted, keys that are revoked.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibilityFaults, assertQuiet, launch, openPage, signIn } from '../lib/browser.mjs';
import { Holt } from '../lib/holt.mjs';

let holt;
let browser;

before(async () => {
	[holt, browser] = await Promise.all([Holt.start(), launch()]);
});
after(async () => {
	await browser?.close();
	await holt?.end();
});

const REFUSED = /status of 401/;

test('without a key there is a quiet page that says how to get in', async () => {
	const { page, context, troubles } = await openPage(browser);
	await page.goto(holt.url);
	await page.getByText('holt open').waitFor();
	assert.deepEqual(await accessibilityFaults(page), []);
	assertQuiet(troubles);
	await context.close();
});

test('a link works once', async () => {
	const link = await holt.link();
	const first = await openPage(browser);
	await first.page.goto(link);
	await first.page.getByRole('textbox', { name: 'Prompt' }).waitFor();
	assertQuiet(first.troubles);

	const second = await openPage(browser);
	await second.page.goto(link);
	await second.page.getByRole('alert').waitFor();
	assert.equal(new URL(second.page.url()).hash, '', 'the code has left the address bar all the same');
	assertQuiet(second.troubles, [/status of 4\d\d/]);
	await Promise.all([first.context.close(), second.context.close()]);
});

test('a key can be pasted, and a wrong one says so', async () => {
	const { page, context, troubles } = await openPage(browser);
	const { key } = await holt.api('POST', '/v2/keys', { name: 'pasted', scopes: ['view', 'operate'] });
	await page.goto(holt.url);
	await page.getByLabel('Or paste a key').fill('holt_nothing');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByText('Holt does not know this key.').waitFor();
	await page.getByLabel('Or paste a key').fill(key);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
	// The key stays over a reload, and stands in no address.
	await page.reload();
	await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
	assert.ok(!page.url().includes(key));
	assertQuiet(troubles, [REFUSED]);
	await context.close();
});

test('a revoked key leads back to the door, with a word', async () => {
	const { page, context, troubles } = await openPage(browser);
	const { key, record } = await holt.api('POST', '/v2/keys', { name: 'short-lived', scopes: ['admin'] });
	await page.goto(holt.url);
	await page.getByLabel('Or paste a key').fill(key);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
	await holt.api('DELETE', `/v2/keys/${record.id}`);
	await page.getByText('Your key is no longer valid').waitFor();
	assert.equal(await page.evaluate(() => localStorage.getItem('holt.key')), null);
	assertQuiet(troubles, [REFUSED, /WebSocket/]);
	await context.close();
});

test('signing out revokes the key that the link made', async () => {
	const { page, context, troubles } = await openPage(browser);
	const alive = async () => (await holt.api('GET', '/v2/keys')).items.filter(({ revoked_at }) => !revoked_at).length;
	const before = await alive();
	await signIn(page, holt);
	assert.equal(await alive(), before + 1);
	await page.getByRole('link', { name: 'Settings' }).click();
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.getByText('holt open').waitFor();
	assert.equal(await alive(), before);
	assertQuiet(troubles, [REFUSED]);
	await context.close();
});

test('a key that is made is shown once, and can be revoked', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	await page.getByRole('link', { name: 'Settings' }).click();
	await page.getByLabel('A new key, for').fill('build server');
	await page.getByRole('checkbox', { name: /approve/ }).uncheck();
	await page.getByRole('button', { name: 'Make the key' }).click();
	const key = await page.locator('.made code').textContent();
	const answer = await fetch(`${holt.url}/v2/me`, { headers: { Authorization: `Bearer ${key}` } });
	assert.deepEqual((await answer.json()).scopes, ['view', 'operate']);
	await page.getByRole('button', { name: 'I have it' }).click();
	assert.ok(!(await page.content()).includes(key));
	await page.getByRole('button', { name: 'Revoke build server…' }).click();
	await page.getByRole('button', { name: 'Revoke build server', exact: true }).click();
	await page.getByText('build server', { exact: true }).waitFor({ state: 'detached' });
	const refused = await fetch(`${holt.url}/v2/me`, { headers: { Authorization: `Bearer ${key}` } });
	assert.equal(refused.status, 401);
	assertQuiet(troubles);
	await context.close();
});

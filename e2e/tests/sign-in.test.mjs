// The door: links that work once, keys that are pasted, keys that are revoked.

import assert from 'node:assert/strict';
import { accessibilityFaults } from '../lib/browser.mjs';
import { scene } from '../lib/scene.mjs';

const { holt, story } = scene();

const REFUSED = /status of 401/;

async function pastes(page, key) {
	await page.getByLabel('Or paste a key').fill(key);
	await page.getByRole('button', { name: 'Sign in' }).click();
}

story('without a key there is a quiet page that says how to get in', { atTheDoor: true }, async ({ page }) => {
	await page.goto(holt.url);
	await page.getByText('holt open').waitFor();
	assert.deepEqual(await accessibilityFaults(page), []);
});

story('a link works once', { atTheDoor: true }, async (first, another) => {
	const link = await holt.link();
	await first.page.goto(link);
	await first.prompt.waitFor();

	const second = await another();
	await second.page.goto(link);
	await second.page.getByRole('alert').waitFor();
	assert.equal(new URL(second.page.url()).hash, '', 'the code has left the address bar all the same');
	second.expects(/status of 4\d\d/);
});

story('a key can be pasted, and a wrong one says so', { atTheDoor: true }, async (person) => {
	const { page } = person;
	const { key } = await holt.api('POST', '/v2/keys', { name: 'pasted', scopes: ['view', 'operate'] });
	await page.goto(holt.url);
	await pastes(page, 'holt_nothing');
	await page.getByText('Holt does not know this key.').waitFor();
	person.expects(REFUSED);
	await pastes(page, key);
	await person.prompt.waitFor();
	// The key stays over a reload, and stands in no address.
	await page.reload();
	await person.prompt.waitFor();
	assert.ok(!page.url().includes(key));
});

story('a revoked key leads back to the door, with a word', { atTheDoor: true }, async (person) => {
	const { page } = person;
	const { key, record } = await holt.api('POST', '/v2/keys', { name: 'short-lived', scopes: ['admin'] });
	await page.goto(holt.url);
	await pastes(page, key);
	await person.prompt.waitFor();
	await holt.api('DELETE', `/v2/keys/${record.id}`);
	await page.getByText('Your key is no longer valid').waitFor();
	assert.equal(await page.evaluate(() => localStorage.getItem('holt.key')), null);
	person.expects(REFUSED, /WebSocket/);
});

story('signing out revokes the key that the link made', { atTheDoor: true }, async (person) => {
	const { page } = person;
	const alive = async () => (await holt.api('GET', '/v2/keys')).items.filter(({ revoked_at }) => !revoked_at).length;
	const before = await alive();
	await person.signsIn();
	assert.equal(await alive(), before + 1);
	await page.getByRole('link', { name: 'Settings' }).click();
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.getByText('holt open').waitFor();
	assert.equal(await alive(), before);
	person.expects(REFUSED);
});

story('a key that is made is shown once, and can be revoked', async ({ page }) => {
	await page.getByRole('link', { name: 'Settings' }).click();
	await page.getByLabel('A new key, for').fill('build server');
	await page.getByRole('checkbox', { name: /approve/ }).uncheck();
	await page.getByRole('button', { name: 'Make the key' }).click();
	const key = await page.locator('.made code').textContent();
	const asked = () => fetch(`${holt.url}/v2/me`, { headers: { Authorization: `Bearer ${key}` } });
	assert.deepEqual((await (await asked()).json()).scopes, ['view', 'operate']);
	await page.getByRole('button', { name: 'I have it' }).click();
	assert.ok(!(await page.content()).includes(key));
	await page.getByRole('button', { name: 'Revoke build server…' }).click();
	await page.getByRole('button', { name: 'Revoke build server', exact: true }).click();
	await page.getByText('build server', { exact: true }).waitFor({ state: 'detached' });
	assert.equal((await asked()).status, 401);
});

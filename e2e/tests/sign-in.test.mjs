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
	const { key } = await holt.api('POST', '/v2/keys', {
		name: 'pasted',
		scopes: ['view', 'operate']
	});
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
	const { key, record } = await holt.api('POST', '/v2/keys', {
		name: 'short-lived',
		scopes: ['admin']
	});
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
	// What comes late to this page has come: a link in it leads to the settings as well.
	await page.getByRole('link', { name: 'add a model' }).waitFor();
	await person.goesTo('Settings');
	const revoked = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
	await person.section('This browser').getByRole('button', { name: 'Sign out' }).click();
	await page.getByText('holt open').waitFor();
	assert.equal((await revoked).status(), 204);
	assert.equal(await alive(), before);
	assert.equal(await page.getByRole('status').count(), 0, 'nothing went wrong that there is a word for');
	// What was asked with the key just before may be answered just after.
	person.expects(REFUSED);
});

story('a key that is made is shown once, and can be revoked', async (person) => {
	const { page } = person;
	await page.getByRole('link', { name: 'add a model' }).waitFor();
	await person.goesTo('Settings');
	const keys = person.section('Keys');
	await keys.getByLabel('A new key, for').fill('build server');
	await keys.getByRole('checkbox', { name: /^approve/ }).uncheck();
	await keys.getByRole('button', { name: 'Make the key' }).click();
	const key = await keys.getByRole('status').getByRole('code').textContent();
	const asked = () =>
		fetch(`${holt.url}/v2/me`, {
			headers: { Authorization: `Bearer ${key}` }
		});
	assert.deepEqual((await (await asked()).json()).scopes, ['view', 'operate']);
	await keys.getByRole('button', { name: 'I have it' }).click();
	await keys.getByRole('status').waitFor({ state: 'detached' });
	assert.ok(!(await page.content()).includes(key));
	await keys.getByRole('button', { name: 'Revoke build server…' }).click();
	await keys.getByRole('button', { name: 'Revoke build server', exact: true }).click();
	await keys.getByText('build server', { exact: true }).waitFor({ state: 'detached' });
	assert.equal((await asked()).status, 401);
});

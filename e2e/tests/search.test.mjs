// Finding a session among more than the list shows at once.

import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';

const { holt, story } = scene(async (holt) => {
	// The oldest ones lie beyond the list's first page of 100.
	for (const name of ['Otter', 'Heron'])
		for (let count = 1; count <= 110; count += 1) await holt.begin({ title: `${name} ${count}` });
});

const rows = (person) => person.page.locator('a[data-session]');
const session = (person, title) => person.list().getByText(title, { exact: true });
const searches = (person, text) => person.page.getByRole('searchbox', { name: 'Search sessions' }).fill(text);

story('what lies beyond the loaded part is found', async (person) => {
	const { page } = person;
	await session(person, 'Heron 110').waitFor();
	assert.equal(await session(person, 'Otter 1').count(), 0, 'it is not loaded');
	await searches(person, 'otter 1');
	await session(person, 'Otter 1').waitFor();
	assert.equal(await rows(person).count(), 22);
	await page.keyboard.press('Escape');
	await session(person, 'Heron 110').waitFor();

	await searches(person, 'nobody is called so');
	await page.getByText('No session has “nobody is called so” in its title.').waitFor();
});

story('what is found is read on in pages', async (person) => {
	const { page } = person;
	await searches(person, 'OTTER');
	await session(person, 'Otter 110').waitFor();
	assert.equal(await rows(person).count(), 100);
	await page.getByRole('button', { name: 'Show older sessions' }).click();
	await session(person, 'Otter 1').waitFor();
	assert.equal(await rows(person).count(), 110);
	await page.getByRole('button', { name: 'Show older sessions' }).waitFor({ state: 'detached' });
});

story('an answer to what was typed before never replaces a later one', async (person) => {
	const { page } = person;
	// The first search is answered only when the second has been.
	let answer;
	await page.route(/[?&]q=otter(&|$)/, async (route) => {
		await new Promise((resolve) => (answer = resolve));
		await route.continue().catch(() => undefined);
	});
	await searches(person, 'otter');
	while (!answer) await page.waitForTimeout(10);
	await searches(person, 'heron 99');
	await session(person, 'Heron 99').waitFor();
	await page.waitForFunction(() => document.querySelectorAll('a[data-session]').length === 1);
	answer();
	await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
	assert.equal(await rows(person).count(), 1);
});

story('what was said is found in every session, and gone to', async (person) => {
	const { page } = person;
	const { id } = await holt.begin({
		title: 'Quiet',
		prompt: { text: 'Explain this workspace to a quagga' }
	});
	await holt.once(id, ({ status }) => status === 'idle');
	// What came in the last moment may not be found yet.
	while ((await holt.api('GET', '/v2/search?q=quagga')).items.length === 0) await page.waitForTimeout(50);
	await searches(person, 'quag');
	const said = person.list().getByRole('region', { name: 'In what was said' });
	const hit = said.getByRole('link', { name: /a prompt in Quiet/ });
	assert.equal(await hit.locator('mark').first().textContent(), 'quag');
	await hit.click();
	await page.waitForURL(/\?at=\d+$/);
	await page.locator('.row.found').getByText('quagga').waitFor();
});

// The first journey: from a prompt to a download, in a real browser against a real server and a real sandbox.

import assert from 'node:assert/strict';
import { watchShifts } from '../lib/browser.mjs';
import { scene } from '../lib/scene.mjs';
import { unzip } from '../lib/zip.mjs';

const { holt, story } = scene();

story('from a prompt to a download', { atTheDoor: true }, async (person) => {
	const { page } = person;
	await watchShifts(page);
	await person.signsIn();
	await page.getByRole('heading', { name: 'What is to be done?' }).waitFor();
	assert.equal(new URL(page.url()).hash, '', 'the code has left the address bar');
	await page.getByText('This is an offline demo model.').waitFor();

	await page.getByRole('button', { name: 'Make a small web page about otters' }).click();
	await page.getByRole('button', { name: 'Begin' }).click();
	await page.waitForURL(/\/app\/sessions\/[0-9a-f-]{36}$/);
	await person.runEnd('Done in').waitFor();
	await page.getByRole('button', { name: /Wrote/ }).first().waitFor();
	await person.state('idle').first().waitFor();

	// The stage shows what was made, and what stands in it is what stands in the workspace.
	await person.file(/index\.html/).click();
	const shown = await page.locator('.body pre').textContent();
	assert.match(shown, /otter/i);
	const ofFile = page.getByRole('button', { name: /^Download .*index\.html/ }).last();
	const file = await person.downloads(() => ofFile.click());
	assert.equal(file.bytes.toString('utf8'), shown);

	await person.shows(/Artifacts/);
	const ofArtifact = page.getByRole('tabpanel').getByRole('button', { name: /^Download/ });
	const artifact = await person.downloads(() => ofArtifact.first().click());
	const { artifacts } = await holt.api('GET', `/v2/sessions/${person.sessionId}`);
	assert.equal(artifact.name, artifacts.at(-1).name);
	assert.equal(artifact.bytes.length, artifacts.at(-1).size);

	const ofEverything = page.getByRole('button', { name: 'Download everything as a zip' });
	const files = unzip((await person.downloads(() => ofEverything.click())).bytes);
	const inZip = [...files].find(([name]) => name.endsWith('index.html'))?.[1];
	assert.equal(inZip?.toString('utf8'), shown);

	const shifts = await page.evaluate(() => window.shifts);
	const moved = shifts.reduce((sum, { value }) => sum + value, 0);
	assert.ok(moved < 0.1, `the layout moved by ${moved}: ${JSON.stringify(shifts)}`);
});

story('files go up with a prompt, and into the workspace by dropping', async (person) => {
	const { page } = person;
	const words = 'river otter, sea otter\n';
	const attachment = { name: 'species.txt', mimeType: 'text/plain', buffer: Buffer.from(words) };
	await page.locator('form input[type=file]').setInputFiles(attachment);
	await page.getByRole('list', { name: 'Attached files' }).getByText('species.txt').waitFor();
	await person.begins('Explain this workspace');
	await person.promptSaying('species.txt').waitFor();
	await person.runEnd().waitFor();
	await person.file(/species\.txt/).click();
	assert.equal(await page.locator('.body pre').textContent(), words);
	await page.getByRole('button', { name: 'Back to the files' }).click();

	const dataTransfer = await page.evaluateHandle(() => {
		const data = new DataTransfer();
		data.items.add(new File(['dropped'], 'species.txt', { type: 'text/plain' }));
		return data;
	});
	for (const type of ['dragenter', 'dragover', 'drop']) {
		await page.locator('.files').dispatchEvent(type, { dataTransfer });
	}
	// It takes nothing's place.
	await person.file(/species 2\.txt/).waitFor();
});

story('what is deleted can be had back for a while', async (person) => {
	const { page } = person;
	const { id } = await holt.begin({ title: 'Kept after all' });
	const gone = await holt.begin({ title: 'Not kept' });
	await page.getByRole('link', { name: /Kept after all/ }).click();
	await person.chooses('Delete');
	await page.getByRole('button', { name: /Undo/ }).click();
	await page.getByRole('link', { name: /Kept after all/ }).waitFor();
	assert.equal((await holt.api('GET', `/v2/sessions/${id}`)).title, 'Kept after all');

	await page.getByRole('link', { name: /Not kept/ }).click();
	await page.getByRole('heading', { name: 'Not kept' }).waitFor();
	await person.chooses('Delete');
	await page.getByRole('link', { name: /Not kept/ }).waitFor({ state: 'detached' });
	// Leaving the page does not wait for the ten seconds.
	await page.goto('about:blank');
	for (;;) {
		const { items } = await holt.api('GET', '/v2/sessions');
		if (!items.some((item) => item.id === gone.id)) break;
	}
});

story('a title is changed where it stands', async ({ page }) => {
	const { id } = await holt.begin({ title: 'Before' });
	await page.getByRole('link', { name: /Before/ }).click();
	await page.getByRole('heading', { name: 'Before' }).getByRole('button').click();
	await page.getByLabel('Title').fill('After');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'After' }).waitFor();
	await page.getByRole('link', { name: /After/ }).waitFor();
	assert.equal((await holt.api('GET', `/v2/sessions/${id}`)).title, 'After');
});

// The first journey: from a prompt to a download, in a real browser against a real server and a real sandbox.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { assertQuiet, launch, openPage, watchShifts, signIn } from '../lib/browser.mjs';
import { Holt } from '../lib/holt.mjs';
import { unzip } from '../lib/zip.mjs';

let holt;
let browser;

before(async () => {
	[holt, browser] = await Promise.all([Holt.start(), launch()]);
});
after(async () => {
	await browser?.close();
	await holt?.end();
});

async function downloaded(page, act) {
	const [download] = await Promise.all([page.waitForEvent('download'), act()]);
	return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

test('from a prompt to a download', async () => {
	const { page, context, troubles } = await openPage(browser);
	await watchShifts(page);
	await signIn(page, holt);
	await page.getByRole('heading', { name: 'What is to be done?' }).waitFor();
	assert.equal(new URL(page.url()).hash, '', 'the code has left the address bar');
	await page.getByText('This is an offline demo model.').waitFor();

	await page.getByRole('button', { name: 'Make a small web page about otters' }).click();
	await page.getByRole('button', { name: 'Begin' }).click();
	await page.waitForURL(/\/app\/sessions\/[0-9a-f-]{36}$/);
	const session = new URL(page.url()).pathname.split('/').at(-1);

	await page.locator('.row.run-end', { hasText: 'Done in' }).waitFor();
	await page.getByRole('button', { name: /Wrote/ }).first().waitFor();
	await page.getByRole('banner').or(page.locator('header')).getByText('idle').first().waitFor();

	// The stage shows what was made, and what stands in it is what stands in the workspace.
	const page_ = page.locator('.files').getByRole('button', { name: /index\.html/ });
	await page_.click();
	const shown = await page.locator('.body pre').textContent();
	assert.match(shown, /otter/i);

	const file = await downloaded(page, () =>
		page
			.getByRole('button', { name: /^Download .*index\.html/ })
			.last()
			.click()
	);
	assert.equal(file.bytes.toString('utf8'), shown);

	await page.getByRole('tab', { name: /Artifacts/ }).click();
	const artifact = await downloaded(page, () =>
		page
			.getByRole('tabpanel')
			.getByRole('button', { name: /^Download/ })
			.first()
			.click()
	);
	const { artifacts } = await holt.api('GET', `/v2/sessions/${session}`);
	assert.equal(artifact.name, artifacts.at(-1).name);
	assert.equal(artifact.bytes.length, artifacts.at(-1).size);

	const zip = await downloaded(page, () => page.getByRole('button', { name: 'Download everything as a zip' }).click());
	const files = unzip(zip.bytes);
	const inZip = [...files].find(([name]) => name.endsWith('index.html'))?.[1];
	assert.equal(inZip?.toString('utf8'), shown);

	const shifts = await page.evaluate(() => window.shifts);
	const moved = shifts.reduce((sum, { value }) => sum + value, 0);
	assert.ok(moved < 0.1, `the layout moved by ${moved}: ${JSON.stringify(shifts)}`);
	assertQuiet(troubles);
	await context.close();
});

test('files go up with a prompt, and into the workspace by dropping', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	const words = 'river otter, sea otter\n';
	await page
		.locator('form input[type=file]')
		.setInputFiles({ name: 'species.txt', mimeType: 'text/plain', buffer: Buffer.from(words) });
	await page.getByRole('list', { name: 'Attached files' }).getByText('species.txt').waitFor();
	await page.getByRole('textbox', { name: 'Prompt' }).fill('Explain this workspace');
	await page.keyboard.press('Enter');
	await page
		.getByRole('article', { name: /Prompt of/ })
		.getByText('species.txt')
		.waitFor();
	await page.locator('.row.run-end').waitFor();
	await page
		.locator('.files')
		.getByRole('button', { name: /species\.txt/ })
		.click();
	assert.equal(await page.locator('.body pre').textContent(), words);
	await page.getByRole('button', { name: 'Back to the files' }).click();

	const dropped = await page.evaluateHandle(() => {
		const data = new DataTransfer();
		data.items.add(new File(['dropped'], 'species.txt', { type: 'text/plain' }));
		return data;
	});
	for (const type of ['dragenter', 'dragover', 'drop']) {
		await page.locator('.files').dispatchEvent(type, { dataTransfer: dropped });
	}
	// It takes nothing's place.
	await page
		.locator('.files')
		.getByRole('button', { name: /species 2\.txt/ })
		.waitFor();
	assertQuiet(troubles);
	await context.close();
});

test('what is deleted can be had back for a while', async () => {
	const { page, context, troubles } = await openPage(browser);
	const { id } = await holt.api('POST', '/v2/sessions', { title: 'Kept after all' });
	const gone = await holt.api('POST', '/v2/sessions', { title: 'Not kept' });
	await signIn(page, holt);
	const menu = () => page.getByRole('button', { name: 'What can be done to this session' });
	await page.getByRole('link', { name: /Kept after all/ }).click();
	await menu().click();
	await page.getByRole('menuitem', { name: 'Delete' }).click();
	await page.getByRole('button', { name: /Undo/ }).click();
	await page.getByRole('link', { name: /Kept after all/ }).waitFor();
	assert.equal((await holt.api('GET', `/v2/sessions/${id}`)).title, 'Kept after all');

	await page.getByRole('link', { name: /Not kept/ }).click();
	await page.getByRole('heading', { name: 'Not kept' }).waitFor();
	await menu().click();
	await page.getByRole('menuitem', { name: 'Delete' }).click();
	await page.getByRole('link', { name: /Not kept/ }).waitFor({ state: 'detached' });
	// Leaving the page does not wait for the ten seconds.
	await page.goto('about:blank');
	for (;;) {
		const { items } = await holt.api('GET', '/v2/sessions');
		if (!items.some((item) => item.id === gone.id)) break;
	}
	assertQuiet(troubles);
	await context.close();
});

test('a title is changed where it stands', async () => {
	const { page, context, troubles } = await openPage(browser);
	const { id } = await holt.api('POST', '/v2/sessions', { title: 'Before' });
	await signIn(page, holt);
	await page.getByRole('link', { name: /Before/ }).click();
	await page.getByRole('heading', { name: 'Before' }).getByRole('button').click();
	await page.getByLabel('Title').fill('After');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'After' }).waitFor();
	await page.getByRole('link', { name: /After/ }).waitFor();
	assert.equal((await holt.api('GET', `/v2/sessions/${id}`)).title, 'After');
	assertQuiet(troubles);
	await context.close();
});

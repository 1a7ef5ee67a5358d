// Every view in both themes and three widths: a picture for somebody to look at, nothing that axe minds, nothing that
// sticks out, and text at twice its size.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accessibilityFaults, assertQuiet, launch, openPage, openPageWithLargeText, signIn } from '../lib/browser.mjs';
import { Holt } from '../lib/holt.mjs';

const pictures = join(dirname(fileURLToPath(import.meta.url)), '../test-results');
const SIZES = [
	{ name: '1440', viewport: { width: 1440, height: 900 } },
	{ name: '820', viewport: { width: 820, height: 1180 } },
	{ name: '390', viewport: { width: 390, height: 844 }, hasTouch: true }
];
const ASK = {
	rules: [{ tool: 'execute_command*', verdict: 'ask' }],
	otherwise: 'allow',
	answer_within_seconds: 86_400
};

let holt;
let browser;
const sessions = {};

before(async () => {
	[holt, browser] = await Promise.all([Holt.start(), launch(), mkdir(pictures, { recursive: true })]);
	const make = async (name, body) => (sessions[name] = (await holt.api('POST', '/v2/sessions', body)).id);
	await make('page', { prompt: { text: 'Make a small web page about otters' } });
	await make('script', { prompt: { text: 'Write a script with a test' } });
	await make('asks', { policy: ASK, prompt: { text: 'A data file with a chart' } });
	await make('empty', { title: 'Nothing yet' });
	for (const [name, status] of [
		['page', 'idle'],
		['script', 'idle'],
		['asks', 'waiting']
	]) {
		while ((await holt.api('GET', `/v2/sessions/${sessions[name]}`)).status !== status);
	}
});
after(async () => {
	await browser?.close();
	await holt?.end();
});

/** Nothing is wider than the window, and nothing that can be pressed by a finger is too small for it. */
async function assertFits(page, { hasTouch }) {
	const { wide, small } = await page.evaluate(() => {
		const seen = (it) => it.offsetParent !== null && getComputedStyle(it).visibility !== 'hidden';
		const targets = [
			...document.querySelectorAll(
				'button, select, input:not([type=radio]):not([type=checkbox]):not([type=file]), summary, .choice'
			)
		];
		return {
			wide: document.documentElement.scrollWidth - innerWidth,
			small: targets
				.filter(seen)
				.filter((it) => Math.round(it.getBoundingClientRect().height) < 44)
				.map((it) => it.outerHTML.slice(0, 140))
		};
	});
	assert.ok(wide <= 0, `the page is ${wide} pixels wider than its window`);
	if (hasTouch) assert.deepEqual(small, []);
}

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		test(`${size.name} pixels, ${colorScheme}`, async () => {
			const { page, context, troubles } = await openPage(browser, { ...size, colorScheme, reducedMotion: 'reduce' });
			const look = async (name) => {
				await page.screenshot({ path: join(pictures, `${size.name}-${colorScheme}-${name}.png`) });
				assert.deepEqual(await accessibilityFaults(page), [], name);
				await assertFits(page, size);
			};
			const open = (path) => page.goto(holt.url + path);

			await open('/');
			await page.getByText('holt open').waitFor();
			await look('0-sign-in');
			await signIn(page, holt);
			await page.getByText('Nothing yet').first().waitFor();
			await look('1-home');
			await page.locator('summary').first().click();
			await look('1-home-settings');

			await open(`/app/sessions/${sessions.page}`);
			await page.locator('.row.run-end').waitFor();
			if (size.name !== '1440') {
				await look('2-session');
				await page.getByRole('tab', { name: 'Files' }).click();
			}
			await page
				.locator('.files')
				.getByRole('button', { name: /index\.html/ })
				.waitFor();
			await look('3-files');
			await page
				.locator('.files')
				.getByRole('button', { name: /index\.html/ })
				.click();
			await page.locator('.body pre').waitFor();
			await look('4-preview');
			await page.getByRole('tab', { name: /Artifacts/ }).click();
			await look('5-artifacts');
			await page.getByRole('tab', { name: 'Details' }).click();
			await page.getByText('Used so far').waitFor();
			await look('6-details');

			await open(`/app/sessions/${sessions.asks}`);
			await page.locator('[data-approval]').waitFor();
			await look('7-question');

			await open(`/app/sessions/${sessions.script}`);
			await page.locator('.row.run-end').waitFor();
			await page.getByRole('button', { name: /^Ran/ }).first().click();
			await look('8-opened');

			await open(`/app/sessions/${sessions.empty}`);
			await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
			await look('9-empty');

			await open('/app/system');
			await page.getByRole('heading', { name: 'This machine' }).waitFor();
			await look('10-system');
			await open('/app/settings');
			await page.getByText('this page').waitFor();
			await look('11-settings');
			await page.keyboard.press('Control+k');
			await page.getByRole('combobox').waitFor();
			await look('12-palette');
			assertQuiet(troubles);
			await context.close();
		});
	}
}

test('text at twice its size', async () => {
	const { page, context, troubles } = await openPageWithLargeText();
	await signIn(page, holt);
	assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), '32px');
	for (const [name, path] of [
		['home', '/'],
		['session', `/app/sessions/${sessions.page}`],
		['question', `/app/sessions/${sessions.asks}`],
		['system', '/app/system'],
		['settings', '/app/settings']
	]) {
		await page.goto(holt.url + path);
		await page.locator('h1').first().waitFor();
		await page.getByText('Loading').waitFor({ state: 'detached' });
		await page.screenshot({ path: join(pictures, `200-percent-${name}.png`) });
		await assertFits(page, { hasTouch: false });
	}
	assertQuiet(troubles);
	await context.close();
});

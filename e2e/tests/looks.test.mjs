// Every view in both themes and three widths: a picture for somebody to look at, nothing that axe minds, nothing that
// sticks out, and text at twice its size.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { ASKS_FIRST } from '../lib/holt.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { scene } from '../lib/scene.mjs';

const sessions = {};
const { story, pictures } = scene(async (holt) => {
	const make = async (name, body) => (sessions[name] = (await holt.begin(body)).id);
	await make('page', { prompt: { text: 'Make a small web page about otters' } });
	await make('script', { prompt: { text: 'Write a script with a test' } });
	await make('asks', { policy: ASKS_FIRST, prompt: { text: 'A data file with a chart' } });
	await make('empty', { title: 'Nothing yet' });
	await holt.once(sessions.page, ({ status }) => status === 'idle');
	await holt.once(sessions.script, ({ status }) => status === 'idle');
	await holt.once(sessions.asks, ({ status }) => status === 'waiting');
});

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce', atTheDoor: true };
		story(`${size.name} pixels, ${colorScheme}`, window, async (person) => {
			const { page } = person;
			const look = async (name) => {
				await person.isPictured(join(pictures, `${size.name}-${colorScheme}-${name}.png`));
				assert.deepEqual(await accessibilityFaults(page), [], name);
				await assertFits(page, size);
			};

			await person.opens('/');
			await page.getByText('holt open').waitFor();
			await look('0-sign-in');
			await person.signsIn();
			await page.getByText('Nothing yet').first().waitFor();
			await look('1-home');
			await person.unfoldsSettings();
			await look('1-home-settings');

			await person.opens(sessions.page);
			await person.runEnd().waitFor();
			if (size.name !== '1440') {
				await look('2-session');
				await person.shows('Files');
			}
			await person.file(/index\.html/).waitFor();
			await look('3-files');
			await person.file(/index\.html/).click();
			await page.locator('.body pre').waitFor();
			await look('4-preview');
			await person.shows(/Artifacts/);
			await look('5-artifacts');
			await person.shows('Details');
			await page.getByText('Used so far').waitFor();
			await look('6-details');

			await person.opens(sessions.asks);
			await person.question.waitFor();
			await look('7-question');

			await person.opens(sessions.script);
			await person.runEnd().waitFor();
			await page.getByRole('button', { name: /^Ran/ }).first().click();
			await look('8-opened');

			await person.opens(sessions.empty);
			await page.getByRole('textbox', { name: 'Prompt' }).waitFor();
			await look('9-empty');

			await person.opens('/app/system');
			await page.getByRole('heading', { name: 'This machine' }).waitFor();
			await look('10-system');
			await person.opens('/app/settings');
			await person.section('Keys').getByText('this page').waitFor();
			await look('11-settings');
			await page.keyboard.press('Control+k');
			await page.getByRole('combobox', { name: 'Find anything' }).waitFor();
			await look('12-palette');
		});
	}
}

story('text at twice its size', { largeText: true }, async (person) => {
	const { page } = person;
	assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), '32px');
	for (const [name, path] of [
		['home', '/'],
		['session', `/app/sessions/${sessions.page}`],
		['question', `/app/sessions/${sessions.asks}`],
		['system', '/app/system'],
		['settings', '/app/settings']
	]) {
		await person.opens(path);
		await page.locator('h1').first().waitFor();
		await page.getByText('Loading').waitFor({ state: 'detached' });
		await person.isPictured(join(pictures, `200-percent-${name}.png`));
		await assertFits(page, { hasTouch: false });
	}
});

// What was recorded of a desktop, played: the pixels of what happened, in their order.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { says, startsProgram } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const RED = [0xc0, 0x20, 0x10];
const BLUE = [0x10, 0x20, 0xc0];
const paints = ([red, green, blue]) =>
	startsProgram(`xsetroot -solid '#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}'`);
const ANSWERS = [paints(RED), says('It is red now.'), paints(BLUE), says('It is blue now.')];

/** Waits until a place of the desktop, as `within` shows it, has this colour. */
async function isPainted({ page }, within, colour) {
	await page.waitForFunction(
		({ within, colour }) => {
			const canvas = [...document.querySelectorAll(`${within} canvas`)].at(-1);
			if (!canvas || canvas.width < 2) return false;
			const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
			copy.drawImage(canvas, 700, 500, 1, 1, 0, 0, 1, 1);
			const pixel = copy.getImageData(0, 0, 1, 1).data;
			return colour.every((part, at) => Math.abs(pixel[at] - part) < 3);
		},
		{ within, colour }
	);
}

/** A session whose desktop was red and then blue, and was recorded. */
async function recorded(person) {
	const { holt } = person;
	const { id } = await holt.begin({ record_desktop: true, prompt: { text: 'Paint it red' } });
	await person.looksAt(id);
	await isPainted(person, '.place', RED);
	await holt.once(id, ({ status }) => status === 'idle');
	await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: 'Paint it blue' });
	await isPainted(person, '.place', BLUE);
	await holt.once(id, ({ status }) => status === 'idle');
	return id;
}

const controls = ({ page }) => page.getByRole('group', { name: 'Playback' });

async function playsBack(person) {
	await person.page.getByRole('button', { name: 'Play back' }).click();
	await controls(person).getByRole('slider', { name: 'Position' }).waitFor();
}

story('playback shows what happened, in its order, and again', { answers: ANSWERS }, async (person) => {
	const { page } = person;
	const id = await recorded(person);
	await page.getByText(/Recorded since/).waitFor();
	await playsBack(person);
	const position = controls(person).getByRole('slider', { name: 'Position' });
	for (const _ of ['once', 'again']) {
		await position.press('Home');
		await controls(person).getByRole('button', { name: 'Play', exact: true }).click();
		await isPainted(person, '.playback', RED);
		await isPainted(person, '.playback', BLUE);
		await controls(person).getByRole('button', { name: 'Play', exact: true }).waitFor();
	}
	// What happened stands beside it, and leads there.
	await position.press('End');
	await isPainted(person, '.playback', BLUE);
	const happened = page.getByRole('list', { name: 'What happened' });
	await happened.getByText('Paint it blue').click();
	await isPainted(person, '.playback', RED);

	// What was recorded stays when the desktop is gone.
	await person.holt.api('POST', `/v2/sessions/${id}/sleep`);
	await position.press('End');
	await isPainted(person, '.playback', BLUE);
	await page.keyboard.press('Escape');
	await page.getByText('The session is asleep').waitFor();
});

story('recording is a choice of whoever uses the desktop', { answers: ANSWERS }, async (person) => {
	const { page, holt } = person;
	const { id } = await holt.begin({ prompt: { text: 'Paint it red' } });
	await person.looksAt(id);
	await page.getByRole('button', { name: 'Play back' }).click();
	await page.getByText('Nothing was recorded').waitFor();
	await page.getByRole('button', { name: 'Live' }).click();
	await page.getByRole('button', { name: 'Record', exact: true }).click();
	await page.getByText(/Recorded since/).waitFor();
	await person.desktop.takes();
	await page.getByText('Not recorded while a person drives').waitFor();
	await person.desktop.gives();
	await page.getByRole('button', { name: 'Stop recording' }).click();
	await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
});

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce', answers: ANSWERS };
		story(`playback at ${size.name} pixels, ${colorScheme}`, window, async (person) => {
			await recorded(person);
			await playsBack(person);
			await controls(person).getByRole('slider', { name: 'Position' }).press('End');
			await isPainted(person, '.playback', BLUE);
			await person.isPictured(join(pictures, `playback-${size.name}-${colorScheme}.png`));
			assert.deepEqual(await accessibilityFaults(person.page), []);
			await assertFits(person.page, size);
		});
	}
}

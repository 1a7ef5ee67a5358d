// The first journey without a mouse.

import assert from 'node:assert/strict';
import { scene } from '../lib/scene.mjs';

const { holt, story } = scene();

/** Presses Tab until what has the focus is called so; every stop on the way must be visible. */
async function tabTo(page, name) {
	for (let count = 0; count < 120; count += 1) {
		await page.keyboard.press('Tab');
		const at = await page.evaluate(() => {
			const it = document.activeElement;
			const ring = getComputedStyle(it);
			const box = it.getBoundingClientRect();
			return {
				name: it.ariaLabel || it.innerText || it.title || '',
				isSeen:
					box.width > 0 &&
					box.height > 0 &&
					(ring.outlineStyle !== 'none' || it.closest('.box') !== null || it.type === 'radio'),
				html: it.outerHTML.slice(0, 160)
			};
		});
		if (at.html.startsWith('<body')) continue;
		assert.ok(at.isSeen, `the focus cannot be seen on ${at.html}`);
		if (name.test(at.name)) return;
	}
	assert.fail(`no way to ${name}`);
}

story('from a prompt to a download, by keyboard alone', async (person) => {
	const { page } = person;
	await page.keyboard.press('n');
	await page.keyboard.type('Make a small web page about otters');
	await page.keyboard.press('Enter');
	await page.waitForURL(/\/app\/sessions\//);
	await person.runEnd().waitFor();

	await tabTo(page, /^Wrote/);
	await page.keyboard.press('Enter');
	await page.locator('.details').getByText('write_file').first().waitFor();

	await tabTo(page, /index\.html/);
	await page.keyboard.press('Enter');
	await tabTo(page, /^Download.*index\.html/);
	const { name } = await person.downloads(() => page.keyboard.press('Enter'));
	assert.match(name, /index\.html$/);
});

story('the list, the palette and the help', async ({ page }) => {
	for (const title of ['Alder', 'Birch', 'Cedar']) await holt.begin({ title });
	await page.getByRole('link', { name: /Cedar/ }).waitFor();

	for (const key of ['j', 'j', 'k', 'j', 'Enter']) await page.keyboard.press(key);
	await page.waitForURL(/\/app\/sessions\//);
	const opened = await page.locator('h1').textContent();
	const titles = await page.locator('a[data-session] .title').allTextContents();
	assert.equal(opened.trim(), titles[1].trim());

	await page.keyboard.press('/');
	await page.keyboard.type('alder');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'Alder' }).waitFor();
	await page.keyboard.press('Escape');

	await page.keyboard.press('Control+k');
	await page.getByRole('combobox', { name: 'Find anything' }).waitFor();
	await page.keyboard.type('cedar');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'Cedar' }).waitFor();

	await page
		.locator('h1')
		.focus()
		.catch(() => undefined);
	await page.locator('body').press('?');
	await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
	await page.keyboard.press('Escape');
	await page.getByRole('dialog', { name: 'Keyboard' }).waitFor({ state: 'detached' });

	await page.keyboard.press('Control+k');
	await page.keyboard.type('dark theme');
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
});

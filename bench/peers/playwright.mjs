// What Playwright takes for a picture of a page and for a click on it, in Debian's Chromium: `node playwright.mjs PICTURE ROUNDS`.
//
// The page is that picture and nothing else, as large as the screen that it was taken of. It counts the clicks that arrive.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';

const { chromium } = createRequire(new URL('../../e2e/package.json', import.meta.url))('playwright-core');
const [file, rounds] = process.argv.slice(2);
const WARM_UP = 5;

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-background-networking']
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
const picture = (await readFile(file)).toString('base64');
await page.setContent(
	`<body style="margin:0"><img id="picture" width="1280" height="800" src="data:image/jpeg;base64,${picture}">`
);
await page.evaluate(async () => {
	globalThis.clicks = 0;
	const shown = document.querySelector('#picture');
	shown.addEventListener('click', () => (globalThis.clicks += 1));
	await shown.decode();
});

const timed = async (act) => {
	const begun = performance.now();
	const result = await act();
	return [performance.now() - begun, result];
};
const measured = { screenshots: [], clicks: [], arrived: 0, bytes: 0 };
for (let round = 0; round < WARM_UP + Number(rounds); round += 1) {
	const [looked, jpeg] = await timed(() => page.screenshot({ type: 'jpeg' }));
	const [clicked] = await timed(() => page.click('#picture', { position: { x: 300, y: 300 } }));
	measured.bytes = jpeg.length;
	if (round >= WARM_UP) {
		measured.screenshots.push(looked);
		measured.clicks.push(clicked);
	}
}
measured.arrived = (await page.evaluate(() => globalThis.clicks)) - WARM_UP;
await browser.close();
console.log(JSON.stringify(measured));

// How a view has to look: at three widths, in both themes, with nothing that sticks out or is too small for a finger.

import assert from 'node:assert/strict';

export const SIZES = [
	{ name: '1440', viewport: { width: 1440, height: 900 } },
	{ name: '820', viewport: { width: 820, height: 1180 } },
	{ name: '390', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
];

/** Nothing is wider than the window, and nothing that can be pressed by a finger is too small for it. */
export async function assertFits(page, { hasTouch }) {
	const { wide, tall, small } = await page.evaluate(() => {
		const seen = (it) => it.offsetParent !== null && getComputedStyle(it).visibility !== 'hidden';
		const targets = [
			...document.querySelectorAll(
				'button, select, input:not([type=radio]):not([type=checkbox]):not([type=file]), summary, .choice'
			)
		];
		return {
			wide: document.documentElement.scrollWidth - innerWidth,
			tall: document.documentElement.scrollHeight - innerHeight,
			small: targets
				.filter(seen)
				.filter((it) => Math.round(it.getBoundingClientRect().height) < 44)
				.map((it) => it.outerHTML.slice(0, 140))
		};
	});
	assert.ok(wide <= 0, `the page is ${wide} pixels wider than its window`);
	assert.ok(tall <= 0, `the page is ${tall} pixels taller than its window: its parts scroll, not itself`);
	if (hasTouch) assert.deepEqual(small, []);
}

/** Nothing in a part that scrolls up and down is wider than it: it would be cut off where nobody looks for more. */
export async function assertNothingIsCut(page) {
	const cut = await page.evaluate(() => {
		const sideways = 'pre, textarea, table, nav, [role=tablist]';
		const scrolls = (it) => /auto|scroll/.test(getComputedStyle(it).overflowY);
		return [...document.querySelectorAll('*')]
			.filter((it) => !it.matches(sideways) && scrolls(it) && it.scrollWidth > it.clientWidth + 1)
			.map((it) => `${it.scrollWidth - it.clientWidth} pixels of ${it.outerHTML.slice(0, 120)}`);
	});
	assert.deepEqual(cut, []);
}

// A real Chromium, and pages that remember everything that went wrong in them.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

const OPTIONS = {
	executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium',
	args: [
		'--no-sandbox',
		'--disable-background-networking',
		'--disable-quic',
		'--disable-component-update',
		'--disable-sync',
		'--no-first-run'
	]
};

export function launch() {
	return chromium.launch(OPTIONS);
}

/** A machine that is slow or busy is waited for; what never comes is found out all the same. */
const PATIENCE = 90_000;
/** `HOLT_E2E_SLOWNESS=8` has pages think eight times slower than they could, to see what a slow machine would. */
const SLOWNESS = Number(process.env.HOLT_E2E_SLOWNESS ?? 1);

/** A fresh browser profile with one page in it. */
export async function openPage(browser, options = {}) {
	const context = await browser.newContext({
		viewport: { width: 1440, height: 900 },
		...options
	});
	return watched(context, await context.newPage());
}

/** A browser of its own whose person has set the size of text to twice the usual. */
export async function openPageWithLargeText() {
	const profile = await mkdtemp(join(tmpdir(), 'holt-e2e-profile-'));
	await mkdir(join(profile, 'Default'));
	const preferences = { webkit: { webprefs: { default_font_size: 32 } } };
	await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
	const context = await chromium.launchPersistentContext(profile, {
		...OPTIONS,
		viewport: { width: 1440, height: 900 }
	});
	context.on(
		'close',
		() =>
			void rm(profile, {
				recursive: true,
				force: true,
				maxRetries: 20,
				retryDelay: 100
			})
	);
	return watched(context, await context.newPage());
}

/** The page, and everything that goes wrong in it from now on. */
async function watched(context, page) {
	const troubles = [];
	page.on('console', (message) => {
		if (message.type() === 'error' || message.type() === 'warning') troubles.push(`console: ${message.text()}`);
	});
	page.on('pageerror', (error) => troubles.push(`error: ${error.stack ?? error.message}`));
	page.on('request', (request) => {
		const { protocol, hostname } = new URL(request.url());
		const isOwn = hostname === '127.0.0.1' || protocol === 'blob:' || protocol === 'data:';
		if (!isOwn) troubles.push(`asked elsewhere: ${request.url()}`);
	});
	context.setDefaultTimeout(PATIENCE);
	if (SLOWNESS > 1) {
		const session = await context.newCDPSession(page);
		await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWNESS });
	}
	await page.exposeFunction('tellViolation', (words) => troubles.push(`content security policy: ${words}`));
	await page.addInitScript(() => {
		addEventListener('securitypolicyviolation', (event) => {
			void window.tellViolation(
				`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`
			);
		});
	});
	return { context, page, troubles };
}

/** What axe finds that matters. It is evaluated from outside, past the page's content security policy. */
export async function accessibilityFaults(page) {
	await page.evaluate(axe);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	return violations
		.filter(({ impact }) => impact === 'serious' || impact === 'critical')
		.map(
			({ id, help, nodes }) =>
				`${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(' | ')}`
		);
}

/** How far things have moved by themselves since the page was loaded. */
export function watchShifts(page) {
	return page.addInitScript(() => {
		window.shifts = [];
		new PerformanceObserver((list) => {
			for (const entry of list.getEntries()) {
				if (entry.hadRecentInput) continue;
				const sources = entry.sources.map(({ node }) => node?.nodeName + '.' + (node?.className ?? ''));
				window.shifts.push({ value: entry.value, sources });
			}
		}).observe({ type: 'layout-shift', buffered: true });
	});
}

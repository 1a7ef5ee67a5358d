// What happens to a page while things are on their way: a reload, a lost server, a question, a queue.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertQuiet, launch, openPage, signIn } from '../lib/browser.mjs';
import { Holt } from '../lib/holt.mjs';

let holt;
let browser;

before(async () => {
	[holt, browser] = await Promise.all([Holt.start(), launch()]);
});
after(async () => {
	await browser?.close();
	await holt?.end();
});

const ASK = { rules: [{ tool: 'execute_command*', verdict: 'ask' }], otherwise: 'allow', answer_within_seconds: 600 };
const CUT_OFF = [
	/status of 404/,
	/WebSocket/,
	/ERR_CONNECTION_REFUSED/,
	/ERR_CONNECTION_RESET/,
	/ERR_EMPTY_RESPONSE/,
	/Failed to load resource/
];

/** What the page shows of a conversation, in words: nothing twice, nothing missing. */
async function shown(page) {
	return page
		.locator('.row')
		.evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, ' ').trim()).filter(Boolean));
}

async function begin(page, prompt) {
	await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
	await page.keyboard.press('Enter');
	await page.waitForURL(/\/app\/sessions\//);
}

test('a reload in the middle of streaming shows the same as a page that stayed', async () => {
	const [one, two] = [await openPage(browser), await openPage(browser)];
	await signIn(one.page, holt);
	await signIn(two.page, holt);
	await begin(one.page, 'Write a script with a test');
	await two.page.goto(one.page.url());
	await two.page.locator('.row.message, .row.call').first().waitFor();
	await two.page.reload();
	await Promise.all([one, two].map(({ page }) => page.locator('.row.run-end').waitFor()));
	assert.deepEqual(await shown(two.page), await shown(one.page));
	assertQuiet(one.troubles);
	assertQuiet(two.troubles);
	await Promise.all([one.context.close(), two.context.close()]);
});

test('a question waits for its answer, exactly as it will run', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	const { id } = await holt.api('POST', '/v2/sessions', {
		title: 'Careful',
		policy: ASK,
		prompt: { text: 'Write a script with a test' }
	});
	await page.goto(`${holt.url}/app/sessions/${id}`);
	const card = page.locator('[data-approval]');
	await card.waitFor();
	await page
		.locator('header')
		.getByText(/waiting for you since/)
		.waitFor();
	await page
		.getByRole('navigation', { name: 'Sessions' })
		.locator('section', { hasText: 'Waiting for you' })
		.getByText('Careful')
		.waitFor();
	const { run } = await holt.api('GET', `/v2/sessions/${id}`);
	assert.equal(
		await card.locator('pre').textContent(),
		run.calls.find(({ stage }) => stage === 'asked').arguments.command
	);

	// By keyboard: `a` goes to the question, Enter allows it once.
	await page.locator('body').click();
	await page.keyboard.press('a');
	await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Allow once');
	await page.keyboard.press('Enter');
	await card.waitFor({ state: 'detached' });
	// What else it asks is denied.
	const end = page.locator('.row.run-end');
	await end.or(card).first().waitFor();
	while (await card.isVisible()) {
		await card.getByRole('button', { name: 'Deny' }).click();
		await page.getByText('Did not run').last().waitFor();
	}
	await end.waitFor();
	assertQuiet(troubles);
	await context.close();
});

test('prompts queue, can be taken back, and a run can be stopped', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	const { id } = await holt.api('POST', '/v2/sessions', {
		title: 'Busy',
		policy: ASK,
		prompt: { text: 'Write a script with a test' }
	});
	await page.goto(`${holt.url}/app/sessions/${id}`);
	await page.locator('[data-approval]').waitFor();
	await page.getByRole('textbox', { name: 'Prompt' }).fill('Explain this workspace');
	await page.keyboard.press('Enter');
	const waiting = page.getByRole('list', { name: 'Waiting prompts' });
	await waiting.getByText('Explain this workspace').waitFor();
	await waiting.getByRole('button', { name: 'Take back' }).click();
	await waiting.waitFor({ state: 'detached' });
	await page.locator('body').click();
	await page.keyboard.press('.');
	await page.locator('.row.run-end', { hasText: 'Stopped' }).waitFor();
	assertQuiet(troubles);
	await context.close();
});

test('the server is killed in the middle of a run: the page comes back and the run goes on', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	await begin(page, 'Make a small web page about otters');
	await page.locator('.row.message, .row.call').first().waitFor();
	await holt.crash();
	await page.getByText('Reconnecting…').waitFor();
	await holt.up();
	await page.getByText('Reconnecting…').waitFor({ state: 'detached' });
	await page.locator('.row.run-end').waitFor();

	const seen = await shown(page);
	const id = new URL(page.url()).pathname.split('/').at(-1);
	await page.reload();
	await page.locator('.row.run-end').waitFor();
	assert.deepEqual(await shown(page), seen, 'what was put together over the gap is what stands in the log');
	const { events } = await holt.api('GET', `/v2/sessions/${id}/events?limit=1000`);
	assert.deepEqual(
		events.map(({ seq }) => seq),
		events.map((_, at) => at + 1)
	);
	assertQuiet(troubles, CUT_OFF);
	await context.close();
});

test('a long conversation is read backwards without jumping, and does not pull away who reads', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	const { id } = await holt.api('POST', '/v2/sessions', { title: 'Long', prompt: { text: 'Explain this workspace' } });
	for (let count = 0; count < 30; count += 1) {
		await holt
			.api('POST', `/v2/sessions/${id}/prompts`, { text: `Explain this workspace, please, for the ${count}. time` })
			.catch(() => undefined);
		for (;;) {
			const { status, queue } = await holt.api('GET', `/v2/sessions/${id}`);
			if (status === 'idle' && queue.length === 0) break;
		}
	}
	await page.goto(`${holt.url}/app/sessions/${id}`);
	await page.locator('.row.run-end').last().waitFor();
	const scroller = page.getByRole('region', { name: 'Conversation' });
	const distance = () => scroller.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight);
	await page.waitForFunction(() => {
		const it = document.querySelector('.scroller');
		return it.scrollHeight > it.clientHeight * 2 && it.scrollHeight - it.scrollTop - it.clientHeight < 4;
	});
	// Up to the beginning, page by page.
	for (;;) {
		await scroller.evaluate((it) => (it.scrollTop = 0));
		if ((await page.locator('.row.prompt').first().innerText()).startsWith('Explain this workspace\n')) break;
		await page.evaluate(() => new Promise(requestAnimationFrame));
	}
	const before = await distance();
	assert.ok(before > 500);
	await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: 'One more: explain this workspace' });
	await page.getByRole('button', { name: /new$/ }).waitFor();
	assert.equal(await scroller.evaluate((it) => it.scrollTop), 0, 'what is being read has not moved');
	await page.getByRole('button', { name: /new$/ }).click();
	await page.waitForFunction(() => {
		const it = document.querySelector('.scroller');
		return it.scrollHeight - it.scrollTop - it.clientHeight < 4;
	});
	assertQuiet(troubles);
	await context.close();
});

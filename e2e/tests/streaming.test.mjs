// What happens to a page while things are on their way: a reload, a lost server, a question, a queue.

import assert from 'node:assert/strict';
import { ASKS_FIRST } from '../lib/holt.mjs';
import { scene } from '../lib/scene.mjs';

const { holt, story } = scene();

const CUT_OFF = [
	/status of 404/,
	/WebSocket/,
	/ERR_CONNECTION_REFUSED/,
	/ERR_CONNECTION_RESET/,
	/ERR_EMPTY_RESPONSE/,
	/Failed to load resource/
];

/** The first thing that the agent says or does. */
const sign = ({ page }) => page.locator('.row.message, .row.call').first();

story('a reload in the middle of streaming shows the same as a page that stayed', async (one, another) => {
	const two = await another();
	await one.begins('Write a script with a test');
	await two.page.goto(one.page.url());
	await sign(two).waitFor();
	await two.page.reload();
	await Promise.all([one.runEnd().waitFor(), two.runEnd().waitFor()]);
	assert.deepEqual(await two.conversation(), await one.conversation());
});

story('a question waits for its answer, exactly as it will run', async (person) => {
	const { page, question } = person;
	const { id } = await holt.begin({
		title: 'Careful',
		policy: ASKS_FIRST,
		prompt: { text: 'Write a script with a test' }
	});
	await person.opens(id);
	await question.waitFor();
	await person.state(/waiting for you since/).waitFor();
	await person.list('Waiting for you').getByText('Careful').waitFor();
	const { run } = await holt.api('GET', `/v2/sessions/${id}`);
	const asked = run.calls.find(({ stage }) => stage === 'asked');
	assert.equal(await question.locator('pre').textContent(), asked.arguments.command);

	// By keyboard: `a` goes to the question, Enter allows it once.
	await person.presses('a');
	await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Allow once');
	await page.keyboard.press('Enter');
	await question.waitFor({ state: 'detached' });
	// What else it asks is denied.
	await person.runEnd().or(question).first().waitFor();
	while (await question.isVisible()) {
		await question.getByRole('button', { name: 'Deny' }).click();
		await page.getByText('Did not run').last().waitFor();
	}
	await person.runEnd().waitFor();
});

story('prompts queue, can be taken back, and a run can be stopped', async (person) => {
	const { id } = await holt.begin({
		title: 'Busy',
		policy: ASKS_FIRST,
		prompt: { text: 'Write a script with a test' }
	});
	await person.opens(id);
	await person.question.waitFor();
	await person.prompts('Explain this workspace');
	const waiting = person.page.getByRole('list', { name: 'Waiting prompts' });
	await waiting.getByText('Explain this workspace').waitFor();
	await waiting.getByRole('button', { name: 'Take back' }).click();
	await waiting.waitFor({ state: 'detached' });
	await person.presses('.');
	await person.runEnd('Stopped').waitFor();
});

story('the server is killed in the middle of a run: the page comes back and the run goes on', async (person) => {
	const { page } = person;
	const reconnecting = page.getByText('Reconnecting…');
	await person.begins('Make a small web page about otters');
	await sign(person).waitFor();
	await holt.crash();
	await reconnecting.waitFor();
	await holt.up();
	await reconnecting.waitFor({ state: 'detached' });
	await person.runEnd().waitFor();
	person.expects(...CUT_OFF);

	const seen = await person.conversation();
	await page.reload();
	await person.runEnd().waitFor();
	assert.deepEqual(await person.conversation(), seen, 'what was put together over the gap is what stands in the log');
	const { events } = await holt.api('GET', `/v2/sessions/${person.sessionId}/events?limit=1000`);
	assert.deepEqual(
		events.map(({ seq }) => seq),
		events.map((_, at) => at + 1)
	);
});

story('a long conversation is read backwards without jumping, and does not pull away who reads', async (person) => {
	const { page } = person;
	const { id } = await holt.begin({ title: 'Long', prompt: { text: 'Explain this workspace' } });
	for (let count = 0; count < 30; count += 1) {
		await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: `Explain this workspace, for the ${count}. time` });
		await holt.once(id, ({ status, queue }) => status === 'idle' && queue.length === 0);
	}
	await person.opens(id);
	await person.runEnd().last().waitFor();
	const scroller = page.getByRole('region', { name: 'Conversation' });
	const distance = () => scroller.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight);
	const atItsEnd = () => {
		const it = document.querySelector('.scroller');
		return it.scrollHeight > it.clientHeight * 2 && it.scrollHeight - it.scrollTop - it.clientHeight < 4;
	};
	await page.waitForFunction(atItsEnd);
	// Up to the beginning, page by page.
	for (;;) {
		await scroller.evaluate((it) => (it.scrollTop = 0));
		if ((await page.locator('.row.prompt').first().innerText()).startsWith('Explain this workspace\n')) break;
		await page.evaluate(() => new Promise(requestAnimationFrame));
	}
	assert.ok((await distance()) > 500);
	await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: 'One more: explain this workspace' });
	await page.getByRole('button', { name: /new$/ }).waitFor();
	assert.equal(await scroller.evaluate((it) => it.scrollTop), 0, 'what is being read has not moved');
	await page.getByRole('button', { name: /new$/ }).click();
	await page.waitForFunction(atItsEnd);
});

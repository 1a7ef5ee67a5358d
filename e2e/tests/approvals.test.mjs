// What a person answers to an agent's questions, and how freely it works.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ASKS_FIRST } from '../lib/holt.mjs';
import { runs, says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const begin = async (person, wanted = { policy: ASKS_FIRST }) => {
	const { id } = await person.holt.begin({ ...wanted, prompt: { text: 'Go on' } });
	await person.opens(id);
	return id;
};
const calls = async ({ holt }, id) => {
	const { events } = await holt.api('GET', `/v2/sessions/${id}/events?after=0&limit=200`);
	return events.filter(({ kind }) => kind === 'call_finished').map(({ body }) => body.outcome);
};
const look = (person, name) => person.isPictured(join(pictures, `approvals-${name}.png`));

story(
	'a question is edited, and the agent hears what ran',
	{ answers: [runs('echo careless'), says('Fine.')] },
	async (person) => {
		const id = await begin(person);
		const { question } = person;
		await question.getByRole('button', { name: 'Edit' }).click();
		const area = question.getByRole('textbox', { name: 'Run this instead' });
		assert.equal(await area.inputValue(), 'echo careless');
		await area.fill('echo careful');
		await look(person, 'edit');
		await question.getByRole('button', { name: 'Allow as changed' }).click();
		await person.runEnd('Done in').waitFor();
		await person.page.getByText('as changed by').waitFor();
		const [{ content }] = await calls(person, id);
		const told = content.map(({ text }) => text).join('');
		assert.match(told, /changed the arguments/);
		assert.match(told, /careful/);
		assert.doesNotMatch(told, /careless/);
	}
);

story(
	'a question is answered for the session, and the same is not asked again',
	{ answers: [runs('echo one'), runs('echo one'), runs('echo two'), says('Fine.')] },
	async (person) => {
		const id = await begin(person);
		const { question } = person;
		await question.getByText('Other answers').click();
		await question.getByText('with exactly this command').waitFor();
		await look(person, 'for-session');
		await question.getByRole('button', { name: 'Allow for this session' }).click();
		// The next one that is asked is another command.
		await question.locator('pre', { hasText: 'echo two' }).waitFor();
		assert.equal((await calls(person, id)).filter(({ status }) => status === 'succeeded').length, 2);
		await question.getByRole('button', { name: 'Deny', exact: true }).click();
		await person.runEnd('Done in').waitFor();
	}
);

story('a no says why', { answers: [runs('rm -rf data'), says('I see.')] }, async (person) => {
	const id = await begin(person);
	const { question } = person;
	await question.getByText('Other answers').click();
	await question.getByRole('textbox', { name: 'Why not' }).fill('the data is shared');
	await question.getByRole('button', { name: 'Deny with this reason' }).click();
	await person.runEnd('Done in').waitFor();
	await person.page.getByText(/said no: the data is shared/).waitFor();
	const [{ status, content }] = await calls(person, id);
	assert.equal(status, 'denied');
	assert.match(content[0].text, /the data is shared/);
});

story(
	'of two people one is told that the other was quicker',
	{ answers: [runs('echo hi'), says('Fine.')] },
	async (person, another) => {
		const id = await begin(person);
		const { question } = person;
		await question.getByRole('button', { name: 'Allow once' }).waitFor();
		const { run } = await person.holt.api('GET', `/v2/sessions/${id}`);
		const [{ id: call, question: asked }] = run.calls;
		const other = await another();
		await other.opens(id);
		await other.question.getByRole('button', { name: 'Allow once' }).click();
		await person.runEnd('Done in').waitFor();
		const answer = { allow: false, hash: asked.hash };
		await assert.rejects(
			person.holt.api('POST', `/v2/sessions/${id}/approvals/${call}`, answer),
			/question_answered|has allowed/
		);
	}
);

story(
	'the mode is changed while the session lives',
	{ answers: [runs('echo x > made'), runs('touch never; cat made'), says('Fine.')] },
	async (person) => {
		const { page } = person;
		const id = await begin(person, { mode: 'ask' });
		const mode = page.getByRole('combobox', { name: 'Mode' });
		await person.question.getByRole('button', { name: 'Allow once' }).click();
		await person.question.locator('pre', { hasText: 'touch never' }).waitFor();
		assert.equal(await mode.inputValue(), 'ask');
		await mode.selectOption('plan');
		await person.note('set the mode to Plan').waitFor();
		await look(person, 'plan');
		await person.question.getByRole('button', { name: 'Allow once' }).click();
		await person.runEnd('Done in').waitFor();
		const second = (await calls(person, id))[1].content.map(({ text }) => text).join('');
		assert.match(second, /Read-only file system/);
		assert.equal((await person.holt.api('GET', `/v2/sessions/${id}`)).mode, 'plan');
		const { entries } = await person.holt.api('GET', `/v2/sessions/${id}/files`);
		assert.deepEqual(
			entries.map(({ path }) => path),
			['made']
		);
	}
);

story('an agent is defined in the page, and a session begins with it', async (person) => {
	const { page } = person;
	await person.opens('/app/settings');
	const agents = person.section('Agents');
	await agents.getByRole('button', { name: 'Define an agent' }).click();
	await agents.getByRole('textbox', { name: 'Name', exact: true }).fill('writer');
	await agents.getByLabel('What it is for').fill('Writes the documentation');
	await agents.getByLabel('Instructions').fill('Write for people who have never seen this.');
	await agents.getByLabel('Mode that it begins in').selectOption('accept_edits');
	await look(person, 'agents');
	await agents.getByRole('button', { name: 'Keep', exact: true }).click();
	await agents.getByText('Writes the documentation').waitFor();
	await person.opens('/');
	await person.unfoldsSettings();
	await page.getByRole('combobox', { name: /^Agent/ }).selectOption('writer');
	await look(person, 'agent-chosen');
	await person.begins('Explain this workspace');
	const session = await person.holt.api('GET', `/v2/sessions/${person.sessionId}`);
	assert.equal(session.definition, 'writer');
	assert.equal(session.mode, 'accept_edits');
});

// What changed in a session's files, putting it back, and going another way from there.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { assertNothingIsCut } from '../lib/looks.mjs';
import { runs, says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const ANSWERS = [
	runs("printf 'one\\ntwo\\nthree\\n' > notes.txt"),
	says('Written.'),
	runs("printf 'one\\n2\\nthree\\n' > notes.txt; echo new > other.txt"),
	says('Changed.'),
	says('Otherwise.')
];
const look = (person, name) => person.isPictured(join(pictures, `changes-${name}.png`));

/** Two runs, each of which changes files. */
async function begin(person) {
	const { holt } = person;
	const { id } = await holt.begin({ title: 'Notes', prompt: { text: 'Write notes' } });
	await holt.once(id, ({ status, snapshot }) => status === 'idle' && snapshot);
	const first = (await holt.once(id, ({ snapshot }) => snapshot)).snapshot;
	await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: 'Change them' });
	await holt.once(id, ({ status, snapshot }) => status === 'idle' && snapshot !== first);
	await person.opens(id);
	return id;
}

const region = (person) => person.page.getByRole('region', { name: 'Changes of notes.txt' });

story(
	'what a run changed is seen line by line, and one file of it is put back',
	{ answers: ANSWERS },
	async (person) => {
		const id = await begin(person);
		const { page, holt } = person;
		await person.shows('Changes');
		await page.getByRole('tabpanel').getByRole('button', { name: /^notes\.txt/ }).click();
		await region(person).getByText('− two').waitFor();
		await region(person).getByText('+ 2').waitFor();
		await look(person, 'light');
		assert.deepEqual(await accessibilityFaults(page), []);
		await page.emulateMedia({ colorScheme: 'dark' });
		await look(person, 'dark');
		await page.getByRole('button', { name: 'Put this file back' }).click();
		await page.getByRole('region', { name: 'Notices' }).getByText('notes.txt is as before').waitFor();
		assert.equal(await holt.text(id, 'notes.txt'), 'one\ntwo\nthree\n');
		assert.equal(await holt.text(id, 'other.txt'), 'new\n');
		await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: /Undo/ }).click();
		await person.note('put notes.txt back').nth(1).waitFor();
		assert.equal(await holt.text(id, 'notes.txt'), 'one\n2\nthree\n');
	}
);

story('from before a run one goes another way', { answers: ANSWERS }, async (person) => {
	const id = await begin(person);
	const { page, holt } = person;
	await person.shows('Changes');
	await page.getByRole('button', { name: 'Fork before this' }).click();
	await page.waitForURL((url) => url.pathname.includes('/app/sessions/') && !url.pathname.endsWith(id));
	await person.note('made this session as a copy').waitFor();
	const fork = person.sessionId;
	assert.equal(await holt.text(fork, 'notes.txt'), 'one\ntwo\nthree\n');
	assert.equal(await person.promptSaying('Change them').count(), 0);
	await person.prompts('Do it otherwise');
	await page.getByText('Otherwise.').waitFor();
	assert.equal(await holt.text(id, 'notes.txt'), 'one\n2\nthree\n');
});

story('a run is done again from a step', { answers: ANSWERS }, async (person) => {
	const id = await begin(person);
	const { page, holt } = person;
	await person.runEnd().last().getByRole('button', { name: 'What can be done from here' }).click();
	await page.getByRole('menuitem', { name: 'Do the last step again' }).click();
	await page.waitForURL((url) => url.pathname.includes('/app/sessions/') && !url.pathname.endsWith(id));
	await page.getByText('Otherwise.').waitFor();
	const before = await holt.api('GET', `/v2/sessions/${id}`);
	assert.equal(before.status, 'idle');
	assert.equal(await page.getByText('Changed.').count(), 0);
});

story('on a phone it fits', { answers: ANSWERS, viewport: { width: 390, height: 844 } }, async (person) => {
	await begin(person);
	const { page } = person;
	await person.shows('Changes');
	await page.getByRole('tabpanel').getByRole('button', { name: /^notes\.txt/ }).click();
	await region(person).getByText('+ 2').waitFor();
	await look(person, 'phone');
	assert.deepEqual(await accessibilityFaults(page), []);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	assert.ok(wide <= 390, `${wide}`);
	await assertNothingIsCut(page);
});

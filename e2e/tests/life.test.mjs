// A session's life, as far as a person steers it from the page: steering a run, sleep, waking, the end.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ASKS_FIRST } from '../lib/holt.mjs';
import { scene } from '../lib/scene.mjs';

const { holt, story } = scene();

story('a prompt joins a run', async (person) => {
	const { page } = person;
	// Begun with everything folded away opened: the agent asks before it runs commands.
	await person.unfoldsSettings();
	await page.getByRole('checkbox', { name: /Ask me before it runs commands/ }).check();
	await person.begins('Write a script with a test');
	await person.question.waitFor();

	await page.getByText('Steer', { exact: true }).click();
	await person.prompt.fill('Keep it short');
	await page.getByRole('button', { name: 'Steer' }).click();
	await page.getByText('joins at the next step').waitFor();
	await person.question.getByRole('button', { name: 'Allow once' }).click();
	await person.promptSaying('Keep it short').getByText('joined the run').waitFor();
});

story('a prompt interrupts a run', async (person) => {
	const { page } = person;
	const { id } = await holt.begin({ policy: ASKS_FIRST, prompt: { text: 'Write a script with a test' } });
	await person.opens(id);
	await person.question.waitFor();
	await page.getByText('Interrupt', { exact: true }).click();
	await person.prompt.fill('Explain this workspace');
	await page.getByRole('button', { name: 'Interrupt' }).click();
	await person.runEnd('Stopped').waitFor();
	await person.promptSaying('Explain this workspace').waitFor();
	await person.runEnd('Done').waitFor();
});

story('a session sleeps, wakes with the next prompt, and ends', async (person) => {
	const { page } = person;
	await person.begins('Explain this workspace');
	await person.runEnd().waitFor();
	await person.chooses('Sleep');
	await person.state('asleep').waitFor();
	await person.shows('Details');
	await page.getByText('closed', { exact: true }).waitFor();

	await person.prompts('Explain this workspace');
	await person.runEnd().nth(1).waitFor();
	await page.getByText('open', { exact: true }).waitFor();

	await person.chooses('End the session');
	await page.getByText('The session has ended. Its conversation and files stay.').waitFor();
	await person.list('Done').waitFor();
});

story('a session works in a directory of its own person, and refuses what is none', async (person) => {
	const { page } = person;
	const directory = await mkdtemp(join(tmpdir(), 'holt-e2e-project-'));
	await writeFile(join(directory, 'README.md'), '# Otters\n');
	const path = page.getByRole('textbox', { name: 'Path of the directory' });
	await person.unfoldsSettings();
	await page.getByRole('radio', { name: /A directory on/ }).check();
	await path.fill('relative/path');
	await person.prompt.fill('Explain this workspace');
	await page.getByRole('button', { name: 'Begin' }).click();
	await page.getByRole('alert').getByText('bad_directory').waitFor();
	person.expects(/status of 400/);

	await path.fill(directory);
	await page.getByRole('button', { name: 'Begin' }).click();
	await person.runEnd().waitFor();
	await person.file(/README\.md/).waitFor();
	await person.shows('Details');
	await page.getByText(directory, { exact: true }).waitFor();
	await rm(directory, { recursive: true, force: true });
});

story('two browsers see the same, at the same time', async (one, another) => {
	const two = await another({ viewport: { width: 390, height: 844 } });
	await one.begins('Make a small web page about rivers');
	// It comes into the other's list by itself.
	await two.page.getByRole('link', { name: /rivers/ }).click();
	await Promise.all([one.runEnd().waitFor(), two.runEnd().waitFor()]);
	assert.deepEqual(await two.conversation(), await one.conversation());
});

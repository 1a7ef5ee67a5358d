// A session's life, as far as a person steers it from the page: steering a run, sleep, waking, the end.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const menu = (page) => page.getByRole('button', { name: 'What can be done to this session' });
const prompt = (page) => page.getByRole('textbox', { name: 'Prompt' });

test('a prompt joins a run', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	// Begun with everything folded away opened: the agent asks before it runs commands.
	await page.locator('summary').click();
	await page.getByRole('checkbox', { name: /Ask me before it runs commands/ }).check();
	await prompt(page).fill('Write a script with a test');
	await page.keyboard.press('Enter');
	const card = page.locator('[data-approval]');
	await card.waitFor();

	await page.getByText('Steer', { exact: true }).click();
	await prompt(page).fill('Keep it short');
	await page.getByRole('button', { name: 'Steer' }).click();
	await page.getByText('joins at the next step').waitFor();
	await card.getByRole('button', { name: 'Allow once' }).click();
	await page
		.getByRole('article', { name: /Prompt of/ })
		.filter({ hasText: 'Keep it short' })
		.getByText('joined the run')
		.waitFor();

	assertQuiet(troubles);
	await context.close();
});

test('a prompt interrupts a run', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	const policy = {
		rules: [{ tool: 'execute_command', verdict: 'ask' }],
		otherwise: 'allow',
		answer_within_seconds: 600
	};
	const { id } = await holt.api('POST', '/v2/sessions', { policy, prompt: { text: 'Write a script with a test' } });
	await page.goto(`${holt.url}/app/sessions/${id}`);
	await page.locator('[data-approval]').waitFor();
	await page.getByText('Interrupt', { exact: true }).click();
	await prompt(page).fill('Explain this workspace');
	await page.getByRole('button', { name: 'Interrupt' }).click();
	await page.locator('.row.run-end', { hasText: 'Stopped' }).waitFor();
	await page
		.getByRole('article', { name: /Prompt of/ })
		.filter({ hasText: 'Explain this workspace' })
		.waitFor();
	await page.locator('.row.run-end', { hasText: 'Done' }).waitFor();
	assertQuiet(troubles);
	await context.close();
});

test('a session sleeps, wakes with the next prompt, and ends', async () => {
	const { page, context, troubles } = await openPage(browser);
	await signIn(page, holt);
	await prompt(page).fill('Explain this workspace');
	await page.keyboard.press('Enter');
	await page.locator('.row.run-end').waitFor();
	await menu(page).click();
	await page.getByRole('menuitem', { name: 'Sleep' }).click();
	await page.locator('header').getByText('asleep').waitFor();
	await page.getByRole('tab', { name: 'Details' }).click();
	await page.getByText('closed', { exact: true }).waitFor();

	await prompt(page).fill('Explain this workspace');
	await page.keyboard.press('Enter');
	await page.locator('.row.run-end').nth(1).waitFor();
	await page.getByText('open', { exact: true }).waitFor();

	await menu(page).click();
	await page.getByRole('menuitem', { name: 'End the session' }).click();
	await page.getByText('The session has ended. Its conversation and files stay.').waitFor();
	await page.getByRole('navigation', { name: 'Sessions' }).locator('section', { hasText: 'Done' }).waitFor();
	assertQuiet(troubles);
	await context.close();
});

test('a session works in a directory of its own person, and refuses what is none', async () => {
	const { page, context, troubles } = await openPage(browser);
	const directory = await mkdtemp(join(tmpdir(), 'holt-e2e-project-'));
	await writeFile(join(directory, 'README.md'), '# Otters\n');
	await signIn(page, holt);
	await page.locator('summary').click();
	await page.getByRole('radio', { name: /A directory on/ }).check();
	await page.getByRole('textbox', { name: 'Path of the directory' }).fill('relative/path');
	await prompt(page).fill('Explain this workspace');
	await page.getByRole('button', { name: 'Begin' }).click();
	await page.getByRole('alert').getByText('bad_directory').waitFor();

	await page.getByRole('textbox', { name: 'Path of the directory' }).fill(directory);
	await page.getByRole('button', { name: 'Begin' }).click();
	await page.locator('.row.run-end').waitFor();
	await page
		.locator('.files')
		.getByRole('button', { name: /README\.md/ })
		.waitFor();
	await page.getByRole('tab', { name: 'Details' }).click();
	await page.getByText(directory, { exact: true }).waitFor();
	assertQuiet(troubles, [/status of 400/]);
	await context.close();
	await rm(directory, { recursive: true, force: true });
});

test('two browsers see the same, at the same time', async () => {
	const [one, two] = [await openPage(browser), await openPage(browser, { viewport: { width: 390, height: 844 } })];
	await signIn(one.page, holt);
	await signIn(two.page, holt);
	await prompt(one.page).fill('Make a small web page about rivers');
	await one.page.keyboard.press('Enter');
	await one.page.waitForURL(/\/app\/sessions\//);
	// It comes into the other's list by itself.
	await two.page.getByRole('link', { name: /rivers/ }).click();
	await Promise.all([one, two].map(({ page }) => page.locator('.row.run-end').waitFor()));
	const texts = ({ page }) => page.locator('.row.message').allInnerTexts();
	assert.deepEqual(await texts(two), await texts(one));
	assertQuiet(one.troubles);
	assertQuiet(two.troubles);
	await Promise.all([one.context.close(), two.context.close()]);
});

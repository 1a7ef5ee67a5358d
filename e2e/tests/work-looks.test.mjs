// What people see of an agent at work and answer to it: its plan, its questions in words, what it wants to run, what its model
// sees. In both themes and at three widths: pictures for somebody to look at, nothing that axe minds, nothing that sticks out.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { ASKS_FIRST } from '../lib/holt.mjs';
import { SIZES, assertFits, assertNothingIsCut } from '../lib/looks.mjs';
import { runs, says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const PLAN = [
	['Read how the date is made today', 'done'],
	['Decide with the person how weeks begin', 'in_progress'],
	['Change the picker, and the three places that use it, so that weeks begin where the person lives', 'pending'],
	['Run the tests', 'pending']
].map(([text, status]) => ({ text, status }));

const ASKS = {
	question: 'Do weeks begin on Monday everywhere, or as the language of the browser says?\n\nBoth are a few lines.',
	choices: ['Monday everywhere', 'As the language of the browser says, and Monday where it does not say anything']
};

const COMMAND = `cd web && npm ci && npm run build -- --mode production --out-dir ../target/page && cp -r dist/* ../target/page/ && du -sh ../target/page`;

const ANSWERS = [
	{ text: 'I look at it first.', calls: [{ tool: 'update_plan', arguments: { items: PLAN } }] },
	{ calls: [{ tool: 'ask_human', arguments: ASKS }] },
	runs('true', `${COMMAND} || true`),
	says('Weeks begin on **Monday** now. I changed `picker.ts` and the three places that use it.'),
	says('The person wants weeks to begin on Monday. `picker.ts` was changed.')
];

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce', answers: ANSWERS };
		story(`an agent at work, ${size.name} pixels, ${colorScheme}`, window, async (person) => {
			const { page, holt, question } = person;
			const look = async (name) => {
				await person.isPictured(join(pictures, `${size.name}-${colorScheme}-work-${name}.png`));
				assert.deepEqual(await accessibilityFaults(page), [], name);
				await assertFits(page, size);
				await assertNothingIsCut(page);
			};
			const prompt = { text: 'Have weeks begin on the right day' };
			const { id } = await holt.begin({ title: 'Weeks', policy: ASKS_FIRST, prompt });
			await person.opens(id);
			await question.getByText('The agent asks you').waitFor();
			await look('0-asks');
			const plan = page.locator('details', { hasText: '1 of 4' });
			await plan.locator('summary').click();
			await plan.getByText('Run the tests').waitFor();
			await look('1-plan');
			await plan.locator('summary').click();

			await question.getByRole('button', { name: 'Monday everywhere' }).click();
			await question.getByText('1 more after it').waitFor();
			await look('2-approval');
			await question.getByRole('button', { name: 'Allow once' }).click();
			await question.locator('pre', { hasText: 'npm run build' }).waitFor();
			await question.getByText('Other answers').click();
			await question.getByRole('textbox', { name: 'Why not' }).waitFor();
			await look('3-other-answers');
			await question.getByRole('button', { name: 'Edit' }).click();
			await question.getByRole('textbox', { name: 'Run this instead' }).waitFor();
			await look('4-edit');
			await question.getByRole('button', { name: 'Back' }).click();
			await question.getByRole('button', { name: 'Allow once' }).click();
			await person.runEnd('Done in').waitFor();
			await look('5-done');

			await person.shows('Details');
			const seen = page.getByRole('region', { name: 'What the model sees' });
			await seen.getByRole('button', { name: 'Sum up now' }).click();
			await seen.getByRole('button', { name: 'Show the summary' }).click();
			await seen.getByText('weeks to begin on Monday').waitFor();
			await look('6-context');
		});
	}
}

// Where a session may go: a question that waits in the conversation, its answer, and the policy among the details.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { scene } from '../lib/scene.mjs';

// Not the address that programs take for their own, and not one that any policy lets them reach.
const HOST = '127.0.0.2:9';

const { holt, story, pictures } = scene();

/** A session in which somebody waits to be let out. */
async function asking() {
	const { id } = await holt.begin({ title: 'Wants out', network: 'allow' });
	await holt.api('POST', `/v2/sessions/${id}/wake`);
	const command = ['bash', '-c', `curl -sS -m 300 http://${HOST}/; sleep 300`];
	await holt.api('POST', `/v2/sessions/${id}/terminals`, { command, rows: 24, cols: 80 });
	await holt.once(id, ({ host_questions: open = [] }) => open.length === 1);
	return id;
}

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		story(
			`a question about a host and its answer, ${size.name} pixels, ${colorScheme}`,
			{ ...size, colorScheme, reducedMotion: 'reduce' },
			async (person) => {
				const { page } = person;
				const look = async (name) => {
					await person.isPictured(join(pictures, `${size.name}-${colorScheme}-${name}.png`));
					assert.deepEqual(await accessibilityFaults(page), [], name);
					await assertFits(page, size);
				};
				const id = await asking();
				await person.opens(id);
				await page.getByText('May the session reach this host?').waitFor();
				await page.getByText(HOST).first().waitFor();
				await look('network-question');
				await page.getByRole('button', { name: 'Allow in this session' }).click();
				await holt.once(id, ({ host_questions: open = [] }) => open.length === 0);
				await page.getByText('May the session reach this host?').waitFor({ state: 'detached' });
				await person.shows('Details');
				await page.getByLabel('Rules for hosts').getByText(HOST).waitFor();
				await look('network-policy');
				await page.getByRole('textbox', { name: 'A host' }).fill('*.example.com');
				await page.getByLabel('What is said to it').selectOption('deny');
				await page.getByRole('button', { name: 'Add' }).click();
				await page.getByLabel('Rules for hosts').getByText('*.example.com').waitFor();
				await page.getByLabel('Network of the session').selectOption('none');
				const { network, hosts } = await holt.once(id, (record) => record.network === 'none');
				assert.equal(network, 'none');
				assert.deepEqual(hosts, [
					{ host: '*.example.com', verdict: 'deny' },
					{ host: HOST, verdict: 'allow' }
				]);
			}
		);
	}
}

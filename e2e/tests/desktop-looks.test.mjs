// The desktop's views in both themes and at three widths: pictures for somebody to look at, and nothing that axe minds.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { runs, runsLong, says, startsProgram } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const ANSWERS = [
	startsProgram("xterm -fa Monospace -fs 16 -geometry 80x20+40+60 -e 'ls -la / | head -18; exec bash --norc'"),
	says('There is a terminal on the screen.'),
	runsLong('until [ -e go ]; do sleep 0.05; done'),
	says('Done waiting.'),
	runs('true'),
	says('That worked.')
];

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce', answers: ANSWERS };
		story(`${size.name} pixels, ${colorScheme}`, window, async (person, another) => {
			const { page, desktop, holt } = person;
			const look = async (name) => {
				await person.isPictured(join(pictures, `desktop-${size.name}-${colorScheme}-${name}.png`));
				assert.deepEqual(await accessibilityFaults(page), [], name);
				await assertFits(page, size);
			};

			const { id } = await holt.begin({ prompt: { text: 'Open a terminal' } });
			await holt.once(id, ({ status }) => status === 'idle');
			await person.looksAt(id);
			await desktop.isSeen({ x: 60, y: 80, width: 400, height: 24 }, 5);
			await look('0-watching');

			await holt.api('POST', `/v2/sessions/${id}/prompts`, { text: 'Wait for me' });
			await holt.once(id, ({ status }) => status === 'running');
			await desktop.takes();
			await desktop.says('the agent is waiting').waitFor();
			await look('1-driving');
			await desktop.letsProgramsRun();
			await look('2-programs-run');

			const ada = await another({});
			await ada.page.evaluate(() => localStorage.clear());
			await ada.signsInAs('Ada');
			await ada.looksAt(id);
			await ada.desktop.button(/Take it from/).click();
			await desktop.says('Ada has control').waitFor();
			await look('3-another');
			await ada.desktop.gives();
			await holt.api('PUT', `/v2/sessions/${id}/files/go`, '');
			await holt.once(id, ({ status }) => status === 'idle');

			await person.opens(`/vnc/${id}/vnc.html`);
			await desktop.isSeen();
			await look('4-window');
			await desktop.takes();
			await look('5-window-driving');
			await desktop.gives();

			await holt.api('POST', `/v2/sessions/${id}/sleep`);
			await person.opens(id);
			await person.shows('Desktop');
			await page.getByText('The session is asleep').waitFor();
			await look('6-asleep');
		});
	}
}

// Terminals: real shells in the sandbox, typed in from the page.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { scene } from '../lib/scene.mjs';
import { TerminalView } from '../lib/terminal.mjs';

const { story, pictures } = scene();

async function begun(person) {
	const { id } = await person.holt.begin({});
	await person.opens(id);
	return [id, new TerminalView(person)];
}

story('a shell is typed in, and is where it was after a reload', async (person) => {
	const [id, terminal] = await begun(person);
	await terminal.opens();
	await terminal.types("here=yes; echo see'n':$COLORTERM\n");
	await terminal.sees('seen:truecolor');
	await terminal.types("printf '\\e[1;31mred\\e[m \\e[38;2;10;200;30mgreen\\e[m\\n'\n");
	const colour = (text) =>
		person.page
			.locator('.xterm-rows span', { hasText: new RegExp(`^${text}$`) })
			.last()
			.evaluate((span) => getComputedStyle(span).color);
	assert.notEqual(await colour('red'), await colour('green'));
	assert.equal(await colour('green'), 'rgb(10, 200, 30)');
	await person.page.reload();
	await person.shows('Terminal');
	await terminal.sees('seen:truecolor');
	await terminal.types('echo still:$here\n');
	await terminal.sees('still:yes');
	const { events } = await person.holt.api('GET', `/v2/sessions/${id}/events`);
	assert.ok(events.some(({ kind }) => kind === 'terminal_opened'));
	assert.ok(!JSON.stringify(events).includes('truecolor'), 'what is shown is in no log');
});

story('it has the size of its place, and programs notice when that changes', async (person) => {
	const [, terminal] = await begun(person);
	await terminal.opens();
	const size = async () => {
		await terminal.types('clear; echo "[$(stty size)]"\n');
		await person.page.waitForFunction(() =>
			/\[\d+ \d+\]/.test(document.querySelector('.xterm-rows').textContent)
		);
		return (await terminal.text())
			.match(/\[(\d+) (\d+)\]/)
			.slice(1)
			.map(Number);
	};
	const [rows] = await size();
	assert.ok(rows > 24, `${rows} rows`);
	await person.page.setViewportSize({ width: 1440, height: 500 });
	await terminal.types(
		'clear; until [ "$(stty size)" != "$old" ] && [ "$(stty size | cut -d\' \' -f1)" -lt 25 ]; do sleep 0.05; done; echo smal""ler\n'
	);
	await terminal.sees('smaller');
	assert.ok((await size())[0] < rows);
});

story('nothing that a program puts out reaches the clipboard, the title or a link', async (person) => {
	await person.context.grantPermissions(['clipboard-read', 'clipboard-write']);
	await person.page.evaluate(() => navigator.clipboard.writeText('mine'));
	const [, terminal] = await begun(person);
	await terminal.opens();
	const title = await person.page.title();
	await terminal.types(
		"printf '\\e]52;c;ZXZpbA==\\a\\e]0;evil\\a\\e]8;;https://evil.example\\e\\\\bank\\e]8;;\\e\\\\\\e]11;#ff0000\\a don''e\\n'\n"
	);
	await terminal.sees('bank done');
	assert.equal(await person.page.title(), title);
	assert.equal(await person.page.evaluate(() => navigator.clipboard.readText()), 'mine');
	assert.equal(await terminal.view.locator('a').count(), 0);
});

story('several stand side by side, are named, shared and closed', async (person, another) => {
	const [id, terminal] = await begun(person);
	await terminal.opens();
	await terminal.types('echo fir""st\n');
	await terminal.sees('first');
	await terminal.button('Open another terminal').click();
	await terminal.tab('shell').nth(1).waitFor();
	await terminal.sees('$');
	await terminal.menu('Rename');
	await terminal.view.getByLabel('Name of the terminal').fill('build');
	await person.page.keyboard.press('Enter');
	await terminal.tab('build').waitFor();
	await terminal.types('echo secon""d\n');
	await terminal.sees('second');
	await terminal.tab('shell').click();
	await terminal.sees('first');

	const ada = await another({});
	await ada.page.evaluate(() => localStorage.clear());
	await ada.signsInAs('Ada', ['view']);
	await ada.opens(id);
	await ada.shows('Terminal');
	const hers = new TerminalView(ada);
	await hers.view.getByText('No terminal is open for you').waitFor();
	await terminal.menu('Share with all');
	await ada.page.reload();
	await ada.shows('Terminal');
	await hers.sees('first');
	await hers.view.getByText('View only').waitFor();
	await hers.types('echo never""seen\n');
	await terminal.types('echo both""seen\n');
	await hers.sees('bothseen');
	assert.ok(!(await hers.text()).includes('neverseen'));

	await terminal.types('exit 3\n');
	await terminal.view.getByText('The program has ended with code 3').waitFor();
	await terminal.button('Close').click();
	await terminal.tab('shell').waitFor({ state: 'detached' });
	await terminal.sees('second');
	await terminal.menu('Close');
	await terminal.view.getByText('No terminal is open').waitFor();
});

story('the keyboard finds its way out', async (person) => {
	const [, terminal] = await begun(person);
	await terminal.opens();
	await terminal.types('cat\n');
	await person.page.keyboard.press('Tab');
	await terminal.types('in""side\n');
	await terminal.sees('in""side');
	await person.page.keyboard.press('Control+Alt+Shift');
	assert.equal(await terminal.tab('shell').evaluate((tab) => tab === document.activeElement), true);
});

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce' };
		story(`${size.name} pixels, ${colorScheme}`, window, async (person) => {
			const look = async (name) => {
				await person.isPictured(join(pictures, `terminal-${size.name}-${colorScheme}-${name}.png`));
				assert.deepEqual(await accessibilityFaults(person.page), [], name);
				await assertFits(person.page, size);
			};
			const [, terminal] = await begun(person);
			await person.shows('Terminal');
			await terminal.button('Open a terminal').waitFor();
			await look('0-none');
			await terminal.opens();
			await terminal.types(
				'clear; ls -la --color=always / | head -12; for c in 1 2 3 4 5 6 7; do printf "\\e[3${c}mplain \\e[1;9${c}mbright\\e[m "; done; echo; echo en""d\n'
			);
			await terminal.sees('end');
			await look('1-shell');
			if (size.hasTouch) {
				await terminal.button('Ctrl').click();
				await terminal.types('l');
				await person.page.waitForFunction(
					() => !document.querySelector('.xterm-rows').textContent.includes('bright')
				);
				for (const key of ['Esc', 'Tab', 'Up', 'Keyboard', 'Paste']) await terminal.button(key).waitFor();
			}
			await terminal.types('exit\n');
			await terminal.view.getByText('The program has ended').waitFor();
			await look('2-ended');
		});
	}
}

// Hands on the desktop: fingers and a phone's keyboard, clipboards, and the hands that have left.

import assert from 'node:assert/strict';
import { says, startsProgram } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story } = scene();

const ANSWERS = [
	startsProgram('xterm -fa Monospace -fs 16 -geometry 80x20+40+60 -e bash --norc'),
	says('There is a terminal.')
];
const IN_TERMINAL = { x: 300, y: 300 };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, answers: ANSWERS };

async function atTerminal(person) {
	const { id } = await person.holt.begin({ prompt: { text: 'Begin' } });
	await person.holt.once(id, ({ status }) => status === 'idle');
	await person.looksAt(id);
	await person.desktop.isSeen({ x: 60, y: 80, width: 400, height: 24 }, 5);
	return id;
}

story('a phone looks closer with two fingers', PHONE, async (person) => {
	const { page, desktop } = person;
	await atTerminal(person);
	const before = await desktop.canvas.boundingBox();
	await desktop.spreads();
	await page.getByRole('button', { name: 'Show all of it' }).waitFor();
	const closer = await desktop.canvas.boundingBox();
	assert.ok(closer.width > 1.5 * before.width, `${closer.width} of ${before.width}`);

	// One finger moves what is seen, as long as one only watches.
	await desktop.drags({ x: 250, y: 400 }, { x: 150, y: 400 });
	const moved = await desktop.canvas.boundingBox();
	assert.ok(moved.x < closer.x, `${moved.x} after ${closer.x}`);
	await page.getByRole('button', { name: 'Show all of it' }).tap();
	await page.getByRole('button', { name: 'Show all of it' }).waitFor({ state: 'detached' });
});

story('a phone taps, and types with the keyboard on its screen', PHONE, async (person) => {
	const { page, desktop } = person;
	const id = await atTerminal(person);
	await desktop.takes();
	await desktop.letsProgramsRun();
	await desktop.taps(IN_TERMINAL.x, IN_TERMINAL.y);
	await page.getByRole('button', { name: 'Type with the keyboard on the screen' }).tap();
	await page.keyboard.insertText('echo otters > typped');
	for (let count = 0; count < 4; count += 1) await page.keyboard.press('Backspace');
	await page.keyboard.insertText('ped\n');
	await person.holt.onceFile(id, 'typed');

	// Pushed, not touched: the pointer goes where it is pushed, whatever lies under the finger.
	await page.getByRole('button', { name: 'Push the pointer' }).tap();
	await desktop.drags({ x: 200, y: 420 }, { x: 120, y: 380 });
	await page.getByRole('button', { name: 'Type with the keyboard on the screen' }).tap();
	await page.keyboard.insertText('echo 5 > five\n');
	await person.holt.onceFile(id, 'five');
});

story(
	'clipboards move by a gesture only',
	{ answers: ANSWERS, permissions: ['clipboard-read', 'clipboard-write'] },
	async (person) => {
		const { page, desktop, holt } = person;
		const id = await atTerminal(person);
		await page.evaluate(() => navigator.clipboard.writeText('echo pasted > pasted'));
		await desktop.takes();
		await desktop.letsProgramsRun();
		await desktop.clicks(IN_TERMINAL.x, IN_TERMINAL.y);

		await page.getByRole('button', { name: 'Paste into the desktop' }).click();
		await page.getByText('The desktop’s clipboard has it').waitFor();
		// What xterm pastes: the primary selection with Shift Insert, which Xvnc sets along with the clipboard.
		const inserts = async () => {
			const before = await desktop.picture();
			await page.keyboard.press('Shift+Insert');
			await desktop.moves(before);
			await page.keyboard.press('Enter');
		};
		await inserts();
		await person.holt.onceFile(id, 'pasted');

		// The keys that paste bring the text along.
		await page.evaluate(() => navigator.clipboard.writeText('by its keys'));
		await desktop.types('stty lnext undef; cat > keys\n');
		await holt.onceFile(id, 'keys');
		await page.keyboard.press('Control+V');
		await inserts();
		await page.keyboard.press('Control+D');
		await desktop.types('mv keys brought\n');
		await holt.onceFile(id, 'brought');
		const brought = await holt.text(id, 'brought');
		assert.ok(brought.includes('by its keys'), brought);

		// What is marked on the desktop is offered, and goes nowhere by itself.
		await desktop.types('clear; echo ottersottersotters\n');
		await desktop.clicks(120, 105, { clickCount: 2 });
		const copy = desktop.button(/^Copy$/);
		await copy.waitFor();
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'by its keys');
		await copy.click();
		await page.getByText('Copied from the desktop').waitFor();
		assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^(otters)+$/);
	}
);

story('who does nothing for a while is asked whether they are done', { answers: ANSWERS }, async (person) => {
	const { page, desktop } = person;
	await page.clock.install();
	await atTerminal(person);
	await desktop.takes();
	await page.clock.fastForward('02:05');
	const offer = page.getByText('Does the agent get its desktop back?');
	await offer.waitFor();
	await page.getByRole('button', { name: 'Not now' }).click();
	await offer.waitFor({ state: 'detached' });
	await desktop.says('You have control').waitFor();
	await page.clock.fastForward('02:05');
	await offer.waitFor();
	await page.locator('.offer').getByRole('button', { name: 'Give back' }).click();
	await desktop.says('View only').waitFor();
});

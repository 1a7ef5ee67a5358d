// The desktop: watched by all, moved by one at a time, while the agent waits.

import assert from 'node:assert/strict';
import { says, runsLong, startsProgram } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story } = scene();

const PLACE = '-geometry 80x20+40+60';
const terminal = (command = '') => startsProgram(`xterm -fa Monospace -fs 16 ${PLACE}${command && ` -e ${command}`}`);
/** Inside the terminal, in pixels of the desktop. */
const IN_TERMINAL = { x: 300, y: 300 };

const OPENS_TERMINAL = [terminal('bash --norc'), says('There is a terminal.')];
const WATCHES_CLOCK = [terminal("sh -c 'while date +%s%N; do sleep 0.1; done'"), says('It runs.')];

/** A session whose agent has done what it was scripted to do. */
async function done({ holt }) {
	const { id } = await holt.begin({ prompt: { text: 'Begin' } });
	await holt.once(id, ({ status }) => status === 'idle');
	return id;
}

/** Clicks into the terminal and runs a command there. */
async function runs({ desktop }, command) {
	await desktop.clicks(IN_TERMINAL.x, IN_TERMINAL.y);
	await desktop.types(`${command}\n`);
}

/** Waits until the terminal stands where it belongs, with something written in it. */
const seesTerminal = ({ desktop }) => desktop.isSeen({ x: 60, y: 80, width: 400, height: 24 }, 5);

story('a desktop shows pixels that move', { answers: WATCHES_CLOCK }, async (person) => {
	const id = await done(person);
	await person.looksAt(id);
	await person.desktop.says('View only').waitFor();
	await seesTerminal(person);
	await person.desktop.moves(await person.desktop.picture());
	await person.desktop.moves(await person.desktop.picture());
});

story('looking at files starts no desktop', { answers: OPENS_TERMINAL }, async (person) => {
	const id = await done(person);
	const sockets = [];
	person.page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname));
	await person.opens(id);
	await person.runEnd().waitFor();
	await person.shows('Details');
	await person.shows('Files');
	assert.deepEqual(new Set(sockets), new Set(['/v2/feed']));
	await person.shows('Desktop');
	await person.desktop.isSeen();
	assert.ok(sockets.includes(`/v2/sessions/${id}/desktop`));
});

story('nothing passes until control is taken, then it does', { answers: OPENS_TERMINAL }, async (person) => {
	const { desktop, holt } = person;
	const id = await done(person);
	await person.looksAt(id);
	await seesTerminal(person);
	// None of these keys means anything to the page.
	await runs(person, 'echo 5>5');

	await desktop.takes();
	await desktop.letsProgramsRun();
	await runs(person, 'echo otter > typed');
	assert.deepEqual(await person.holt.onceFile(id, 'typed'), ['typed']);
	const file = await holt.api('GET', `/v2/sessions/${id}/events`);
	assert.ok(file.events.some(({ kind }) => kind === 'control_taken'));
	await person
		.note(/has control of the desktop, the agent waits/)
		.first()
		.waitFor();

	// Given back, the same keys do nothing again.
	await desktop.gives();
	await runs(person, 'echo 6>6');
	await desktop.takes();
	await desktop.letsProgramsRun();
	await runs(person, 'echo 7>7');
	assert.deepEqual(await person.holt.onceFile(id, '7'), ['7', 'typed']);
	await person.note('The agent has the desktop again').first().waitFor();
});

story(
	'control stays over a reload, and the keyboard finds its way back',
	{ answers: OPENS_TERMINAL },
	async (person) => {
		const { desktop, page } = person;
		const id = await done(person);
		await person.looksAt(id);
		await seesTerminal(person);
		await page.locator('body').press('t');
		await desktop.says('You have control').waitFor();
		await desktop.letsProgramsRun();

		await page.reload();
		// Whoever drives comes back to the desktop, not to the files.
		await desktop.says('You have control').waitFor();
		await desktop.isSeen();
		await runs(person, 'echo t g > typed');
		await person.holt.onceFile(id, 'typed');
		await desktop.says('You have control').waitFor();

		await page.keyboard.press('Control+Alt+Shift');
		assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), 'Give back');
		await page.keyboard.press('g');
		await desktop.says('View only').waitFor();
	}
);

story('one at a time, by name', { answers: OPENS_TERMINAL }, async (one, another) => {
	const id = await done(one);
	const ada = await another();
	await ada.page.evaluate(() => localStorage.clear());
	await ada.signsInAs('Ada');
	await Promise.all([one.looksAt(id), ada.looksAt(id)]);
	await Promise.all([seesTerminal(one), seesTerminal(ada)]);
	await ada.desktop.takes();
	await ada.desktop.letsProgramsRun();

	await one.desktop.says('Ada has control').waitFor();
	await runs(one, 'echo 5>5');
	await runs(ada, 'echo 6>6');
	assert.deepEqual(await one.holt.onceFile(id, '6'), ['6']);

	await one.desktop.button('Take it from Ada').click();
	await one.desktop.says('You have control').waitFor();
	await ada.desktop.says(/has control/).waitFor();
	await ada.desktop.button(/Take it from/).waitFor();
	await one.desktop.letsProgramsRun();
	await runs(ada, 'echo 7>7');
	await runs(one, 'echo 8>8');
	assert.deepEqual(await one.holt.onceFile(id, '8'), ['6', '8']);
});

const COUNTS = [runsLong('until [ -e go ]; do sleep 0.05; done; echo gone > count'), says('Counted.')];

story('the agent waits while a person drives, and goes on after', { answers: COUNTS }, async (person) => {
	const { desktop, holt, page } = person;
	const { id } = await holt.begin({ prompt: { text: 'Begin' } });
	await person.looksAt(id);
	await page.locator('.row.call').first().waitFor();
	await desktop.takes();
	await desktop.says('You have control, the agent is waiting').waitFor();

	// What its program waits for is there, and the program does not see it.
	await holt.api('PUT', `/v2/sessions/${id}/files/go`, '');
	for (let look = 0; look < 20; look += 1) {
		const { status } = await holt.api('GET', `/v2/sessions/${id}`);
		assert.equal(status, 'running');
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	await desktop.gives();
	await person.runEnd('Done').waitFor();
	await person.holt.onceFile(id, 'count');
});

const CUT_OFF = [
	/WebSocket/,
	/ERR_CONNECTION/,
	/ERR_EMPTY_RESPONSE/,
	/Failed to load resource/,
	/Failed when|Failed while/
];

story('a lost server takes neither the desktop nor control away', { answers: OPENS_TERMINAL }, async (person) => {
	const { page, desktop, holt } = person;
	const id = await done(person);
	await person.looksAt(id);
	await seesTerminal(person);
	await desktop.takes();
	await desktop.letsProgramsRun();

	person.expects(...CUT_OFF);
	await holt.crash();
	await page.getByText('The connection to the desktop is lost').waitFor();
	await holt.up();
	await seesTerminal(person);
	await desktop.says('You have control').waitFor();
	await runs(person, 'echo 5>5');
	await holt.onceFile(id, '5');
});

story('a sleeping session is woken for its desktop', { answers: OPENS_TERMINAL }, async (person) => {
	const { page, desktop, holt } = person;
	const id = await done(person);
	await holt.api('POST', `/v2/sessions/${id}/sleep`);
	await person.opens(id);
	await person.shows('Desktop');
	await page.getByText('The session is asleep').waitFor();
	await page.getByRole('button', { name: 'Wake the session' }).click();
	await desktop.isSeen();
});

story('a session without a desktop says so', async (person) => {
	const { id } = await person.holt.begin({ title: 'Blind', desktop: { flavour: 'none' } });
	await person.opens(id);
	await person.shows('Desktop');
	await person.page.getByText('This session has no desktop').waitFor();
});

story('a desktop in a window of its own', { answers: OPENS_TERMINAL }, async (person) => {
	const { desktop, page, context } = person;
	const id = await done(person);
	await person.looksAt(id);
	const [opened] = await Promise.all([
		context.waitForEvent('page'),
		page.getByRole('link', { name: 'Open in a window' }).click()
	]);
	assert.equal(new URL(opened.url()).pathname, `/vnc/${id}/vnc.html`);
	await opened.close();

	await person.opens(`/vnc/${id}/vnc.html?autoconnect=0&path=websockify&quality=4`);
	await page.getByRole('button', { name: 'Show the desktop' }).click();
	await desktop.isSeen();
	await seesTerminal(person);
	await desktop.takes();
	await desktop.letsProgramsRun();
	await runs(person, 'echo 5>5');
	await person.holt.onceFile(id, '5');

	await person.opens(`/vnc/${id}/vnc.html?view_only=1`);
	await desktop.isSeen();
	assert.equal(await desktop.button('Take control').count(), 0);
});

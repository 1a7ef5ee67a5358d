// The agent's browser: what it opens, fills and reads is on the screen that people watch, and said above it.

import assert from 'node:assert/strict';
import { says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story } = scene();

const PAGE = `<!doctype html><title>Order</title>
<style>body { background: rgb(12, 140, 120); font: 28px sans-serif } body.done { background: rgb(200, 30, 120) }</style>
<h1>Order a den</h1>
<form onsubmit="event.preventDefault(); document.title = 'Ordered ' + place.value; document.body.className = 'done'">
<label>Place <input id="place"></label> <button>Send</button></form>`;

const call = (tool, given = {}) => ({ calls: [{ tool, arguments: given }] });
const SERVE = 'until curl -fs http://127.0.0.1:8125/ >/dev/null; do sleep 0.1; done';

/** References are given in the order of the page: the heading, the form, the field, the button. */
const FILLS_A_FORM = [
	call('write_file', { path: 'index.html', content: PAGE }),
	call('execute_command_async', { command: 'python3 -m http.server 8125 --bind 127.0.0.1' }),
	call('execute_command', { command: SERVE }),
	call('browser_open', { url: 'http://127.0.0.1:8125/' }),
	call('browser_snapshot'),
	call('browser_fill', { target: 'e3', text: 'river bank' }),
	call('browser_click', { target: 'e4' }),
	says('It is ordered.')
];

/** Pixels of the colour that the page has once the form was sent. */
function countsDone() {
	const canvas = document.querySelector('section.desktop canvas');
	if (!canvas || canvas.width < 2) return 0;
	const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
	copy.drawImage(canvas, 0, 0);
	const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
	let count = 0;
	for (let at = 0; at < data.length; at += 4) {
		if (data[at] > 180 && data[at + 1] < 60 && data[at + 2] > 90 && data[at + 2] < 150) count += 1;
	}
	return count;
}

story('the agent fills a form of its own server, and people see it', { answers: FILLS_A_FORM }, async (person) => {
	const { holt, page } = person;
	const { id } = await holt.begin({ prompt: { text: 'Order a den' } });
	await holt.once(id, ({ status }) => status === 'idle');
	const { events } = await holt.api('GET', `/v2/sessions/${id}/events`);
	const results = events.filter(({ kind }) => kind === 'call_finished').map(({ body }) => body.outcome);
	assert.deepEqual(
		results.filter(({ status }) => status !== 'succeeded'),
		[]
	);
	const shown = await holt.once(id, (session) => session.page?.title === 'Ordered river bank' && session.page);
	assert.equal((shown.page ?? shown).url, 'http://127.0.0.1:8125/');
	await person.looksAt(id);
	const line = page.getByRole('group', { name: 'Browser' });
	await line.getByText('Ordered river bank').waitFor();
	await line.getByText('http://127.0.0.1:8125/').waitFor();
	await page.waitForFunction(`(${countsDone})() > 10000`);
	await person.isPictured(process.env.PICTURES && `${process.env.PICTURES}/browser.png`);
});

// What the agent serves in its sandbox, opened on an origin of its own: beside the conversation, and in a tab.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits } from '../lib/looks.mjs';
import { says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { story, pictures } = scene();

const PORT = 5173;

/** A page with a script, a form and a WebSocket, and what answers them, without anything that has to be installed. */
const SERVER = String.raw`
import base64, hashlib, http.server, struct
PAGE = b"""<!doctype html><title>Otters</title><style>body{font:16px sans-serif;margin:40px;color:#123}</style>
<h1>A den of otters</h1><p id=said>waiting</p><p id=kept></p><form method=post action=/form><input name=name aria-label=Name><button>Send</button></form>
<script>
const socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/socket');
socket.onopen = () => socket.send('otter');
socket.onmessage = ({ data }) => (document.getElementById('said').textContent = data);
let kept = 'nothing is kept here';
try {
	localStorage.visits = Number(localStorage.visits ?? 0) + 1;
	kept = 'visit ' + localStorage.visits;
} catch {}
document.getElementById('kept').textContent = location.pathname + ': ' + kept + ', cookies: ' + document.cookie;
</script>"""
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def answer(self, body, *headers):
        self.send_response(200)
        for name, value in headers + (('Content-Type', 'text/html'), ('Content-Length', str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.headers.get('Upgrade', '').lower() == 'websocket': return self.talk()
        self.answer(PAGE, ('Set-Cookie', 'served=1; Domain=localhost; SameSite=None; Secure; Partitioned'))
    def do_POST(self):
        said = self.rfile.read(int(self.headers['Content-Length']))
        self.answer(b'<h1>Heard ' + said + b'</h1><p>' + repr(dict(self.headers)).encode() + b'</p>')
    def talk(self):
        key = self.headers['Sec-WebSocket-Key'].encode() + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
        self.send_response(101)
        for name, value in (('Upgrade', 'websocket'), ('Connection', 'Upgrade'),
                            ('Sec-WebSocket-Accept', base64.b64encode(hashlib.sha1(key).digest()).decode())):
            self.send_header(name, value)
        self.end_headers()
        head = self.rfile.read(2)
        mask = self.rfile.read(4)
        text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(head[1] & 127)))
        said = b'heard ' + text + b' over the socket'
        self.wfile.write(struct.pack('BB', 0x81, len(said)) + said)
        self.wfile.flush()
        self.rfile.read(1)
        self.close_connection = True
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('127.0.0.1', ${PORT}), Handler).serve_forever()
`;

const ANSWERS = [
	{
		calls: [
			{ tool: 'write_file', arguments: { path: 'server.py', content: SERVER } },
			{
				tool: 'execute_command_async',
				arguments: { command: 'until [ -e server.py ]; do sleep 0.05; done; python3 server.py' }
			}
		]
	},
	says('It serves.')
];

/** A session whose agent serves its page, opened at its preview. */
async function served(person) {
	person.expects(/^asked elsewhere: (http|ws):\/\/[0-9a-f]{32}\.localhost:/);
	const { id } = await person.holt.begin({ prompt: { text: 'Serve the otters' } });
	await person.holt.once(id, ({ status }) => status === 'idle');
	await person.opens(id);
	await person.shows('Preview');
	await person.page.getByText(`serves on port ${PORT}`).waitFor();
	return id;
}

const opens = (person) => person.page.getByRole('listitem').getByRole('button', { name: 'Open' }).click();
const framed = (person) => person.page.frameLocator('iframe');

story('what the agent serves opens beside the conversation, with its sockets', { answers: ANSWERS }, async (person) => {
	await served(person);
	await opens(person);
	const frame = framed(person);
	await frame.getByText('A den of otters').waitFor();
	await frame.getByText('heard otter over the socket').waitFor();
	// Nothing of Holt's is there, and it reaches nothing of Holt's.
	await frame.getByText(/cookies: served=1$/).waitFor();
	const origin = new URL(await person.page.locator('iframe').getAttribute('src')).origin;
	assert.match(origin, /^http:\/\/[0-9a-f]{32}\.localhost:\d+$/);

	await frame.getByLabel('Name').fill('Ada');
	await frame.getByRole('button', { name: 'Send' }).click();
	await frame.getByText('Heard name=Ada').waitFor();
	assert.doesNotMatch(await frame.locator('p').innerText(), /holt/i);

	// Elsewhere on it, it is the same origin.
	await person.page.getByRole('textbox', { name: 'Address' }).fill('/again?x=1');
	await person.page.keyboard.press('Enter');
	await frame.getByText('/again: ').waitFor();
	assert.equal(new URL(await person.page.locator('iframe').getAttribute('src')).origin, origin);
});

story('it opens in a tab of its own, for this browser alone', { answers: ANSWERS }, async (person, another) => {
	await served(person);
	await opens(person);
	await framed(person).getByText('A den of otters').waitFor();
	const [tab] = await Promise.all([
		person.context.waitForEvent('page'),
		person.page.getByRole('button', { name: 'Open in a tab of its own' }).click()
	]);
	await tab.getByText('heard otter over the socket').waitFor();
	await tab.getByText(/: visit \d+, cookies: served=1$/).waitFor();
	assert.equal(new URL(tab.url()).search, '', 'the ticket is gone from the address');
	assert.equal(await tab.evaluate(() => window.opener), null);
	assert.doesNotMatch(await tab.evaluate(() => document.cookie), /holt/);
	const answer = await tab.evaluate(() => fetch('/v2/me').then((response) => response.text()));
	assert.match(answer, /A den of otters/, 'what is at the address of a route is what the agent serves');

	const ada = await another();
	ada.expects(/403/, /^asked elsewhere: http:\/\/[0-9a-f]{32}\.localhost:/);
	await ada.page.goto(tab.url());
	await ada.page.getByText('This preview has not been opened in this browser').waitFor();

	await person.page.getByRole('button', { name: 'Close the preview' }).click();
	await person.page.getByText(`serves on port ${PORT}`).waitFor();
	person.expects(/404/);
	await tab.reload();
	await tab.getByText('This preview is closed').waitFor();
});

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		const window = { ...size, colorScheme, reducedMotion: 'reduce', answers: ANSWERS };
		story(`${size.name} pixels, ${colorScheme}`, window, async (person) => {
			const look = async (name) => {
				await person.isPictured(join(pictures, `preview-${size.name}-${colorScheme}-${name}.png`));
				assert.deepEqual(await accessibilityFaults(person.page), [], name);
				await assertFits(person.page, size);
			};
			await served(person);
			await look('0-found');
			await opens(person);
			await framed(person).getByText('over the socket').waitFor();
			await look('1-shown');
		});
	}
}

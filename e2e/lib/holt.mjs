// A real server on a free port, with a data directory of its own that goes with it.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
export const program = process.env.HOLT_BIN ?? join(here, '../../target/debug/holt');
const run = promisify(execFile);

/** How long something is waited for that a slow machine may take its time for. */
const PATIENCE = 120_000;

/** A policy under which the agent asks before it runs commands. */
export const ASKS_FIRST = {
	rules: [{ tool: 'execute_command*', verdict: 'ask' }],
	otherwise: 'allow',
	answer_within_seconds: 600
};

export class Holt {
	#directory;
	#port;
	#child;
	#log = '';

	/** `environment` is added to a clean one: no key of a model is let through. */
	constructor(environment = {}) {
		this.environment = environment;
	}

	/** Starts the server for the first time. */
	async start() {
		this.#directory = await mkdtemp(join(tmpdir(), 'holt-e2e-'));
		this.#port = await freePort();
		await this.up();
	}

	get url() {
		return `http://127.0.0.1:${this.#port}`;
	}

	get log() {
		return this.#log;
	}

	/** Starts the server, for the first time or again, and waits until it answers. */
	async up() {
		const args = ['serve', '--listen', `127.0.0.1:${this.#port}`];
		const child = spawn(program, args, {
			env: this.#env(),
			cwd: this.#directory,
			stdio: ['ignore', 'pipe', 'pipe']
		});
		this.#child = child;
		const gather = (chunk) => (this.#log = (this.#log + chunk).slice(-200_000));
		child.stdout.on('data', gather);
		child.stderr.on('data', gather);
		for (const until = Date.now() + PATIENCE; ;) {
			if (Date.now() > until) throw new Error(`holt does not answer:\n${this.#log}`);
			if (child.exitCode !== null) throw new Error(`holt ended with ${child.exitCode}:\n${this.#log}`);
			const answer = await fetch(`${this.url}/health`).catch(() => undefined);
			if (answer?.ok) return;
			await new Promise((resolve) => setTimeout(resolve, 25));
		}
	}

	/** Kills the server as a crash would. Its keepers live on. */
	async crash() {
		const ended = once(this.#child, 'exit');
		this.#child.kill('SIGKILL');
		await ended;
	}

	/** Ends the server with everything in it, and removes its data. */
	async end() {
		if (this.#child?.exitCode === null && this.#child.signalCode === null) {
			const ended = once(this.#child, 'exit');
			this.#child.kill('SIGINT');
			await ended;
		}
		if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
	}

	/** Runs `holt` with arguments and gives what it printed. */
	async cli(...args) {
		const { stdout } = await run(program, args, {
			env: this.#env(),
			cwd: this.#directory
		});
		return stdout.trim();
	}

	/** A link that signs a browser in, once. */
	link() {
		return this.cli('open', '--no-browser');
	}

	/** Makes a session, and gives its record. */
	begin(body) {
		return this.api('POST', '/v2/sessions', body);
	}

	/** The session's record, once it is so. */
	async once(id, isSo) {
		for (const until = Date.now() + PATIENCE; ;) {
			const record = await this.api('GET', `/v2/sessions/${id}`);
			if (isSo(record)) return record;
			if (Date.now() > until) throw new Error(`not so: ${isSo}, but ${JSON.stringify(record)}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** What lies at the top of a workspace, once a file of this name does. */
	async onceFile(id, name) {
		for (const until = Date.now() + PATIENCE; ;) {
			const { entries } = await this.api('GET', `/v2/sessions/${id}/files`);
			const names = entries.map(({ path }) => path);
			if (names.includes(name)) return names;
			if (Date.now() > until) throw new Error(`there is no ${name} among ${names}`);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}

	/** The text of a file in a workspace. */
	async text(id, name) {
		const headers = { Authorization: `Bearer ${await this.#key()}` };
		return (await fetch(`${this.url}/v2/sessions/${id}/files/${name}`, { headers })).text();
	}

	/** Asks the server's interface as its owner. */
	async api(method, path, body) {
		const key = await this.#key();
		const answer = await fetch(this.url + path, {
			method,
			headers: {
				Authorization: `Bearer ${key}`,
				'Content-Type': 'application/json',
				Accept: 'application/json'
			},
			body: body === undefined ? undefined : JSON.stringify(body)
		});
		const text = await answer.text();
		if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
		return text ? JSON.parse(text) : undefined;
	}

	async #key() {
		return (await readFile(join(this.#directory, 'admin-key'), 'utf8')).trim();
	}

	#env() {
		const { PATH, HOME, LANG, TMPDIR } = process.env;
		const own = { HOLT_DATA_DIR: this.#directory, HOLT_MODEL: 'demo', HOLT_TITLES: 'off' };
		return { PATH, HOME, LANG, TMPDIR, ...own, ...this.environment };
	}
}

async function freePort() {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

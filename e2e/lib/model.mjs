// A model that says what a test wants, over the real wire format of a provider: the program `scripted-model`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { program } from './holt.mjs';

/** The agent says something and is done. */
export const says = (text) => ({ text });
/** The agent wants commands to run, side by side. */
export const runs = (...commands) => ({
	calls: commands.map((command) => ({ tool: 'execute_command', arguments: { command } }))
});
/** Somebody manages the windows of the desktop. */
const IS_MANAGED = "xprop -root _NET_SUPPORTING_WM_CHECK 2>/dev/null | grep -q '#'";
/** The agent starts a program on its desktop, as soon as that is there. */
export const startsProgram = (command) => ({
	calls: [
		{
			tool: 'execute_command_async',
			arguments: { command: `until ${IS_MANAGED} && ${command}; do sleep 0.1; done` }
		}
	]
});
/** The agent wants a command to run that may take ten minutes. */
export const runsLong = (command) => ({
	calls: [{ tool: 'execute_command', arguments: { command, timeout_seconds: 600 } }]
});
/** The provider refuses. */
export const refuses = (status, kind, message) => ({ error: { status, kind, message } });

export class Model {
	#child;
	#directory;
	#trouble = '';

	/** Starts a model that gives these answers in turn, over and over. */
	static async start(answers) {
		const model = new Model();
		model.#directory = await mkdtemp(join(tmpdir(), 'holt-e2e-model-'));
		const script = join(model.#directory, 'script.json');
		await writeFile(script, JSON.stringify(answers));
		model.#child = spawn(join(dirname(program), 'scripted-model'), [script], { stdio: ['pipe', 'pipe', 'pipe'] });
		model.#child.stderr.on('data', (chunk) => (model.#trouble += chunk));
		[model.url] = await once(createInterface(model.#child.stdout), 'line');
		return model;
	}

	/** What makes a server use it. */
	get environment() {
		return { ANTHROPIC_BASE_URL: this.url, ANTHROPIC_API_KEY: 'sk-scripted', HOLT_MODEL: '' };
	}

	/** Ends it; fails when a request broke the provider's rules. */
	async end() {
		const ended = once(this.#child, 'exit');
		this.#child.stdin.end();
		const [code] = await ended;
		await rm(this.#directory, { recursive: true, force: true });
		if (code !== 0) throw new Error(`the model was asked wrongly:\n${this.#trouble}`);
	}
}

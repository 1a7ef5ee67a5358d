// A tool call in one line of plain words. The raw truth is one click away; this line never claims more than the call's
// own arguments and outcome say.

import type { CallItem } from '$lib/feed/conversation';
import type { Fold } from '$lib/feed/folding';
import { byteLength } from '$lib/feed/utf8';
import { count, size } from './numbers';
import { duration } from './times';

export interface CallLine {
	/** `Ran`, `Running`, `Wrote`. */
	verb: string;
	/** What it is about, set in the monospaced face. */
	object?: string;
	/** What came of it: `exit 0, 0.3 s`. */
	result?: string;
	tone: 'plain' | 'live' | 'waiting' | 'failed';
}

const MAX_REASON = 100;

interface Words {
	doing: string;
	done: string;
	undone: string;
	object?: (given: Arguments) => string | undefined;
	result?: (given: Arguments, details: Arguments) => string | undefined;
}

type Arguments = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const path = (given: Arguments) => text(given.path);
const command = (given: Arguments) => text(given.command);
const pattern = (given: Arguments) => text(given.pattern);
const listed = (given: Arguments) => {
	const directory = path(given);
	return directory === undefined || directory === '.' ? 'workspace' : directory;
};
const process = (given: Arguments) => (given.pid === undefined ? undefined : String(given.pid));

const target = (given: Arguments) => text(given.target) ?? text(given.selector);
const address = (given: Arguments) => text(given.url);
const kept = (_: Arguments, details: Arguments) => text(details.path);

const WORDS: Readonly<Record<string, Words>> = {
	ask_human: {
		doing: 'Asking',
		done: 'Asked',
		undone: 'Could not ask',
		object: (given) => text(given.question)
	},
	update_plan: {
		doing: 'Updating its plan',
		done: 'Updated its plan',
		undone: 'Could not update its plan',
		result: planned
	},
	delegate: {
		doing: 'Giving away',
		done: 'Had somebody do',
		undone: 'Had somebody try',
		object: (given) => text(given.title) ?? text(given.task)
	},
	remember: {
		doing: 'Remembering',
		done: 'Remembered',
		undone: 'Could not remember',
		object: (given) => text(given.text),
		result: (given) => (given.everywhere === true ? 'waits for you to agree, in the settings' : undefined)
	},
	forget: {
		doing: 'Forgetting fact',
		done: 'Forgot fact',
		undone: 'Could not forget fact',
		object: (given) => (given.fact === undefined ? undefined : String(given.fact))
	},
	read_file: { doing: 'Reading', done: 'Read', undone: 'Could not read', object: path, result: linesRead },
	write_file: { doing: 'Writing', done: 'Wrote', undone: 'Could not write', object: path, result: written },
	edit_file: { doing: 'Editing', done: 'Edited', undone: 'Could not edit', object: path, result: edited },
	list_files: { doing: 'Listing', done: 'Listed', undone: 'Could not list', object: listed },
	find_files: { doing: 'Looking for', done: 'Looked for', undone: 'Could not look for', object: pattern },
	search_text: {
		doing: 'Searching for',
		done: 'Searched for',
		undone: 'Could not search for',
		object: pattern,
		result: matches
	},
	create_directory: { doing: 'Making', done: 'Made', undone: 'Could not make', object: path },
	delete_file: { doing: 'Deleting', done: 'Deleted', undone: 'Could not delete', object: path },
	execute_command: { doing: 'Running', done: 'Ran', undone: 'Ran', object: command, result: exit },
	execute_command_async: { doing: 'Starting', done: 'Started', undone: 'Could not start', object: command },
	read_process_output: {
		doing: 'Reading process',
		done: 'Read process',
		undone: 'Could not read',
		object: process
	},
	list_processes: {
		doing: 'Listing processes',
		done: 'Listed processes',
		undone: 'Could not list processes'
	},
	kill_process: { doing: 'Ending process', done: 'Ended process', undone: 'Could not end', object: process },
	publish_artifact: { doing: 'Handing out', done: 'Handed out', undone: 'Could not hand out', object: path },
	browser_open: {
		doing: 'Opening',
		done: 'Opened',
		undone: 'Could not open',
		object: address,
		result: titled
	},
	browser_back: { doing: 'Going back', done: 'Went back', undone: 'Could not go back', result: titled },
	browser_forward: {
		doing: 'Going forward',
		done: 'Went forward',
		undone: 'Could not go forward',
		result: titled
	},
	browser_reload: { doing: 'Reloading', done: 'Reloaded', undone: 'Could not reload', result: titled },
	browser_tabs: { doing: 'Changing tabs', done: 'Looked at the tabs', undone: 'Could not change tabs' },
	browser_snapshot: {
		doing: 'Reading the page',
		done: 'Read the page',
		undone: 'Could not read the page',
		result: titled
	},
	browser_get_text: {
		doing: 'Reading the page',
		done: 'Read the page',
		undone: 'Could not read the page',
		object: target
	},
	browser_click: { doing: 'Clicking', done: 'Clicked', undone: 'Could not click', object: target },
	browser_fill: { doing: 'Filling', done: 'Filled', undone: 'Could not fill', object: target },
	browser_type: { doing: 'Typing', done: 'Typed', undone: 'Could not type', object: target },
	browser_select: { doing: 'Choosing in', done: 'Chose in', undone: 'Could not choose in', object: target },
	browser_hover: { doing: 'Pointing at', done: 'Pointed at', undone: 'Could not point at', object: target },
	browser_press: {
		doing: 'Pressing',
		done: 'Pressed',
		undone: 'Could not press',
		object: (given) => text(given.key)
	},
	browser_upload: {
		doing: 'Uploading to',
		done: 'Uploaded to',
		undone: 'Could not upload to',
		object: target
	},
	browser_drag: {
		doing: 'Dragging',
		done: 'Dragged',
		undone: 'Could not drag',
		object: (given) => text(given.from)
	},
	browser_scroll: { doing: 'Scrolling', done: 'Scrolled', undone: 'Could not scroll', object: target },
	browser_wait: { doing: 'Waiting for the page', done: 'Waited for the page', undone: 'Waited in vain' },
	browser_evaluate: {
		doing: 'Running a script in the page',
		done: 'Ran a script in the page',
		undone: 'Could not run a script'
	},
	browser_console: {
		doing: 'Reading the console',
		done: 'Read the console',
		undone: 'Could not read the console'
	},
	browser_network: { doing: 'Reading requests', done: 'Read requests', undone: 'Could not read requests' },
	browser_screenshot: {
		doing: 'Taking a picture',
		done: 'Took a picture',
		undone: 'Could not take a picture',
		result: kept
	},
	browser_pdf: { doing: 'Printing', done: 'Printed', undone: 'Could not print', result: kept },
	browser_download: {
		doing: 'Downloading',
		done: 'Downloaded',
		undone: 'Could not download',
		object: address,
		result: kept
	},
	browser_dialog: {
		doing: 'Answering the dialog',
		done: 'Answered the dialog',
		undone: 'Could not answer the dialog'
	},
	browser_state: {
		doing: 'Looking at the browser',
		done: 'Looked at the browser',
		undone: 'Could not look at the browser'
	}
};

function planned({ items }: Arguments): string | undefined {
	if (!Array.isArray(items)) return undefined;
	const done = items.filter((item) => (item as Arguments | null)?.status === 'done').length;
	return `${done} of ${items.length} done`;
}

/** What the page calls itself. */
function titled(_: Arguments, details: Arguments): string | undefined {
	const title = text(details.title);
	return title === undefined ? undefined : `“${title.length > 60 ? `${title.slice(0, 60)}…` : title}”`;
}

function wordsFor(tool: string): Words {
	return WORDS[tool] ?? { doing: 'Calling', done: 'Called', undone: 'Called', object: () => tool };
}

/** The line for a call as it is now. */
export function callLine(call: CallItem): CallLine {
	const words = wordsFor(call.tool);
	const object = words.object?.(call.arguments);
	const status = call.outcome?.status;
	if (status === undefined) return pending(call, words, object);
	if (status === 'denied')
		return { verb: 'Did not run', object: object ?? call.tool, result: denial(call), tone: 'plain' };
	const details = (call.outcome?.details ?? {}) as Arguments;
	const own = words.result?.(call.arguments, details);
	if (status === 'succeeded')
		return { verb: words.done, object, result: joined(own, took(call), edit(call)), tone: 'plain' };
	if (status === 'failed') {
		return { verb: words.undone, object, result: joined(own ?? reason(call), took(call)), tone: 'failed' };
	}
	const broken = status === 'cancelled' ? 'stopped' : 'interrupted, nobody knows how far it came';
	return { verb: words.doing, object, result: broken, tone: status === 'cancelled' ? 'plain' : 'failed' };
}

function pending(call: CallItem, words: Words, object: string | undefined): CallLine {
	if (call.stage === 'asked')
		return { verb: words.doing, object, result: 'waits for your answer', tone: 'waiting' };
	if (call.stage === 'running') return { verb: words.doing, object, tone: 'live' };
	return { verb: words.doing, object, result: 'waits for its turn', tone: 'plain' };
}

/** Who changed what ran. */
function edit({ answer }: CallItem): string | undefined {
	return answer?.edited ? `as changed by ${answer.by ?? 'a person'}` : undefined;
}

function denial({ answer }: CallItem): string {
	if (!answer) return 'the policy does not allow it';
	const because = answer.reason ? `: ${answer.reason}` : '';
	return answer.by ? `${answer.by} said no${because}` : 'nobody answered in time';
}

/** Why a call failed, as far as one line tells it. */
function reason({ outcome }: CallItem): string {
	const words = outcome?.content.find((part) => part.type === 'text')?.text ?? '';
	const line = words.trimStart().split('\n', 1)[0] ?? '';
	return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON).trimEnd()}…` : line || 'failed';
}

function joined(...parts: (string | undefined)[]): string | undefined {
	return parts.filter(Boolean).join(', ') || undefined;
}

function took({ tool, startedAt, finishedAt }: CallItem): string | undefined {
	if (startedAt === undefined || finishedAt === undefined) return undefined;
	const millis = finishedAt - startedAt;
	// How long a small thing took interests nobody, except for commands.
	return millis >= 1000 || tool === 'execute_command' ? duration(millis) : undefined;
}

function exit(_: Arguments, details: Arguments): string | undefined {
	if (details.timed_out === true) return 'ran out of time';
	const signal = text(details.signal);
	if (signal) return `ended by ${signal}`;
	const code = number(details.exit_code);
	return code === undefined ? undefined : `exit ${code}`;
}

function linesRead(_: Arguments, details: Arguments): string | undefined {
	const [first, last, total] = [details.first_line, details.last_line, details.total_lines].map(number);
	if (first === undefined || last === undefined) return undefined;
	return first <= 1 && last === total ? count(last, 'line') : `lines ${first} to ${last}`;
}

function matches(_: Arguments, details: Arguments): string | undefined {
	const found = number(details.matches);
	return found === undefined ? undefined : count(found, 'match', 'matches');
}

function written({ content }: Arguments): string | undefined {
	return typeof content === 'string' ? size(byteLength(content)) : undefined;
}

function edited({ old_text: from, new_text: to }: Arguments): string | undefined {
	if (typeof from !== 'string' || typeof to !== 'string') return undefined;
	const lines = (part: string) => (part === '' ? 0 : part.replace(/\n$/, '').split('\n').length);
	return `+${lines(to)} −${lines(from)}`;
}

/** The one line that stands for a run of like calls. */
export function foldLine({ family, calls }: Fold): string {
	switch (family) {
		case 'read':
			return `Read ${count(different(calls), 'file')}`;
		case 'write':
			return `Changed ${count(different(calls), 'file')}`;
		case 'run':
			return `Ran ${count(calls.length, 'command')}`;
		case 'look':
			return `Looked around ${calls.length} times`;
	}
}

function different(calls: readonly CallItem[]): number {
	return new Set(calls.map((call) => call.arguments.path)).size;
}

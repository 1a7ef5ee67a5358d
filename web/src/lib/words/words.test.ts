import { describe, expect, it } from 'vitest';
import type { CallItem } from '$lib/feed/conversation';
import { freeName } from '$lib/state/attachments.svelte';
import { callLine, foldLine } from './calls';
import { newId } from './ids';
import { capacity, cost, count, short, size } from './numbers';
import { ago, duration, wholeDuration } from './times';

describe('amounts', () => {
	it.each([
		[size(0), '0 bytes'],
		[size(1), '1 byte'],
		[size(999), '999 bytes'],
		[size(1000), '1.0 kB'],
		[size(12_400), '12 kB'],
		[size(999_600), '1.0 MB'],
		[capacity(4 * 2 ** 30), '4 GiB'],
		[capacity(2 ** 29), '512 MiB'],
		[short(840), '840'],
		[short(12_430), '12.4k'],
		[short(999_960), '1M'],
		[cost(0), '$0.00'],
		[cost(80_000), '$0.08'],
		[cost(1000), 'under $0.01'],
		[count(1, 'file'), '1 file'],
		[count(4, 'file'), '4 files'],
		[duration(28), '28 ms'],
		[duration(300), '0.3 s'],
		[duration(42_000), '42 s'],
		[wholeDuration(130_900), '2 min 10 s'],
		[wholeDuration(-5), '0 s'],
		[wholeDuration(3_840_000), '1 h 4 min'],
		[ago(0, 59_000), 'just now'],
		[ago(0, 250_000), '4 min ago']
	])('%s is %s', (said, expected) => {
		expect(said).toBe(expected);
	});
});

const call = (tool: string, given: Record<string, unknown>, more: Partial<CallItem> = {}): CallItem => ({
	type: 'call',
	id: 'c',
	seq: 1,
	at: 0,
	tool,
	arguments: given,
	verdict: 'allow',
	onScreen: false,
	stage: 'done',
	...more
});
const outcome = (status: NonNullable<CallItem['outcome']>['status'], details?: object) => ({
	outcome: { status, content: [], details: details as never }
});
const line = (item: CallItem) => {
	const { verb, object, result } = callLine(item);
	return [verb, object && `\`${object}\``, result && `(${result})`].filter(Boolean).join(' ');
};

describe('a call in words', () => {
	const timed = { startedAt: 0, finishedAt: 300 };
	const test = { command: 'python3 test.py' };

	it.each([
		[
			call('execute_command', test, { ...timed, ...outcome('succeeded', { exit_code: 0 }) }),
			'Ran `python3 test.py` (exit 0, 0.3 s)'
		],
		[
			call('execute_command', test, { ...timed, ...outcome('failed', { exit_code: 2 }) }),
			'Ran `python3 test.py` (exit 2, 0.3 s)'
		],
		[
			call('execute_command', test, outcome('failed', { timed_out: true })),
			'Ran `python3 test.py` (ran out of time)'
		],
		[call('execute_command', test, { stage: 'running' }), 'Running `python3 test.py`'],
		[call('execute_command', test, { stage: 'asked' }), 'Running `python3 test.py` (waits for your answer)'],
		[
			call('execute_command', test, { ...outcome('denied'), answer: { allowed: false, by: 'Ada' } }),
			'Did not run `python3 test.py` (Ada said no)'
		],
		[call('execute_command', test, outcome('cancelled')), 'Running `python3 test.py` (stopped)'],
		[call('write_file', { path: 'a.txt', content: 'é' }, outcome('succeeded')), 'Wrote `a.txt` (2 bytes)'],
		[
			call('edit_file', { path: 'a', old_text: 'x\n', new_text: 'y\nz\n' }, outcome('succeeded')),
			'Edited `a` (+2 −1)'
		],
		[
			call('read_file', { path: 'a' }, outcome('succeeded', { first_line: 1, last_line: 9, total_lines: 9 })),
			'Read `a` (9 lines)'
		],
		[call('read_file', { path: 'a' }, outcome('failed')), 'Could not read `a` (failed)'],
		[call('list_files', {}, outcome('succeeded')), 'Listed `workspace`'],
		[
			call('search_text', { pattern: 'x' }, outcome('succeeded', { matches: 1 })),
			'Searched for `x` (1 match)'
		],
		[call('fly', {}, outcome('succeeded')), 'Called `fly`']
	])('%#', (item, expected) => {
		expect(line(item)).toBe(expected);
	});

	it('does not trust the forms of what it is given', () => {
		const odd = { path: 7, command: null, content: [], pid: {} };
		for (const tool of ['read_file', 'write_file', 'execute_command', 'kill_process', 'edit_file']) {
			expect(typeof line(call(tool, odd, outcome('succeeded', { exit_code: 'x', matches: [] })))).toBe(
				'string'
			);
		}
	});

	it('counts different files once', () => {
		const calls = ['a', 'b', 'a'].map((path) => call('read_file', { path }));
		expect(foldLine({ type: 'fold', id: 'f', family: 'read', calls })).toBe('Read 2 files');
	});
});

describe('names', () => {
	it('of attached files take nothing’s place', () => {
		const taken = new Set(['report.pdf', 'report 2.pdf', '.env']);
		expect(freeName('report.pdf', taken)).toBe('report 3.pdf');
		expect(freeName('.env', taken)).toBe('.env 2');
		expect(freeName('new.txt', taken)).toBe('new.txt');
		expect(freeName('../../etc/passwd', taken)).toBe('.._.._etc_passwd');
		expect(freeName('..', taken)).toBe('_');
	});

	it('of new things are ids', () => {
		expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
		expect(newId()).not.toBe(newId());
	});
});

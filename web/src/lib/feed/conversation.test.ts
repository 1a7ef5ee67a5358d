import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY, conversationAfter, type Item } from './conversation';
import { rowsOf, type Row } from './folding';
import {
	USAGE,
	aborted,
	anyLog,
	answered,
	asked,
	began,
	done,
	finished,
	logOf,
	proposed,
	queued,
	said,
	started,
	writing
} from './testing';

const items = (...log: Parameters<typeof logOf>) => conversationAfter(EMPTY, logOf(...log)).items;

describe('a conversation', () => {
	it('tells a failure once, where it struck', () => {
		const failure = { code: 'disk_full', message: 'The disk is full.', hint: 'Free space.' };
		const failed = { kind: 'session_failed' as const, body: failure };
		const ended = {
			kind: 'run_finished' as const,
			body: { run: 'a', result: { outcome: 'failed' as const, ...failure }, usage: USAGE, steps: 0 }
		};
		const types = (...log: Parameters<typeof logOf>) => items(...log).map(({ type }) => type);
		expect(types(queued('a'), started('a'), ended, failed)).toEqual(['prompt', 'run-end']);
		expect(types(failed)).toEqual(['note']);
		expect(types(queued('a'), started('a'), finished('a'), failed)).toEqual(['prompt', 'run-end', 'note']);
	});

	it('is the same whether its events came one by one, in parts or all at once', () => {
		const parted = anyLog.chain((events) => fc.tuple(fc.constant(events), fc.nat(events.length)));
		fc.assert(
			fc.property(parted, ([events, at]) => {
				const whole = conversationAfter(EMPTY, events);
				const parts = conversationAfter(conversationAfter(EMPTY, events.slice(0, at)), events.slice(at));
				const singly = events.reduce((before, event) => conversationAfter(before, [event]), EMPTY);
				expect(parts).toEqual(whole);
				expect(singly).toEqual(whole);
			})
		);
	});

	it('never changes an item or a conversation that was given out', () => {
		const parted = anyLog.chain((events) => fc.tuple(fc.constant(events), fc.nat(events.length)));
		fc.assert(
			fc.property(parted, ([events, at]) => {
				const before = conversationAfter(EMPTY, events.slice(0, at));
				const copy = structuredClone(before);
				conversationAfter(before, events.slice(at));
				expect(before).toEqual(copy);
			})
		);
	});

	it('stands in the order of its events and names nothing twice', () => {
		fc.assert(
			fc.property(anyLog, (events) => {
				const { items: list } = conversationAfter(EMPTY, events);
				const seqs = list.map(({ seq }) => seq);
				expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
				const names = list.map(({ type, id }) => `${type} ${id}`);
				expect(new Set(names).size).toBe(names.length);
			})
		);
	});

	it('has nothing open when every run is over', () => {
		fc.assert(
			fc.property(anyLog, (events) => {
				const { items: list, waiting, run } = conversationAfter(EMPTY, events);
				expect(list.every((item) => item.type !== 'message' || !item.writing)).toBe(true);
				expect(list.every((item) => item.type !== 'call' || item.stage === 'done')).toBe(true);
				expect([waiting.size, run]).toEqual([0, undefined]);
			})
		);
	});

	it('can begin in the middle of a session', () => {
		const parted = anyLog.chain((events) => fc.tuple(fc.constant(events), fc.nat(events.length)));
		fc.assert(
			fc.property(parted, ([events, at]) => {
				const late = conversationAfter(EMPTY, events.slice(at)).items;
				expect(late.every(({ seq }) => seq > at)).toBe(true);
			})
		);
	});

	it('shows a prompt where its run begins', () => {
		const list = items(
			queued('a', 'first'),
			started('a'),
			queued('b', 'second'),
			said('a', 'm', 'hi'),
			finished('a')
		);
		expect(list.map(({ type }) => type)).toEqual(['prompt', 'message', 'run-end']);
		const more = items(queued('a'), started('a'), queued('b'), finished('a'), started('b'));
		expect(more.map(({ type, id }) => [type, id])).toEqual([
			['prompt', 'a'],
			['run-end', 'end-a'],
			['prompt', 'b']
		]);
	});

	it('forgets a message that was never finished', () => {
		const list = items(queued('a'), started('a'), writing('a', 'm'), aborted('a', 'm'), writing('a', 'n'));
		expect(list.map(({ id }) => id)).toEqual(['a', 'n']);
	});

	it('leaves out a message that says nothing', () => {
		const list = items(
			queued('a'),
			started('a'),
			writing('a', 'm'),
			said('a', 'm', ' \n'),
			proposed('a', 'c')
		);
		expect(list.map(({ type }) => type)).toEqual(['prompt', 'call']);
	});

	it('follows a call through its question to its end', () => {
		const steps = [
			proposed('a', 'c', 'execute_command', true),
			asked('a', 'c'),
			answered('a', 'c', true),
			began('a', 'c')
		];
		const stages = steps.map((_, at) => items(queued('a'), started('a'), ...steps.slice(0, at + 1)).at(-1));
		expect(stages.map((item) => item?.type === 'call' && item.stage)).toEqual([
			'asked',
			'asked',
			'ready',
			'running'
		]);
		const last = items(queued('a'), started('a'), ...steps, done('a', 'c')).at(-1);
		expect(last).toMatchObject({
			stage: 'done',
			answer: { allowed: true, by: 'tester' },
			outcome: { status: 'succeeded' }
		});
	});

	it('says how long a run took, when its beginning is known', () => {
		expect(items(queued('a'), started('a'), finished('a')).at(-1)).toMatchObject({ took: 1000 });
		expect(items(finished('a')).at(-1)).toMatchObject({ took: undefined });
	});

	it('passes over kinds that it does not know', () => {
		const [event] = logOf(queued('a'));
		const strange = { ...event, kind: 'moon_landed', body: { crew: 2 } } as never;
		expect(conversationAfter(EMPTY, [strange]).items).toEqual([]);
	});
});

describe('rows', () => {
	const reads = (...ids: string[]) => ids.flatMap((id) => [proposed('a', id), began('a', id), done('a', id)]);
	const shapes = (...log: Parameters<typeof logOf>) =>
		rowsOf(items(queued('a'), started('a'), ...log)).map((row) =>
			row.type === 'fold' ? row.calls.length : row.type
		);

	it('fold runs of like calls', () => {
		expect(shapes(...reads('c1', 'c2', 'c3'))).toEqual(['prompt', 3]);
		expect(shapes(...reads('c1'))).toEqual(['prompt', 'call']);
		expect(shapes(...reads('c1', 'c2'), said('a', 'm', 'hm'), ...reads('c3'))).toEqual([
			'prompt',
			2,
			'message',
			'call'
		]);
	});

	it('never fold away what still runs', () => {
		expect(shapes(...reads('c1', 'c2'), proposed('a', 'c3'), began('a', 'c3'))).toEqual([
			'prompt',
			2,
			'call'
		]);
	});

	it('hold every item once, in order', () => {
		fc.assert(
			fc.property(anyLog, (events) => {
				const { items: list } = conversationAfter(EMPTY, events);
				const held = (row: Row): readonly Item[] => {
					if (row.type === 'part') return [row.call, ...row.rows.flatMap(held)];
					return row.type === 'fold' ? row.calls : [row];
				};
				expect(rowsOf(list).flatMap(held)).toEqual(list);
			})
		);
	});
});

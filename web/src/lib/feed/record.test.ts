import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordAfter } from './record';
import {
	anyLog,
	answered,
	asked,
	began,
	blankRecord,
	done,
	finished,
	logOf,
	proposed,
	queued,
	said,
	started
} from './testing';

const after = (...log: Parameters<typeof logOf>) => logOf(...log).reduce(recordAfter, blankRecord());

describe('the record', () => {
	it('waits for a person while a call is asked about, and no longer', () => {
		const log = [queued('a'), started('a'), proposed('a', 'c', 'x', true), asked('a', 'c')];
		expect(after(...log).status).toBe('waiting');
		expect(after(...log, answered('a', 'c', true)).status).toBe('running');
		expect(
			after(...log, answered('a', 'c', true), began('a', 'c'), done('a', 'c'), finished('a')).status
		).toBe('idle');
	});

	it('does not wait for a person once the run is being stopped', () => {
		const log = [queued('a'), started('a'), proposed('a', 'c', 'x', true), asked('a', 'c')];
		const stopped = after(...log, { kind: 'cancel_requested', body: { run: 'a', by: 'tester' } });
		expect([stopped.status, stopped.run?.cancelling]).toEqual(['running', true]);
	});

	it('counts what a run used once, whether it is over or not', () => {
		const during = after(queued('a'), started('a'), said('a', 'm', 'hi'));
		expect([during.usage.input_tokens, during.run?.usage.input_tokens]).toEqual([0, 10]);
		const over = after(queued('a'), started('a'), said('a', 'm', 'hi'), finished('a'));
		expect([over.usage.input_tokens, over.run]).toEqual([10, null]);
	});

	it('keeps the queue in the order in which prompts will be taken', () => {
		const interrupting = (prompt: string) => ({
			kind: 'prompt_queued' as const,
			body: { prompt, text: '', attachments: [], when_busy: 'interrupt' as const, by: 'tester' }
		});
		const record = after(
			queued('a'),
			started('a'),
			queued('b'),
			interrupting('c'),
			queued('d'),
			interrupting('e')
		);
		expect(record.queue.map(({ id }) => id)).toEqual(['c', 'e', 'b', 'd']);
	});

	it('sleeps and wakes with its sandbox', () => {
		const opened = { kind: 'sandbox_opened' as const, body: { driver: 'bwrap', warnings: [] } };
		const slept = { kind: 'sandbox_closed' as const, body: { why: 'slept' as const } };
		expect(after(opened, slept)).toMatchObject({ status: 'asleep', sandbox: 'closed' });
		expect(after(opened, slept, opened)).toMatchObject({ status: 'idle', sandbox: 'open' });
	});

	it('is held until its sandbox goes on, closes or the session ends', () => {
		const opened = { kind: 'sandbox_opened' as const, body: { driver: 'bwrap', warnings: [] } };
		const held = { kind: 'sandbox_held' as const, body: { code: 'disk_floor', text: 'The disk is full.' } };
		expect(after(opened, held).held).toEqual({ code: 'disk_floor', text: 'The disk is full.', since: 2000 });
		const ends: Parameters<typeof logOf> = [
			{ kind: 'sandbox_released', body: {} },
			{ kind: 'sandbox_closed', body: { why: 'lost' } },
			{ kind: 'session_ended', body: { reason: 'stopped' } }
		];
		for (const end of ends) expect(after(opened, held, end).held).toBeNull();
	});

	it('is idle after every log, and takes no event twice', () => {
		fc.assert(
			fc.property(anyLog, (events) => {
				const once = events.reduce(recordAfter, blankRecord());
				const twice = [...events, ...events].reduce(recordAfter, blankRecord());
				expect(twice).toEqual(once);
				expect([once.status, once.run, once.queue]).toEqual(['idle', null, []]);
			})
		);
	});
});

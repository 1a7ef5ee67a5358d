import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SessionSummary } from '$lib/api/types';
import { afterChange, afterReading, joined } from './list';
import { summary } from './testing';

const at = (id: string, seq: number, title = ''): SessionSummary =>
	summary({ id, last_seq: seq, updated_at: seq, title });
const ids = (list: readonly SessionSummary[]) => list.map(({ id }) => id);

describe('the list of sessions', () => {
	it('puts what has just changed first, once', () => {
		const list = [at('a', 3), at('b', 2)];
		expect(ids(afterChange(list, at('b', 4)))).toEqual(['b', 'a']);
		expect(ids(afterChange(list, at('c', 5)))).toEqual(['c', 'a', 'b']);
	});

	it('is not set back by what is older', () => {
		const list = [at('a', 5, 'new')];
		expect(afterChange(list, at('a', 4, 'old'))).toEqual(list);
		expect(afterReading(list, [at('a', 4, 'old')], false)).toEqual(list);
	});

	it('forgets what is not there any more when it is read', () => {
		expect(ids(afterReading([at('a', 3), at('b', 2)], [at('b', 2)], false))).toEqual(['b']);
	});

	it('keeps the further pages that were read', () => {
		const list = [at('a', 9), at('b', 8), at('c', 2)];
		expect(ids(afterReading(list, [at('d', 10), at('a', 9)], true))).toEqual(['d', 'a', 'b', 'c']);
	});

	it('has each session once, with the newest that was told of it', () => {
		const change = fc.record({
			id: fc.constantFrom('a', 'b', 'c', 'd'),
			seq: fc.integer({ min: 1, max: 50 })
		});
		fc.assert(
			fc.property(fc.array(change), (changes) => {
				const list = changes.reduce<SessionSummary[]>(
					(list, { id, seq }) => afterChange(list, at(id, seq)),
					[]
				);
				expect(new Set(ids(list)).size).toBe(list.length);
				for (const { id, last_seq } of list) {
					expect(last_seq).toBe(Math.max(...changes.filter((it) => it.id === id).map(({ seq }) => seq)));
				}
				expect(list.map(({ updated_at }) => updated_at)).toEqual(
					list.map(({ updated_at }) => updated_at).sort((a, b) => b - a)
				);
			})
		);
	});

	it('joins pages without doubles', () => {
		expect(ids(joined([at('a', 3)], [at('a', 2), at('b', 1)]))).toEqual(['a', 'b']);
	});
});

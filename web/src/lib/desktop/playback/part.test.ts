import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { length, momentAt, partIn, placeAt, positionOf } from './part';

function written(
	from: number,
	pieces: readonly { after: number; bytes: readonly number[] }[]
): Uint8Array<ArrayBuffer> {
	const size = pieces.reduce((sum, { bytes }) => sum + 12 + bytes.length, 16);
	const out = new Uint8Array(size);
	const view = new DataView(out.buffer);
	out.set(new TextEncoder().encode('HOLTREC1'));
	view.setBigInt64(8, BigInt(from));
	let at = 16;
	for (const { after, bytes } of pieces) {
		view.setUint32(at, bytes.length);
		view.setUint32(at + 8, after);
		out.set(bytes, at + 12);
		at += 12 + bytes.length;
	}
	return out;
}

describe('a part of a recording', () => {
	const pieces = [
		{ after: 0, bytes: [1, 2] },
		{ after: 0, bytes: [3] },
		{ after: 700, bytes: [4, 5, 6] }
	];

	it('is its greeting and what came after', () => {
		const part = partIn(written(1_700_000_000_000, pieces).buffer);
		expect(part?.from).toBe(1_700_000_000_000);
		expect([...(part?.greeting ?? [])]).toEqual([1, 2]);
		expect(part?.pieces.map(({ after, bytes }) => [after, ...bytes])).toEqual([
			[0, 3],
			[700, 4, 5, 6]
		]);
	});

	it('is as long as it is whole, and never breaks', () => {
		const bytes = written(1, pieces);
		fc.assert(
			fc.property(fc.integer({ min: 0, max: bytes.length }), (end) => {
				const part = partIn(bytes.slice(0, end).buffer);
				expect(part === undefined).toBe(end < 16 + 14 + 13);
			})
		);
		fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => void partIn(noise.slice().buffer)));
	});
});

describe('a line of time', () => {
	const segment = fc.record({
		pause: fc.integer({ min: 1500, max: 9999 }),
		lasts: fc.integer({ min: 0, max: 9999 })
	});
	const segments = fc.array(segment, { minLength: 1, maxLength: 6 }).map((list) => {
		let at = 1_000_000;
		return list.map(({ pause, lasts }, index) => {
			const from = at + pause;
			at = from + lasts;
			return { number: index + 1, from, to: at };
		});
	});

	it('leads from a moment to its place and back', () => {
		fc.assert(
			fc.property(segments, fc.nat(), fc.nat(), (list, which, offset) => {
				const { from, to } = list[which % list.length]!;
				const moment = from + (offset % Math.max(1, to - from));
				expect(momentAt(list, positionOf(list, moment))).toBe(moment);
			})
		);
	});

	it('has a place for everything, also for what was not recorded', () => {
		fc.assert(
			fc.property(segments, fc.integer(), (list, number) => {
				const { at, after } = placeAt(list, number);
				expect(list[at]).toBeDefined();
				expect(after).toBeGreaterThanOrEqual(0);
				expect(positionOf(list, number)).toBeLessThanOrEqual(length(list));
			})
		);
		expect(placeAt([], 5)).toEqual({ at: 0, after: 0 });
	});
});

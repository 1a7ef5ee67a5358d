import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventLog } from './log';
import { anyLog, logOf, queued } from './testing';

const seqs = (log: EventLog) => log.events.map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe('the log', () => {
	it('holds every event once and in order, whatever order they come in and however often', () => {
		const mixed = anyLog.chain((events) =>
			fc.tuple(
				fc.constant(events),
				fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 })
			)
		);
		fc.assert(
			fc.property(mixed, ([events, arriving]) => {
				const log = new EventLog(0);
				const grown = arriving.flatMap((event) => log.add(event));
				expect(seqs(log)).toEqual(range(1, events.length));
				expect(grown).toEqual(log.events);
				expect(log.hasGap).toBe(false);
			})
		);
	});

	it('is never broken while events are missing', () => {
		const some = anyLog.chain((events) => fc.shuffledSubarray(events));
		fc.assert(
			fc.property(some, (arriving) => {
				const log = new EventLog(0);
				arriving.forEach((event) => log.add(event));
				expect(seqs(log)).toEqual(range(1, log.last));
				expect(log.hasGap).toBe(log.last < Math.max(0, ...arriving.map(({ seq }) => seq)));
			})
		);
	});

	it('joins pages of history with what came live', () => {
		const split = anyLog.chain((events) =>
			fc.tuple(fc.constant(events), fc.nat(events.length), fc.integer({ min: 1, max: 7 }))
		);
		fc.assert(
			fc.property(split, ([events, at, size]) => {
				const log = new EventLog(at);
				events.slice(at).forEach((event) => log.add(event));
				while (log.first > 1) {
					const before = log.first;
					const page = events.filter(({ seq }) => seq < before).slice(-size);
					expect(log.prepend(page)).toBe(page.length);
					expect(log.prepend(page)).toBe(0);
				}
				expect(log.events).toEqual(events);
			})
		);
	});

	it('resumes after a lost connection without a gap and without anything twice', () => {
		const cut = anyLog.chain((events) =>
			fc.tuple(fc.constant(events), fc.nat(events.length), fc.nat(events.length))
		);
		fc.assert(
			fc.property(cut, ([events, lostAt, overlap]) => {
				const log = new EventLog(0);
				events.slice(0, lostAt).forEach((event) => log.add(event));
				// The server sends what follows, and by some mischance a part of what was there.
				events.slice(Math.max(0, log.last - overlap)).forEach((event) => log.add(event));
				expect(log.events).toEqual(events);
			})
		);
	});

	it('takes no page that does not join it', () => {
		const events = logOf(...range(1, 9).map((at) => queued(`p${at}`)));
		const log = new EventLog(9);
		expect(log.prepend(events.slice(0, 5))).toBe(0);
		expect(log.first).toBe(10);
	});
});

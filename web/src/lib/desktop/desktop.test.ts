import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blankRecord } from '$lib/feed/testing';
import { USUAL, askedIn } from './asked';
import { driverInWords, driverOf, presenceOf } from './standing';
import { keysBetween, keysymOf } from './typing';
import { WHOLE, moved, revealing, zoomed } from './view';

describe('how it stands with a desktop', () => {
	const record = { ...blankRecord(), sandbox: 'open' as const };
	const control = { by: 'Ada', client: 'tab', programs: 'stand_still' as const, since: 0 };

	it.each([
		['there', record],
		['asleep', { ...record, status: 'asleep' as const, sandbox: 'closed' as const }],
		['asleep', { ...record, sandbox: 'closed' as const }],
		['over', { ...record, status: 'ended' as const, sandbox: 'closed' as const }],
		['none', { ...record, desktop: { flavour: 'none' as const } }]
	])('is %s', (expected, record) => {
		expect(presenceOf(record)).toBe(expected);
	});

	it.each([
		['View only', record, 'tab', 'Ada'],
		['You have control', { ...record, control }, 'tab', 'Ada'],
		['Ada has control in another window', { ...record, control }, 'window', 'Ada'],
		['Ada has control', { ...record, control }, 'window', 'Bo'],
		['Ada has control', { ...record, control }, 'window', undefined]
	])('says “%s”', (expected, record, client, name) => {
		expect(driverInWords(driverOf(record, client, name), false)).toBe(expected);
	});

	it('says that the agent waits only when it has something to do', () => {
		const driver = driverOf({ ...record, control }, 'tab', 'Ada');
		expect(driverInWords(driver, true)).toBe('You have control, the agent is waiting');
	});
});

describe('typing on a phone', () => {
	it.each([
		['', 'a', [0x61]],
		['ab', 'a', [0xff08]],
		['teh', 'the', [0xff08, 0xff08, 0x68, 0x65]],
		['', 'é\n', [0xe9, 0xff0d]],
		['', '€', [0x010020ac]],
		['', '🦦', [0x0101f9a6]],
		['same', 'same', []]
	])('makes %j of %j', (before, after, keys) => {
		expect(keysBetween(before, after)).toEqual(keys);
	});

	it('ends with the text that was typed', () => {
		fc.assert(
			fc.property(fc.string(), fc.string(), (before, after) => {
				const text = [...before];
				const names = new Map([...after].map((character) => [keysymOf(character), character]));
				for (const key of keysBetween(before, after)) {
					if (key === 0xff08) text.pop();
					else text.push(names.get(key) ?? '?');
				}
				expect(text.join('')).toBe(after);
			})
		);
	});
});

describe('looking at a part', () => {
	const frame = { width: 400, height: 200 };
	const place = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 200 }) });

	it('keeps under the fingers what is under them', () => {
		const view = zoomed(WHOLE, frame, 2, { x: 100, y: 50 });
		expect(view).toEqual({ zoom: 2, x: 100, y: 50 });
		expect(zoomed(view, frame, 0.5, { x: 100, y: 50 })).toEqual(WHOLE);
	});

	it('shows the desktop all over its frame, whatever fingers do', () => {
		const act = fc.record({ at: place, factor: fc.double({ min: 0.1, max: 10, noNaN: true }), by: place });
		fc.assert(
			fc.property(fc.array(act), (acts) => {
				let view = WHOLE;
				for (const { at, factor, by } of acts) {
					view = revealing(moved(zoomed(view, frame, factor, at), frame, by), frame, at, 48);
					expect(view.zoom).toBeGreaterThanOrEqual(1);
					expect(view.x).toBeGreaterThanOrEqual(0);
					expect(view.y).toBeGreaterThanOrEqual(0);
					expect(view.x).toBeLessThanOrEqual(frame.width * (view.zoom - 1));
					expect(view.y).toBeLessThanOrEqual(frame.height * (view.zoom - 1));
				}
			})
		);
	});

	it('brings the pointer into sight', () => {
		const view = { zoom: 3, x: 0, y: 0 };
		expect(revealing(view, frame, { x: 390, y: 100 }, 48)).toEqual({ zoom: 3, x: 38, y: 0 });
		expect(revealing(view, frame, { x: 200, y: 100 }, 48)).toEqual(view);
	});
});

describe('what an address asks for', () => {
	it.each([
		['', USUAL],
		['path=websockify&host=x&port=1', USUAL],
		['autoconnect=true&resize=remote&view_only=1', { ...USUAL, resize: 'remote', viewOnly: true }],
		[
			'resize=off&reconnect=false&autoconnect=0',
			{ ...USUAL, resize: 'off', reconnect: false, autoconnect: false }
		],
		['quality=9&compression=0', { ...USUAL, quality: 9, compression: 0 }],
		['quality=high&resize=huge', USUAL]
	])('is understood: %s', (query, expected) => {
		expect(askedIn(new URLSearchParams(query))).toEqual(expected);
	});
});

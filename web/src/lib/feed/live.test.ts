import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extended, hasGap, refreshed, type LiveText, type Piece } from './live';
import { byteLength, withoutBytes } from './utf8';

const encoder = new TextEncoder();
const text = fc.string({ unit: 'grapheme', maxLength: 60 });

/** A text cut into pieces at arbitrary characters. */
const pieces = fc.array(text, { maxLength: 12 }).map((parts) => {
	let offset = 0;
	const cut: Piece[] = parts.map((part) => {
		const piece = { offset, text: part };
		offset += encoder.encode(part).length;
		return piece;
	});
	return { whole: parts.join(''), pieces: cut };
});

const gathered = (list: readonly Piece[], from?: LiveText) =>
	list.reduce<LiveText | undefined>(extended, from);

describe('bytes of UTF-8', () => {
	it('are counted as an encoder counts them', () => {
		fc.assert(fc.property(text, (given) => byteLength(given) === encoder.encode(given).length));
	});

	it('are dropped from the front by whole characters', () => {
		fc.assert(
			fc.property(text, text, (head, tail) => withoutBytes(head + tail, encoder.encode(head).length) === tail)
		);
		expect(withoutBytes('é!', 1)).toBe('!');
		expect(withoutBytes('🦦!', 4)).toBe('!');
	});
});

describe('live text', () => {
	it('is the whole text when its pieces come in order', () => {
		fc.assert(fc.property(pieces, ({ whole, pieces: list }) => (gathered(list)?.text ?? '') === whole));
	});

	it('is the whole text in whatever order and however often its pieces come', () => {
		const shuffled = pieces.chain(({ whole, pieces: list }) =>
			fc.tuple(
				fc.constant(whole),
				fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
				fc.constant(list)
			)
		);
		fc.assert(
			fc.property(shuffled, ([whole, mixed, list]) => {
				const live = gathered(list, gathered(mixed));
				expect(live?.text ?? '').toBe(whole);
				expect(live ? hasGap(live) : false).toBe(false);
			})
		);
	});

	it('never shows anything but a beginning of the text, while pieces are missing', () => {
		const some = pieces.chain(({ whole, pieces: list }) =>
			fc.tuple(
				fc.constant(whole),
				fc.subarray(list).chain((part) => fc.shuffledSubarray(part))
			)
		);
		fc.assert(fc.property(some, ([whole, list]) => whole.startsWith(gathered(list)?.text ?? '')));
	});

	it('fills a gap from a snapshot, wherever the snapshot was taken', () => {
		const resumed = pieces.chain(({ whole, pieces: list }) =>
			fc.tuple(
				fc.constant(whole),
				fc.constant(list),
				fc.nat(list.length),
				fc.nat(list.length),
				fc.nat(list.length)
			)
		);
		fc.assert(
			fc.property(resumed, ([whole, list, a, b, c]) => {
				const [known, lost, taken] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
				// Pieces up to `known` arrived, those up to `lost` did not, and the snapshot came when `taken` were said.
				let live = gathered(list.slice(0, known));
				live = gathered(list.slice(lost, taken), live);
				live = refreshed(live, {
					offset: 0,
					text: list
						.slice(0, taken)
						.map((piece) => piece.text)
						.join('')
				});
				live = gathered(list.slice(taken), live);
				expect(live?.text).toBe(whole);
				expect(live && hasGap(live)).toBe(false);
			})
		);
	});

	it('goes on from a snapshot that leaves the beginning out', () => {
		const live = gathered([{ offset: 103, text: 'de' }], refreshed(undefined, { offset: 100, text: 'abc' }));
		expect(live).toMatchObject({ start: 100, end: 105, text: 'abcde' });
	});

	it('is bounded', () => {
		const line = `${'é'.repeat(1023)}\n`;
		let live: LiveText | undefined;
		let offset = 0;
		for (let count = 0; count < 1000; count += 1) {
			live = extended(live, { offset, text: line });
			offset += byteLength(line);
		}
		expect(live?.text.length).toBeLessThanOrEqual(256 * 1024);
		expect(live?.end).toBe(offset);
		expect(live && live.start + byteLength(live.text)).toBe(offset);
		expect(live?.text.startsWith('é'.repeat(1023))).toBe(true);
	});

	it('keeps a bounded number of pieces behind a gap', () => {
		const far = Array.from({ length: 2000 }, (_, at) => ({ offset: 10 + at * 2, text: 'x' }));
		expect(gathered(far)?.beyond.length).toBeLessThanOrEqual(512);
	});
});

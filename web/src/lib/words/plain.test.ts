/* eslint-disable no-control-regex -- finding them is the point */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printed, revealed } from './plain';

const shown = (text: string) => revealed(text).map(({ text: part }) => part);

describe('revealed text', () => {
	it('leaves plain text alone', () => {
		for (const plain of ['rm -rf build', 'äöü 漢字 🦦', 'a\tb\nc', ''])
			expect(shown(plain).join('')).toBe(plain);
	});

	it.each([
		['a direction turned', 'a\u202eb', ['a', 'U+202E', 'b']],
		['a blank that is no space', 'a\u00a0b', ['a', 'U+00A0', 'b']],
		['no width', 'r\u200bm', ['r', 'U+200B', 'm']],
		['an escape', '\u001b[2J', ['U+001B', '[2J']],
		['a carriage return', 'safe\rrm', ['safe', 'U+000D', 'rm']],
		['a tag', '\u{e0041}', ['U+E0041']],
		['half a character', '\ud800x', ['U+D800', 'x']]
	])('shows %s', (_, text, parts) => {
		expect(shown(text)).toEqual(parts);
	});

	it('shows every character of any text, or its number', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				const seen = revealed(text).filter(({ hidden }) => !hidden);
				const rest = seen.map(({ text: part }) => part).join('');
				expect(rest).not.toMatch(/[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u0000\u001b\r]/);
				expect(revealed(text).length === 0).toBe(text === '');
			})
		);
	});
});

describe('printed text', () => {
	it.each([
		['colours', '\u001b[31mred\u001b[0m', 'red'],
		['a title', '\u001b]0;owned\u0007x', 'x'],
		['a clipboard', '\u001b]52;c;cm0=\u001b\\x', 'x'],
		['a link that hides its target', '\u001b]8;;http://evil\u001b\\here\u001b]8;;\u001b\\', 'here'],
		['progress', ' 10 %\r 50 %\r100 %\nnext', '100 %\nnext'],
		['the ends of lines', 'a\r\nb\r\n', 'a\nb\n'],
		['a bell', 'a\u0007b', 'ab']
	])('is rid of %s', (_, text, plain) => {
		expect(printed(text)).toBe(plain);
	});

	it('has no control characters left, whatever a program printed', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), (text) => {
				expect(printed(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
			})
		);
	});

	it('is quick also for what is made to be slow', () => {
		const hostile = [
			'\u001b]'.repeat(50_000),
			'x'.repeat(200_000),
			'\r'.repeat(200_000),
			'\u001b[;'.repeat(50_000)
		];
		for (const text of hostile) expect(printed(text).length).toBeLessThanOrEqual(text.length);
	});
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { marked } from './found';

const hits = (text: string, query: string) =>
	marked(text, query)
		.filter(({ hit }) => hit)
		.map(({ text }) => text);

describe('what was looked for', () => {
	it('is marked where words begin so, in any case', () => {
		expect(hits('The Otters build; otter-proof, not potters.', 'otter BUILD')).toEqual([
			'Otter',
			'build',
			'otter'
		]);
		expect(hits('Größe über alles', 'grö ÜBER')).toEqual(['Grö', 'über']);
		expect(hits('nothing', '?!')).toEqual([]);
	});

	it('changes nothing in the text', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, query) => {
				expect(
					marked(text, query)
						.map((stretch) => stretch.text)
						.join('')
				).toBe(text);
			})
		);
	});
});

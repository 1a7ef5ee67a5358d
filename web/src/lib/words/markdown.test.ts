import { describe, expect, it } from 'vitest';
import { blocksOf, resolved, safeAddress } from './markdown';

describe('Markdown', () => {
	it.each([
		'javascript:alert(1)',
		'data:text/html,x',
		'file:///etc/passwd',
		'vbscript:x',
		'/v2/keys',
		'//evil',
		'x'
	])('does not follow %s', (href) => {
		expect(safeAddress(href)).toBeUndefined();
	});

	it('follows what is harmless', () => {
		expect(safeAddress('https://example.org/a?b')).toBe('https://example.org/a?b');
		expect(safeAddress('mailto:a@example.org')).toBe('mailto:a@example.org');
	});

	it('keeps the blocks that did not change, so that they are not drawn anew', () => {
		const before = blocksOf('# One\n\ntwo');
		const after = blocksOf('# One\n\ntwo and more', before);
		expect(after[0]).toBe(before[0]);
		expect(after[1]).not.toBe(before[1]);
	});

	it('resolves references to characters, and nothing else', () => {
		expect(resolved('&lt;b&gt; &amp;amp; &#8364; &#x1F9A6; &nosuch; &#0; &#xD800; & x')).toBe(
			'<b> &amp; € 🦦 &nosuch; &#0; &#xD800; & x'
		);
	});

	it('is read quickly also when it is made to be slow', () => {
		for (const text of ['*'.repeat(20_000), '['.repeat(5000), '`'.repeat(20_000), '> '.repeat(2000)]) {
			expect(blocksOf(text).length).toBeGreaterThan(0);
		}
	});
});

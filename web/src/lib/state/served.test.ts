import { describe, expect, it } from 'vitest';
import { linkTo, pathOf } from './served';

const LINK = 'http://abc.localhost:9090/?holt_ticket=t';

describe('an address on what is served', () => {
	it('is a path, however it is typed', () => {
		expect(pathOf('')).toBe('/');
		expect(pathOf(' about?x=1#y ')).toBe('/about?x=1#y');
		expect(pathOf('//evil.example/x')).toBe('/evil.example/x');
		expect(pathOf('\\\\evil.example')).toBe('/evil.example');
		expect(pathOf('http://localhost:5173/a')).toBe('/a');
	});

	it('keeps its own query and the ticket', () => {
		expect(linkTo(LINK, '')).toBe(LINK);
		expect(linkTo(LINK, '/a?b=c#d')).toBe('http://abc.localhost:9090/a?b=c&holt_ticket=t#d');
		expect(new URL(linkTo(LINK, '//evil.example')).origin).toBe('http://abc.localhost:9090');
	});
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolServer } from '$lib/api/types';
import { pairsOf, serversIn, standing, wordsOf } from './toolservers';

describe('the words of a command', () => {
	it('are parted by space, and kept together by quotes', () => {
		expect(wordsOf(`npx -y  "a b" 'c "d"' e\\ f "g\\"h" ''`)).toEqual([
			'npx',
			'-y',
			'a b',
			'c "d"',
			'e f',
			'g"h',
			''
		]);
		expect(wordsOf('   ')).toEqual([]);
	});

	it('expand nothing', () => {
		expect(wordsOf('run $HOME `id` $(id) *')).toEqual(['run', '$HOME', '`id`', '$(id)', '*']);
	});

	it('are none while a quote is open', () => {
		expect(wordsOf(`npx 'a`)).toBeUndefined();
	});

	it('come back when they are quoted', () => {
		const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
		fc.assert(
			fc.property(fc.array(fc.string()), (words) => {
				expect(wordsOf(words.map(quoted).join(' '))).toEqual(words);
			})
		);
	});
});

describe('variables and headers', () => {
	it('stand one a line', () => {
		expect(pairsOf('A=1\n\n Authorization: Bearer ${TOKEN} \nB=x=y')).toEqual({
			A: '1',
			Authorization: 'Bearer ${TOKEN}',
			B: 'x=y'
		});
		expect(pairsOf('')).toEqual({});
		expect(pairsOf('nothing here')).toBeUndefined();
	});
});

describe('a server that is written down', () => {
	it('is a command', () => {
		expect(serversIn('uvx mcp-server-git --repository .', ' git ', 'X=1')).toEqual({
			servers: [
				{
					name: 'git',
					entry: {
						type: 'stdio',
						command: 'uvx',
						args: ['mcp-server-git', '--repository', '.'],
						env: { X: '1' }
					}
				}
			]
		});
	});

	it('is an address', () => {
		expect(serversIn('https://docs.example/mcp', 'docs', 'Authorization: Bearer ${T}')).toEqual({
			servers: [
				{
					name: 'docs',
					entry: {
						type: 'http',
						url: 'https://docs.example/mcp',
						headers: { Authorization: 'Bearer ${T}' }
					}
				}
			]
		});
	});

	it('is what stands in a file, whole or in part', () => {
		const one = { command: 'npx', args: ['-y', 'a'] };
		const two = { url: 'https://b.example' };
		const both = {
			servers: [
				{ name: 'a', entry: one },
				{ name: 'b', entry: two }
			]
		};
		expect(serversIn(JSON.stringify({ mcpServers: { a: one, b: two } }), '')).toEqual(both);
		expect(serversIn(JSON.stringify({ a: one, b: two }), '')).toEqual(both);
		expect(serversIn(JSON.stringify(one), 'a')).toEqual({ servers: [{ name: 'a', entry: one }] });
	});

	it('is told what is missing', () => {
		for (const [text, name] of [
			['npx a', ''],
			['{"command": "npx"}', ''],
			['{', 'a'],
			['{"mcpServers": {}}', 'a'],
			['{"mcpServers": {"a": 1}}', 'a'],
			['"open', 'a']
		] as const) {
			expect(serversIn(text, name), text).toHaveProperty('problem');
		}
		expect(serversIn('npx a', 'a', 'nothing here')).toHaveProperty('problem');
	});
});

describe('how a server stands', () => {
	const server: ToolServer = {
		name: 'a',
		description: '',
		reached_by: 'npx a',
		on: true,
		agreed: true,
		apart: false,
		fetched: true,
		secrets: [],
		tools: [{ name: 'add', description: 'Adds.' }]
	};

	it('names what is missing first', () => {
		expect(standing(server)).toEqual({ words: '1 tool', tone: 'on' });
		expect(standing({ ...server, on: false }).tone).toBe('off');
		expect(standing({ ...server, fetched: false, agreed: false }).words).toContain('package');
		expect(standing({ ...server, secrets: [{ name: 'T', kept: false }] }).words).toBe('needs T');
		expect(standing({ ...server, agreed: false }).tone).toBe('waits');
	});
});

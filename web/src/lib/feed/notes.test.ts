import { describe, expect, it } from 'vitest';
import { noteOf } from './notes';
import { logOf } from './testing';

const text = (...bodies: Parameters<typeof logOf>) => noteOf(logOf(...bodies)[0]!)?.text;

describe('who drives, in the conversation', () => {
	const control = { by: 'Ada', client: 'tab' };

	it.each([
		['stand_still', 'Ada has control of the desktop, the agent waits'],
		['run', 'Ada has control of the desktop and lets programs run']
	] as const)('was taken, and programs %s', (programs, expected) => {
		expect(text({ kind: 'control_taken', body: { ...control, programs } })).toBe(expected);
	});

	it.each([
		['given', 'The agent has the desktop again'],
		['left', 'Whoever drove did nothing for five minutes, the agent has the desktop again'],
		// What comes next says it.
		['seized', undefined],
		['closed', undefined]
	] as const)('came back because it was %s', (why, expected) => {
		expect(text({ kind: 'control_returned', body: { why, by: 'Ada' } })).toBe(expected);
	});
});

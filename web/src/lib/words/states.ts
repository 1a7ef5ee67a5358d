// How a session is, in words. The word comes first, the colour second.

import type { Snapshot, Status } from '$lib/api/types';
import { clock, wholeDuration } from './times';

export type Tone = 'live' | 'waiting' | 'failed' | 'plain';

export const STATUS_TONES: Readonly<Record<Status, Tone>> = {
	idle: 'plain',
	running: 'live',
	waiting: 'waiting',
	asleep: 'plain',
	ending: 'plain',
	ended: 'plain',
	failed: 'failed'
};

export const STATUS_WORDS: Readonly<Record<Status, string>> = {
	idle: 'idle',
	running: 'working',
	waiting: 'waiting for you',
	asleep: 'asleep',
	ending: 'ending',
	ended: 'ended',
	failed: 'failed'
};

/** `working, 2 min 10 s`, `waiting for you since 14:02`, `ended, stopped`. */
export function stateInWords(record: Snapshot, waitingSince: number | undefined, now: number): string {
	const word = STATUS_WORDS[record.status];
	const { run, held } = record;
	if (held && record.status !== 'waiting') return `standing still since ${clock(held.since)}`;
	if (record.status === 'running' && run) {
		const doing = run.cancelling ? 'stopping' : word;
		return `${doing}, ${wholeDuration(now - run.started_at)}`;
	}
	if (record.status === 'waiting' && waitingSince) return `${word} since ${clock(waitingSince)}`;
	if (record.status === 'ended' && record.ended && record.ended !== 'completed')
		return `${word}, ${record.ended}`;
	return word;
}

/** The tone of a session's state. What stands still waits for somebody to make room. */
export function toneOf({ status, held }: Pick<Snapshot, 'status' | 'held'>): Tone {
	return held ? 'waiting' : STATUS_TONES[status];
}

/** What a session is called before its first prompt has named it. */
export const UNTITLED = 'New session';

export type Group = 'Waiting for you' | 'Working' | 'Idle' | 'Done';

export const GROUPS: readonly Group[] = ['Waiting for you', 'Working', 'Idle', 'Done'];

/** Where a session stands in the list. What failed waits for somebody. */
export function groupOf(status: Status): Group {
	switch (status) {
		case 'waiting':
		case 'failed':
			return 'Waiting for you';
		case 'running':
			return 'Working';
		case 'idle':
		case 'asleep':
			return 'Idle';
		default:
			return 'Done';
	}
}

// What may be used, and what was, in words.

import type { Allowance, Bound, Budget, Reach, Reached, Spent } from '$lib/api/types';
import { cost, count } from './numbers';
import { duration } from './times';

/** `50 steps`, `$2.50`, `1 h`. */
export function amount(bound: Bound, number: number): string {
	switch (bound) {
		case 'steps':
			return count(number, 'step');
		case 'tokens':
			return `${number.toLocaleString()} tokens`;
		case 'cost':
			return cost(number);
		case 'time':
			return duration(number * 1000);
	}
}

const WHOSE: Record<Reach, string> = {
	run: 'this run’s budget',
	session: 'this session’s budget',
	key: 'the budget of the key that made this session',
	key_day: 'today’s budget of the key that made this session',
	day: 'this server’s budget for today'
};

/** `this session’s budget of 50 steps`. */
export const budgetOf = ({ bound, of = 'run', limit = 0 }: Reached): string =>
	`${WHOSE[of]} of ${amount(bound, limit)}`;

/** What to do when it is used up. */
export const WAYS_ON: Record<Reach, string> = {
	run: 'What was done stays. The next prompt has the whole budget again.',
	session: 'What was done stays. Give the session more under Details, or go on in a new one.',
	key: 'What was done stays. Whoever runs this Holt can make a key with a larger budget.',
	key_day: 'What was done stays. The next day begins at midnight UTC.',
	day: 'What was done stays. The next day begins at midnight UTC.'
};

export const REACHES: Record<Reach, string> = {
	run: 'Each run',
	session: 'The session',
	key: 'Its key',
	key_day: 'Its key, today',
	day: 'This server, today'
};

const LIMITS = [
	['steps', 'steps', 'steps'],
	['tokens', 'tokens', 'tokens'],
	['cost', 'cost_micros', 'cost_micros'],
	['time', 'seconds', 'millis']
] as const;

export interface Line {
	bound: Bound;
	used: number;
	limit: number;
}

/** The bounds that an allowance has, with what was used of each. */
export function lines(allowance: Allowance | Budget, spent?: Spent): Line[] {
	return LIMITS.flatMap(([bound, name, used]) => {
		const limit = allowance[name];
		if (limit === undefined || limit === null) return [];
		const raw = spent?.[used] ?? 0;
		return [{ bound, limit, used: bound === 'time' ? Math.floor(raw / 1000) : raw }];
	});
}

/** `50 steps, $2.50`; nothing when nothing binds. */
export const inWords = (allowance: Allowance | Budget): string =>
	lines(allowance)
		.map(({ bound, limit }) => amount(bound, limit))
		.join(', ');

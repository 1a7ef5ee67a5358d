// The modes of a session, the strictest first.

import type { Grant, Mode } from '$lib/api/types';

export const MODES: readonly { mode: Mode; label: string; note: string }[] = [
	{
		mode: 'plan',
		label: 'Plan',
		note: 'It looks and makes a plan: the workspace cannot be written to, and nothing leaves the sandbox.'
	},
	{ mode: 'ask', label: 'Ask', note: 'It asks before whatever changes something.' },
	{
		mode: 'accept_edits',
		label: 'Accept edits',
		note: 'It edits files of the workspace, and asks before everything else.'
	},
	{
		mode: 'full',
		label: 'Full',
		note: 'Inside its sandbox it may do everything that the policy does not forbid.'
	}
];

export const modeLabel = (mode: Mode): string => MODES.find((one) => one.mode === mode)?.label ?? mode;

/** What an answer for the whole session allows. */
export function covers(grant: Grant): { what: string; exactly: string } {
	switch (grant.type) {
		case 'command':
			return {
				what: `${grant.tool} with exactly this command, in`,
				exactly: grant.directory === '.' ? 'the workspace' : grant.directory
			};
		case 'paths':
			return {
				what: `${grant.tool}, whatever it writes or reads there, on`,
				exactly: grant.paths.join(', ')
			};
		case 'host':
			return { what: `${grant.tool} at`, exactly: grant.host };
		case 'call':
			return { what: 'exactly this call of', exactly: grant.tool };
	}
}

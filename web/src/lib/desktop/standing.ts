// How it stands with a session's desktop, as far as this tab is concerned. Pure.

import type { Snapshot } from '$lib/api/types';

type Asked = Pick<Snapshot, 'status' | 'sandbox' | 'desktop' | 'control'>;

/** Whether there is something to look at, and else why not. */
export type Presence = 'there' | 'none' | 'asleep' | 'over';

/** Who moves the desktop. */
export type Driver =
	| { readonly who: 'agent' }
	/** This tab. */
	| { readonly who: 'here'; readonly runs: boolean }
	/** Somebody of the same name, in another tab or program: most likely the same person. */
	| { readonly who: 'elsewhere'; readonly by: string }
	| { readonly who: 'other'; readonly by: string };

export function presenceOf({ status, sandbox, desktop }: Asked): Presence {
	if (desktop.flavour === 'none') return 'none';
	if (status === 'ending' || status === 'ended') return 'over';
	return sandbox === 'open' ? 'there' : 'asleep';
}

/** `name` is what the server calls whoever is signed in here. */
export function driverOf({ control }: Asked, client: string, name: string | undefined): Driver {
	if (!control) return { who: 'agent' };
	if (control.client === client) return { who: 'here', runs: control.programs === 'run' };
	return { who: control.by === name ? 'elsewhere' : 'other', by: control.by };
}

/** In one line, for the bar above the screen. */
export function driverInWords(driver: Driver, isWorking: boolean): string {
	switch (driver.who) {
		case 'here':
			return isWorking ? 'You have control, the agent is waiting' : 'You have control';
		case 'elsewhere':
			return `${driver.by} has control in another window`;
		case 'other':
			return `${driver.by} has control`;
		case 'agent':
			return 'View only';
	}
}

/** After this long without the person's own input, they are asked whether they are done. */
export const QUIET = 2 * 60 * 1000;

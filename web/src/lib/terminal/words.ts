// What is said of terminals.

import type { TerminalExit } from '$lib/api/types';

/** How a terminal came to its end. */
export function endOf(exit: TerminalExit | undefined): string {
	if (!exit || exit.how === 'lost') return 'The terminal is closed';
	if (exit.how === 'signal') return `The program was ended by signal ${exit.signal}`;
	return exit.code === 0 ? 'The program has ended' : `The program has ended with code ${exit.code}`;
}

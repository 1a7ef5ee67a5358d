// What went wrong, in a form that can be shown: what happened, what to do next, and the stable code.

export interface Problem {
	message: string;
	hint?: string;
	code?: string;
	/** The HTTP status; absent when no answer came. */
	status?: number;
}

/** Thrown by everything that talks to the server. */
export class Refused extends Error {
	readonly problem: Problem;

	constructor(problem: Problem) {
		super(problem.message);
		this.name = 'Refused';
		this.problem = problem;
	}
}

const UNREACHABLE: Problem = {
	message: 'Holt does not answer.',
	hint: 'See whether it still runs; the page goes on by itself when it is back.',
	code: 'unreachable'
};

/** Makes something showable of whatever was thrown. */
export function problemOf(thrown: unknown): Problem {
	if (thrown instanceof Refused) return thrown.problem;
	// What fetch throws when there is no connection.
	if (thrown instanceof TypeError) return UNREACHABLE;
	return { message: thrown instanceof Error ? thrown.message : String(thrown), code: 'page_error' };
}

/** Reads the server's error body, whatever stands in it. */
export function problemIn(body: unknown, status: number): Problem {
	const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
	const text = (name: string) =>
		typeof fields[name] === 'string' && fields[name] ? fields[name] : undefined;
	return {
		message: sentence(text('message') ?? text('detail') ?? `the server answered ${status}`),
		hint: text('hint'),
		code: text('code') ?? text('error_type'),
		status
	};
}

/** Begins with a capital and ends with a stop, as what stands alone does. */
export function sentence(words: string): string {
	const begun = words.charAt(0).toUpperCase() + words.slice(1);
	return /[.?!…]$/.test(begun) ? begun : `${begun}.`;
}

// Logs of sessions for tests: any that the server could write, as far as the conversation is concerned.

import fc from 'fast-check';
import type { SessionEvent, SessionSummary, Snapshot, Usage } from '$lib/api/types';

export const SESSION = '01920000-0000-7000-8000-000000000001';
export const USAGE: Usage = { input_tokens: 10, output_tokens: 2, cached_tokens: 0, cost_micros: 5 };
const NOTHING: Usage = { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_micros: 0 };

type Bare<Event = SessionEvent> = Event extends { kind: infer Kind; body: infer Body }
	? { kind: Kind; body: Body }
	: never;

/** Numbers events from 1 on. */
export function logOf(...bodies: Bare[]): SessionEvent[] {
	return bodies.map(
		(bare, at) => ({ session: SESSION, seq: at + 1, at: 1000 * (at + 1), ...bare }) as SessionEvent
	);
}

export const queued = (prompt: string, text = prompt): Bare => ({
	kind: 'prompt_queued',
	body: { prompt, text, attachments: [], when_busy: 'queue', by: 'tester' }
});
export const started = (run: string): Bare => ({ kind: 'run_started', body: { run } });
export const finished = (run: string): Bare => ({
	kind: 'run_finished',
	body: { run, result: { outcome: 'completed' }, usage: USAGE, steps: 1 }
});
export const writing = (run: string, message: string): Bare => ({
	kind: 'message_started',
	body: { run, message }
});
export const aborted = (run: string, message: string): Bare => ({
	kind: 'message_aborted',
	body: { run, message }
});
export const said = (run: string, message: string, text: string): Bare => ({
	kind: 'agent_message',
	body: { run, message, parts: [{ type: 'text', text }], usage: USAGE, stop: 'finished', model: 'demo' }
});
export const proposed = (run: string, call: string, tool = 'read_file', ask = false): Bare => ({
	kind: 'call_proposed',
	body: {
		run,
		call,
		reference: call,
		tool,
		arguments: { path: call } as never,
		verdict: ask ? 'ask' : 'allow',
		parallel: false
	}
});
export const asked = (run: string, call: string): Bare => ({
	kind: 'approval_requested',
	body: { run, call, until: 9e6 }
});
export const answered = (run: string, call: string, allowed: boolean): Bare => ({
	kind: 'approval_answered',
	body: { run, call, allowed, by: 'tester' }
});
export const began = (run: string, call: string): Bare => ({ kind: 'call_started', body: { run, call } });
export const done = (run: string, call: string): Bare => ({
	kind: 'call_finished',
	body: { run, call, outcome: { status: 'succeeded', content: [{ type: 'text', text: 'fine' }] } }
});

/** One call, from wish to result. */
const call = fc.record({
	ask: fc.boolean(),
	allowed: fc.boolean(),
	tool: fc.constantFrom('read_file', 'write_file', 'odd')
});
/** One step of a run: a message, perhaps one that is withdrawn, and calls. */
const step = fc.record({
	text: fc.string({ maxLength: 8 }),
	aborts: fc.boolean(),
	calls: fc.array(call, { maxLength: 3 })
});

/** Any log of a session with some runs. */
export const anyLog = fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 4 }).map((runs) => {
	const bodies: Bare[] = [];
	runs.forEach((steps, at) => {
		const run = `run-${at}`;
		bodies.push(queued(run), started(run));
		steps.forEach(({ text, aborts, calls }, place) => {
			const message = `${run}-message-${place}`;
			if (aborts) bodies.push(writing(run, `${message}-lost`), aborted(run, `${message}-lost`));
			bodies.push(writing(run, message), said(run, message, text));
			calls.forEach(({ ask, allowed, tool }, number) => {
				const id = `${message}-call-${number}`;
				bodies.push(proposed(run, id, tool, ask));
				if (ask) bodies.push(asked(run, id), answered(run, id, allowed));
				bodies.push(began(run, id), done(run, id));
			});
		});
		bodies.push(finished(run));
	});
	return logOf(...bodies);
});

export function summary(rest: Partial<SessionSummary> = {}): SessionSummary {
	const { id, owner, title, kind, status, origin, created_at, updated_at, last_seq } = blankRecord();
	return { id, owner, title, kind, status, origin, created_at, updated_at, last_seq, ...rest };
}

export function blankRecord(): Snapshot {
	return {
		id: SESSION,
		owner: 'owner',
		title: 'test',
		kind: 'chat',
		status: 'idle',
		origin: 'holt',
		agent: 'holt',
		model: 'demo',
		environment: 'full-stack',
		desktop: {},
		workspace: { type: 'managed' },
		policy: {},
		budget: {},
		limits: {},
		created_at: 0,
		updated_at: 0,
		sandbox: 'closed',
		held: null,
		run: null,
		queue: [],
		artifacts: [],
		usage: NOTHING,
		failure: null,
		ended: null,
		partial: [],
		last_seq: 0
	};
}

// The session's record, kept true while events arrive. It follows the server's own state machine; a new snapshot
// replaces it whenever there is one.

import type { OpenCall, QueuedPrompt, SessionEvent, Snapshot, Status, Usage } from '$lib/api/types';

type Run = NonNullable<Snapshot['run']>;
type Of<Kind extends SessionEvent['kind']> = Extract<SessionEvent, { kind: Kind }>;

/** The record after one more event. An event that it already contains changes nothing. */
export function recordAfter(record: Snapshot, event: SessionEvent): Snapshot {
	if (event.seq <= record.last_seq) return record;
	const next = { ...record, ...changes(record, event), last_seq: event.seq, updated_at: event.at };
	return { ...next, status: statusOf(next) };
}

function changes(record: Snapshot, event: SessionEvent): Partial<Snapshot> {
	switch (event.kind) {
		case 'mode_changed':
			return { mode: event.body.mode };
		case 'approval_answered': {
			const { grant } = event.body;
			const grants = record.grants ?? [];
			const kept = { id: event.seq, by: event.body.by, at: event.at };
			return { ...runChanges(record, event), ...(grant && { grants: [...grants, { ...kept, ...grant }] }) };
		}
		case 'grant_revoked': {
			const { grant } = event.body;
			return { grants: (record.grants ?? []).filter(({ id }) => id !== grant) };
		}
		case 'budget_changed':
			return { budget: event.body.budget, session_budget: event.body.session_budget };
		case 'session_renamed':
			return { title: event.body.title };
		case 'session_summarized': {
			const { title, summary, usage } = event.body;
			return { ...(title && { title }), summary, usage: plus(record.usage, usage) };
		}
		case 'prompt_queued':
			return { queue: enqueued(record.queue, event) };
		case 'prompt_withdrawn':
		case 'prompt_steered':
			return { queue: without(record.queue, event.body.prompt) };
		case 'run_started':
			return { queue: without(record.queue, event.body.run), run: newRun(event), status: 'running' };
		case 'run_finished':
			return { run: null, usage: plus(record.usage, event.body.usage), status: 'idle' };
		case 'plan_changed':
			return { plan: event.body.items };
		case 'context_compacted':
			return compacted(record, event);
		case 'compaction_undone':
			return { compaction: event.body.stands ?? null };
		case 'artifact_published': {
			const { artifact: id, call: _, ...rest } = event.body;
			return { artifacts: [...record.artifacts, { id, ...rest, at: event.at }] };
		}
		default:
			return lifeChanges(record, event) ?? runChanges(record, event);
	}
}

/** What the summary cost counts for the run that needed it, or for the session. */
function compacted(record: Snapshot, event: Of<'context_compacted'>): Partial<Snapshot> {
	const { through, reads_from, usage, run } = event.body;
	const compaction = { at: event.seq, through, reads_from };
	if (record.run && record.run.id === run) {
		return { compaction, run: { ...record.run, usage: plus(record.run.usage, usage) } };
	}
	return { compaction, usage: plus(record.usage, usage) };
}

function lifeChanges(record: Snapshot, event: SessionEvent): Partial<Snapshot> | undefined {
	const isIdle = record.status === 'idle' || record.status === 'asleep';
	switch (event.kind) {
		case 'sandbox_opened':
			return { sandbox: 'open', ...(isIdle && { status: 'idle' as const }) };
		case 'sandbox_closed':
			return {
				sandbox: 'closed',
				held: null,
				page: null,
				host_questions: [],
				...(isIdle && { status: ['lost', 'mode_changed'].includes(event.body.why) ? 'idle' : 'asleep' })
			};
		case 'network_changed':
			return { network: event.body.network, hosts: event.body.hosts };
		case 'host_asked': {
			const { host, port, until } = event.body;
			return {
				host_questions: [...(record.host_questions ?? []), { question: event.seq, host, port, until }]
			};
		}
		case 'host_answered':
			return answeredHost(record, event);
		case 'model_used':
			return record.run
				? { run: { ...record.run, usage: plus(record.run.usage, event.body.usage) } }
				: { usage: plus(record.usage, event.body.usage) };
		case 'sandbox_held':
			return { held: { ...event.body, since: event.at } };
		case 'sandbox_released':
			return { held: null };
		case 'page_changed':
			return { page: event.body.tabs > 0 ? event.body : null };
		case 'control_taken':
			return { control: { ...event.body, since: event.at } };
		case 'control_returned':
			return {
				control: null,
				...(record.recording && { recording: { ...record.recording, while_driven: false } })
			};
		case 'recording_started':
			return { recording: { since: event.at, while_driven: event.body.while_driven ?? false } };
		case 'recording_stopped':
			return { recording: null };
		case 'session_ending':
			return { status: 'ending', run: null };
		case 'session_ended':
			return {
				status: 'ended',
				ended: event.body.reason,
				sandbox: 'closed',
				held: null,
				host_questions: [],
				queue: [],
				recording: null,
				run: null
			};
		case 'session_failed':
			return { status: 'failed', failure: event.body, run: null };
		case 'session_retried':
			return { status: 'idle', failure: null };
		default:
			return undefined;
	}
}

function runChanges({ run }: Snapshot, event: SessionEvent): Partial<Snapshot> {
	if (!run) return {};
	switch (event.kind) {
		case 'agent_message':
			return { run: { ...run, steps: run.steps + 1, usage: plus(run.usage, event.body.usage) } };
		case 'call_proposed':
			return { run: { ...run, calls: [...run.calls, openCall(event)] } };
		case 'approval_requested':
			return {
				run: withCall(run, event.body.call, {
					stage: 'asked',
					answer_until: event.body.until,
					question: event.body.question
				})
			};
		case 'approval_answered':
			return { run: withCall(run, event.body.call, answeredCall(event)) };
		case 'human_asked': {
			const { call, question, until } = event.body;
			return { run: withCall(run, call, { stage: 'asked', answer_until: until, asks: question }) };
		}
		case 'human_answered':
			return { run: withCall(run, event.body.call, { stage: 'ready', answer_until: null, asks: null }) };
		case 'call_started':
			return { run: withCall(run, event.body.call, { stage: 'running' }) };
		case 'call_finished':
			return { run: { ...run, calls: run.calls.filter((call) => call.id !== event.body.call) } };
		case 'cancel_requested':
		case 'budget_reached':
			return { run: { ...run, cancelling: true } };
		default:
			return {};
	}
}

function statusOf(record: Snapshot): Status {
	if (!record.run) return record.status;
	const asks =
		record.run.calls.some((call) => call.stage === 'asked') || (record.host_questions ?? []).length > 0;
	return asks && !record.run.cancelling ? 'waiting' : 'running';
}

/** For good it is a rule, the first of all. */
function answeredHost({ host_questions, hosts }: Snapshot, { body }: Of<'host_answered'>): Partial<Snapshot> {
	const open = (host_questions ?? []).filter(({ question }) => question !== body.question);
	if (!body.lasting) return { host_questions: open };
	const rule = {
		host: `${body.host}:${body.port}`,
		verdict: body.allowed ? ('allow' as const) : ('deny' as const)
	};
	return { host_questions: open, hosts: [rule, ...(hosts ?? [])] };
}

function newRun(event: Of<'run_started'>): Run {
	const usage = { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_micros: 0 };
	return { id: event.body.run, started_at: event.at, steps: 0, usage, cancelling: false, calls: [] };
}

function enqueued(queue: QueuedPrompt[], { body }: Of<'prompt_queued'>): QueuedPrompt[] {
	const prompt = { id: body.prompt, text: body.text, when_busy: body.when_busy, by: body.by };
	if (body.when_busy !== 'interrupt') return [...queue, prompt];
	// An interrupting prompt goes before those that wait, behind earlier interrupting ones.
	const place = queue.findIndex((other) => other.when_busy !== 'interrupt');
	return place < 0 ? [...queue, prompt] : [...queue.slice(0, place), prompt, ...queue.slice(place)];
}

function without(queue: QueuedPrompt[], id: string): QueuedPrompt[] {
	return queue.filter((prompt) => prompt.id !== id);
}

function openCall({ body }: Of<'call_proposed'>): OpenCall {
	const stage = body.verdict === 'ask' ? 'asked' : 'ready';
	return {
		id: body.call,
		tool: body.tool,
		arguments: body.arguments,
		stage,
		parallel: body.parallel,
		within: body.within
	};
}

function answeredCall({ body }: Of<'approval_answered'>): Partial<OpenCall> {
	const edited = body.arguments && { arguments: body.arguments, edited_by: body.by };
	return { stage: 'ready', answer_until: null, question: null, asks: null, ...edited };
}

function withCall(run: Run, id: string, change: Partial<OpenCall>): Run {
	return { ...run, calls: run.calls.map((call) => (call.id === id ? { ...call, ...change } : call)) };
}

export function plus(a: Usage, b: Usage): Usage {
	return {
		input_tokens: a.input_tokens + b.input_tokens,
		output_tokens: a.output_tokens + b.output_tokens,
		cached_tokens: (a.cached_tokens ?? 0) + (b.cached_tokens ?? 0),
		cost_micros: (a.cost_micros ?? 0) + (b.cost_micros ?? 0),
		...((a.unpriced || b.unpriced) && { unpriced: true })
	};
}

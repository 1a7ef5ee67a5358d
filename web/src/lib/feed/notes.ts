// What happened to a session beside the conversation itself, in one line each.

import type { SessionEvent } from '$lib/api/types';
import { budgetOf } from '$lib/words/budgets';
import { count } from '$lib/words/numbers';
import { modeLabel } from '$lib/words/modes';
import type { NoteItem } from './conversation';

type Of<Kind extends SessionEvent['kind']> = Extract<SessionEvent, { kind: Kind }>;

/** The server's document leaves out who it was. */
function added({ path, by }: { path: string; by?: string }): string {
	return by ? `${by} added ${path}` : `${path} was added`;
}

type Note = Pick<NoteItem, 'tone' | 'text' | 'code' | 'hint' | 'details'>;

const NETWORK_WORDS = {
	none: 'nothing outside',
	allow: 'registries and Git hosts, the rest when you say so',
	open: 'public hosts'
};
const END_WORDS = {
	completed: 'The session is complete',
	stopped: 'The session was ended',
	expired: 'The session expired',
	failed: 'The session ended because it failed',
	evicted: 'The session was ended to make room'
};

/** The line for an event, where it is worth one. */
export function noteOf(event: SessionEvent): Note | undefined {
	switch (event.kind) {
		case 'budget_warned':
			return { tone: 'warning', text: `Four fifths of ${budgetOf(event.body)} are used` };
		case 'model_stood_in': {
			const { wanted, model, why, code } = event.body;
			return { tone: 'warning', text: `${model} stands in for ${wanted}: ${why}`, code };
		}
		case 'grant_revoked':
			return { tone: 'quiet', text: `${event.body.by} took back what was allowed for the session` };
		case 'budget_changed':
			return { tone: 'quiet', text: `${event.body.by} changed what the session may use` };
		case 'context_compacted':
			return { tone: 'quiet', text: compactedNote(event.body) };
		case 'compaction_undone':
			return {
				tone: 'quiet',
				text: `${event.body.by} took the summary back: the model sees the conversation itself`
			};
		case 'mode_changed':
			return { tone: 'quiet', text: `${event.body.by} set the mode to ${modeLabel(event.body.mode)}` };
		case 'cancel_requested':
			return { tone: 'quiet', text: `${event.body.by} stopped the run` };
		case 'workspace_restored': {
			const { by, path, files } = event.body;
			return { tone: 'quiet', text: `${by} put ${path ?? count(files, 'file')} back as before` };
		}
		case 'source_fetched': {
			const { source, fetched } = event.body;
			const at = [fetched.branch, fetched.commit.slice(0, 8)].filter(Boolean).join(' at ');
			return { tone: 'quiet', text: `Fetched ${source.url}${at && `, ${at}`}` };
		}
		case 'session_forked':
			return { tone: 'quiet', text: forkNote(event.body) };
		case 'file_received':
			return { tone: 'quiet', text: added(event.body) };
		case 'sleep_postponed':
			return { tone: 'quiet', text: `Stays awake: ${event.body.why}` };
		case 'noted': {
			const { level, text, code } = event.body;
			return { tone: level === 'info' ? 'quiet' : level, text, code: level === 'info' ? undefined : code };
		}
		default:
			return lifeNote(event);
	}
}

function lifeNote(event: SessionEvent): Note | undefined {
	switch (event.kind) {
		case 'network_changed':
			return {
				tone: 'quiet',
				text: `${event.body.by} changed the network: ${NETWORK_WORDS[event.body.network]}`
			};
		case 'host_answered':
			return { tone: 'quiet', text: hostNote(event.body) };
		case 'network_decided':
			return decidedNote(event.body);
		case 'sandbox_opened':
			return sandboxNote(event.body.warnings ?? []);
		case 'sandbox_closed':
			return closingNote(event.body);
		case 'sandbox_held':
			return { tone: 'warning', text: event.body.text, code: event.body.code };
		case 'sandbox_released':
			return { tone: 'quiet', text: 'The sandbox goes on' };
		case 'control_taken':
			return { tone: 'quiet', text: takenNote(event.body) };
		case 'control_returned':
			return returnedNote(event.body);
		case 'recording_started':
			return {
				tone: 'quiet',
				text: `${event.body.by} records the desktop${event.body.while_driven ? ', also while a person drives' : ''}`
			};
		case 'recording_paused':
			return { tone: 'quiet', text: 'The recording stands still while a person drives' };
		case 'recording_resumed':
			return { tone: 'quiet', text: 'The recording goes on' };
		case 'recording_stopped':
			return { tone: 'quiet', text: `${event.body.by} stopped the recording of the desktop` };
		case 'terminal_opened':
			return { tone: 'quiet', text: terminalNote(event.body) };
		case 'session_ended':
			return { tone: 'quiet', text: END_WORDS[event.body.reason] };
		case 'session_failed':
			return { tone: 'error', text: event.body.message, code: event.body.code, hint: event.body.hint };
		case 'session_retried':
			return { tone: 'quiet', text: `${event.body.by} tried again` };
		default:
			return undefined;
	}
}

function forkNote({ by, at, files, kept_at: keptAt }: Of<'session_forked'>['body']): string {
	const what =
		files === 0
			? 'without files'
			: `with ${count(files, 'file')} as they ${keptAt ? `were at event ${keptAt}` : 'stood'}`;
	return `${by} made this session as a copy of another one up to event ${at}, ${what}`;
}

function hostNote({ host, port, allowed, lasting, by }: Of<'host_answered'>['body']): string {
	const what = allowed ? 'let it reach' : 'did not let it reach';
	return `${by ?? 'Nobody answered, which'} ${by ? what : 'does not let it reach'} ${host}:${port}${lasting ? ', for good' : ''}`;
}

/** What is let out is a matter of course; what is not, a person may want to change. */
function decidedNote({ host, port, allowed, rule, times }: Of<'network_decided'>['body']): Note | undefined {
	if (allowed) return undefined;
	const again = times > 1 ? `, ${times.toLocaleString()} times by now` : '';
	return { tone: 'warning', text: `${host}:${port} was not reached${again}`, code: rule };
}

function compactedNote({ from, through, model }: Of<'context_compacted'>['body']): string {
	return model
		? `For the model, a summary stands for events ${from} to ${through}`
		: `The model no longer sees events ${from} to ${through}: it could not sum them up`;
}

function terminalNote({ by, shared }: Of<'terminal_opened'>['body']): string {
	return shared ? `${by} opened a shared terminal` : `${by} opened a terminal`;
}

function takenNote({ by, programs }: Of<'control_taken'>['body']): string {
	return programs === 'run'
		? `${by} has control of the desktop and lets programs run`
		: `${by} has control of the desktop, the agent waits`;
}

function returnedNote({ why }: Of<'control_returned'>['body']): Note | undefined {
	switch (why) {
		case 'given':
			return { tone: 'quiet', text: 'The agent has the desktop again' };
		case 'left':
			return {
				tone: 'quiet',
				text: 'Whoever drove did nothing for five minutes, the agent has the desktop again'
			};
		// What follows tells it: somebody else has control, or the sandbox is closed.
		case 'seized':
		case 'closed':
			return undefined;
	}
}

function closingNote({ why, ended = [] }: Of<'sandbox_closed'>['body']): Note | undefined {
	if (why === 'lost') return { tone: 'warning', text: 'The sandbox ended without being asked to' };
	if (why !== 'slept') return undefined;
	const text = 'Asleep; the next prompt wakes it';
	if (ended.length === 0) return { tone: 'quiet', text };
	return {
		tone: 'quiet',
		text: `${text}. ${count(ended.length, 'process', 'processes')} ended`,
		details: ended
	};
}

function sandboxNote(warnings: readonly string[]): Note {
	if (warnings.length === 0) return { tone: 'quiet', text: 'The sandbox is open' };
	const things = warnings.length === 1 ? 'one thing' : `${warnings.length} things`;
	return {
		tone: 'quiet',
		text: `The sandbox is open; this machine lacks ${things} for it`,
		details: warnings
	};
}

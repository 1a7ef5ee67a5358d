// The conversation as people read it, made from a session's events. Pure: the same events give the same conversation,
// whether they came one by one or all at once.
//
// An item is never changed, only replaced, so that the page redraws what changed and nothing else.

import type {
	CallOutcome,
	FreeQuestion,
	Question,
	RunResult,
	SessionEvent,
	Usage,
	Verdict,
	WhenBusy
} from '$lib/api/types';
import { noteOf } from './notes';

interface Base {
	readonly id: string;
	/** The call by which whoever it is of was given a part of the work. */
	readonly within?: string;
	/** The event that put it here. */
	readonly seq: number;
	readonly at: number;
}

export interface PromptItem extends Base {
	readonly type: 'prompt';
	readonly text: string;
	readonly attachments: readonly string[];
	readonly by: string;
	/** It joined a run that was under way. */
	readonly steered: boolean;
}

export interface MessageItem extends Base {
	readonly type: 'message';
	/** Its text so far is live while it is being written. */
	readonly writing: boolean;
	readonly text: string;
	readonly reasoning: string;
	/** The answer reached the longest it may be, or was refused. */
	readonly cut?: 'length' | 'refused';
}

export interface CallAnswer {
	readonly allowed: boolean;
	readonly by?: string | null;
	/** Why not. */
	readonly reason?: string | null;
	/** What runs is not what the agent asked for. */
	readonly edited?: boolean;
	readonly forSession?: boolean;
}

export interface CallItem extends Base {
	readonly type: 'call';
	readonly tool: string;
	readonly arguments: Readonly<Record<string, unknown>>;
	readonly verdict: Verdict;
	/** It looks at the screen or acts on it. */
	readonly onScreen: boolean;
	readonly stage: 'ready' | 'asked' | 'running' | 'done';
	readonly askedAt?: number;
	readonly answerUntil?: number;
	/** What an answer is bound to, and why it is asked. */
	readonly question?: Question;
	/** What it asks in words. */
	readonly asks?: FreeQuestion;
	readonly answer?: CallAnswer;
	readonly startedAt?: number;
	readonly finishedAt?: number;
	readonly outcome?: CallOutcome;
}

export interface RunEndItem extends Base {
	readonly type: 'run-end';
	readonly run: string;
	readonly result: RunResult;
	readonly usage: Usage;
	readonly steps: number;
	/** Milliseconds from its start, when that is known. */
	readonly took?: number;
}

export interface ArtifactItem extends Base {
	readonly type: 'artifact';
	readonly name: string;
	readonly path: string;
	readonly size: number;
	readonly mediaType: string;
}

/** Something that happened to the session, in one line. */
export interface NoteItem extends Base {
	readonly type: 'note';
	readonly tone: 'quiet' | 'warning' | 'error';
	readonly text: string;
	readonly code?: string;
	readonly hint?: string;
	readonly details?: readonly string[];
}

export type Item = PromptItem | MessageItem | CallItem | RunEndItem | ArtifactItem | NoteItem;

interface WaitingPrompt {
	readonly text: string;
	readonly attachments: readonly string[];
	readonly by: string;
	readonly whenBusy: WhenBusy;
}

export interface Conversation {
	readonly items: readonly Item[];
	/** Prompts that were sent and not taken up yet; they join the conversation when they are. */
	readonly waiting: ReadonlyMap<string, WaitingPrompt>;
	readonly run?: { readonly id: string; readonly startedAt: number };
}

export const EMPTY: Conversation = { items: [], waiting: new Map() };

/** The conversation after further events, which must follow on those before. */
export function conversationAfter(before: Conversation, events: readonly SessionEvent[]): Conversation {
	if (events.length === 0) return before;
	const draft = new Draft(before);
	for (const event of events) draft.fold(event);
	return { items: draft.items, waiting: draft.waiting, run: draft.run };
}

type Of<Kind extends SessionEvent['kind']> = Extract<SessionEvent, { kind: Kind }>;

class Draft {
	items: Item[];
	waiting: Map<string, WaitingPrompt>;
	run: Conversation['run'];

	constructor(before: Conversation) {
		this.items = [...before.items];
		this.waiting = new Map(before.waiting);
		this.run = before.run;
	}

	fold(event: SessionEvent): void {
		switch (event.kind) {
			case 'prompt_queued':
				return this.#wait(event);
			case 'prompt_withdrawn':
				this.waiting.delete(event.body.prompt);
				return;
			case 'run_started':
				this.run = { id: event.body.run, startedAt: event.at };
				return this.#take(event, event.body.run, false);
			case 'prompt_steered':
				return this.#take(event, event.body.prompt, true);
			case 'run_finished':
				return this.#endRun(event);
			case 'artifact_published':
				return this.#publish(event);
			case 'message_started':
			case 'message_aborted':
			case 'agent_message':
				return this.#message(event);
			case 'session_failed':
				return this.#failSession(event);
			default:
				return this.#callOrNote(event);
		}
	}

	#wait({ body }: Of<'prompt_queued'>): void {
		const { prompt, text, attachments = [], by, when_busy: whenBusy } = body;
		this.waiting.set(prompt, { text, attachments, by, whenBusy });
	}

	#take({ seq, at }: SessionEvent, id: string, steered: boolean): void {
		// A prompt that was sent before the known stretch of the log appears once that is loaded.
		const prompt = this.waiting.get(id);
		if (!prompt) return;
		this.waiting.delete(id);
		const { text, attachments, by } = prompt;
		this.items.push({ type: 'prompt', id, seq, at, text, attachments, by, steered });
	}

	#message(event: Of<'message_started' | 'message_aborted' | 'agent_message'>): void {
		const { seq, at, body } = event;
		const place = this.#find('message', body.message);
		if (event.kind === 'message_aborted') {
			if (place >= 0) this.items.splice(place, 1);
		} else if (event.kind === 'message_started') {
			this.items.push({ type: 'message', id: body.message, seq, at, writing: true, text: '', reasoning: '' });
		} else {
			this.#finishMessage(event, place);
		}
	}

	#finishMessage({ seq, at, body }: Of<'agent_message'>, place: number): void {
		const all = (type: 'text' | 'reasoning') =>
			body.parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('');
		const [text, reasoning] = [all('text'), all('reasoning')];
		const cut = body.stop === 'length' || body.stop === 'refused' ? body.stop : undefined;
		const message = {
			type: 'message' as const,
			id: body.message,
			seq,
			at,
			writing: false,
			text,
			reasoning,
			cut,
			...(body.within && { within: body.within })
		};
		const isSilent = !text.trim() && !reasoning.trim() && !cut;
		if (place < 0) {
			if (!isSilent) this.items.push(message);
		} else if (isSilent) {
			this.items.splice(place, 1);
		} else {
			this.items[place] = { ...message, seq: this.items[place]!.seq };
		}
	}

	#endRun({ seq, at, body }: Of<'run_finished'>): void {
		const { result, usage, steps } = body;
		const took = this.run?.id === body.run ? at - this.run.startedAt : undefined;
		this.run = undefined;
		this.items.push({
			type: 'run-end',
			run: body.run,
			id: `end-${body.run}`,
			seq,
			at,
			result,
			usage,
			steps,
			took
		});
	}

	/** What failed a session failed its run a moment before, and is told there. */
	#failSession(event: Of<'session_failed'>): void {
		const last = this.items.at(-1);
		const isTold =
			last?.type === 'run-end' &&
			last.result.outcome === 'failed' &&
			last.result.code === event.body.code &&
			last.result.message === event.body.message;
		if (!isTold) this.#callOrNote(event);
	}

	#publish({ seq, at, body }: Of<'artifact_published'>): void {
		const { artifact: id, name, path, size, media_type: mediaType } = body;
		this.items.push({ type: 'artifact', id, seq, at, name, path, size, mediaType });
	}

	#callOrNote(event: SessionEvent): void {
		if (event.kind === 'call_proposed') {
			const { call: id, tool, arguments: given, verdict, screen, within } = event.body;
			const stage = verdict === 'ask' ? 'asked' : 'ready';
			this.items.push({
				type: 'call',
				id,
				seq: event.seq,
				at: event.at,
				tool,
				arguments: given,
				verdict,
				onScreen: screen ?? false,
				stage,
				...(within && { within })
			});
			return;
		}
		const change = callChange(event);
		if (change) {
			const place = this.#find('call', change.call);
			const item = this.items[place];
			if (item?.type === 'call') this.items[place] = { ...item, ...change.to };
			return;
		}
		const note = noteOf(event);
		if (note)
			this.items.push({ type: 'note', id: `note-${event.seq}`, seq: event.seq, at: event.at, ...note });
	}

	/** The place of an item; looked for from the end, where what changes stands. */
	#find(type: Item['type'], id: string): number {
		return this.items.findLastIndex((item) => item.type === type && item.id === id);
	}
}

function callChange(event: SessionEvent): { call: string; to: Partial<CallItem> } | undefined {
	switch (event.kind) {
		case 'approval_requested':
			return {
				call: event.body.call,
				to: {
					stage: 'asked',
					askedAt: event.at,
					answerUntil: event.body.until,
					question: event.body.question ?? undefined
				}
			};
		case 'human_asked': {
			const { call, question, until } = event.body;
			return { call, to: { stage: 'asked', askedAt: event.at, answerUntil: until, asks: question } };
		}
		case 'human_answered':
			return { call: event.body.call, to: { stage: 'ready' } };
		case 'approval_answered': {
			const { call, allowed, by, reason, arguments: edited, grant } = event.body;
			const answer = { allowed, by, reason, edited: Boolean(edited), forSession: Boolean(grant) };
			return { call, to: { stage: 'ready', answer, ...(edited && { arguments: edited }) } };
		}
		case 'call_started':
			return { call: event.body.call, to: { stage: 'running', startedAt: event.at } };
		case 'call_finished': {
			const { call, outcome } = event.body;
			return { call, to: { stage: 'done', finishedAt: event.at, outcome } };
		}
		default:
			return undefined;
	}
}

// What a person does to a session. A refusal becomes a notice; what succeeds shows itself in the session's own feed.

import { goto } from '$app/navigation';
import { api, download, got } from '$lib/api/client';
import type {
	Answer,
	ForkSession,
	HostRule,
	Mode,
	Network,
	Programs,
	SetBudget,
	WhenBusy
} from '$lib/api/types';
import { thisClient } from '$lib/desktop/client';
import { notices } from './notices.svelte';

async function tried(deed: Promise<unknown>): Promise<boolean> {
	try {
		await deed;
		return true;
	} catch (thrown) {
		notices.fail(thrown);
		return false;
	}
}

const at = (id: string) => ({ params: { path: { id } } });

export const cancelRun = (id: string) => tried(got(api.POST('/v2/sessions/{id}/cancel', at(id))));
export const endSession = (id: string) => tried(got(api.POST('/v2/sessions/{id}/stop', at(id))));
export const retrySession = (id: string) => tried(got(api.POST('/v2/sessions/{id}/retry', at(id))));
export const sleepSession = (id: string) => tried(got(api.POST('/v2/sessions/{id}/sleep', at(id))));
export const wakeSession = (id: string) => tried(got(api.POST('/v2/sessions/{id}/wake', at(id))));
/** The older part of the conversation is summed up for the model: at the next step, or at once. */
export const compact = (id: string) => tried(got(api.POST('/v2/sessions/{id}/compaction', at(id))));
export const undoCompaction = (id: string) => tried(got(api.DELETE('/v2/sessions/{id}/compaction', at(id))));

/** The desktop for this tab; from somebody else only with `seize`. Taking again what one has changes what programs do. */
export const takeControl = (id: string, how: { programs?: Programs; seize?: boolean } = {}) =>
	tried(
		got(
			api.POST('/v2/sessions/{id}/control', {
				...at(id),
				body: { action: 'take', client: thisClient(), ...how }
			})
		)
	);
/** The desktop for the agent again. */
export const giveControl = (id: string) =>
	tried(
		got(api.POST('/v2/sessions/{id}/control', { ...at(id), body: { action: 'give', client: thisClient() } }))
	);

/** What happens on the desktop is kept from now on, or not any more. */
export const recordDesktop = (id: string, on: boolean) =>
	tried(
		got(
			api.POST('/v2/sessions/{id}/recording', {
				...at(id),
				body: { action: on ? 'start' : 'stop', while_driven: false }
			})
		)
	);

export const renameSession = (id: string, title: string) =>
	tried(got(api.PATCH('/v2/sessions/{id}', { ...at(id), body: { title } })));

export const answerCall = (id: string, call: string, answer: Answer) =>
	tried(
		got(api.POST('/v2/sessions/{id}/approvals/{call}', { params: { path: { id, call } }, body: answer }))
	);

export const answerHost = (id: string, question: number, allow: boolean, lasting: boolean) =>
	tried(
		got(
			api.POST('/v2/sessions/{id}/hosts/{question}', {
				params: { path: { id, question } },
				body: { allow, lasting }
			})
		)
	);
/** Where the session may go from now on. */
export const setNetwork = (id: string, network: Network, hosts: HostRule[]) =>
	tried(got(api.PUT('/v2/sessions/{id}/network', { ...at(id), body: { network, hosts } })));
/** What was allowed until the session ends is asked about again. */
export const revokeGrant = (id: string, grant: number) =>
	tried(got(api.DELETE('/v2/sessions/{id}/grants/{grant}', { params: { path: { id, grant } } })));

/** What the session may use from now on. */
export const setBudgets = (id: string, body: SetBudget) =>
	tried(got(api.PUT('/v2/sessions/{id}/budgets', { ...at(id), body })));
/** An answer in words to what the agent asked in words. */
export const replyTo = (id: string, call: string, text: string) =>
	tried(
		got(api.POST('/v2/sessions/{id}/questions/{call}', { params: { path: { id, call } }, body: { text } }))
	);

/** How freely the agent works from now on. */
export const setMode = (id: string, mode: Mode) =>
	tried(got(api.PUT('/v2/sessions/{id}/mode', { ...at(id), body: { mode } })));

/** A session of its own out of this one, which is shown. */
export const forkSession = (id: string, body: ForkSession = {}) =>
	tried(
		got(api.POST('/v2/sessions/{id}/fork', { ...at(id), body })).then((forked) =>
			goto(`/app/sessions/${forked.id}`)
		)
	);

/** The files as in a snapshot, or one of them; for ten seconds there is a way back. */
export async function restoreFiles(id: string, snapshot: string, path?: string): Promise<void> {
	const restore = (snapshot: string) =>
		got(api.POST('/v2/sessions/{id}/restore', { ...at(id), body: { snapshot, path } }));
	const done = await tried(restore(snapshot));
	if (!done) return;
	// What stood there before was kept a moment ago, and is the newest that was taken.
	const kept = await got(api.GET('/v2/sessions/{id}/snapshots', at(id))).catch(() => undefined);
	const before = kept?.items[0]?.snapshot.id;
	const what = path ?? 'The files';
	if (before && before !== snapshot) {
		notices.undoable(
			`${what} ${path ? 'is' : 'are'} as before`,
			() => {},
			() => void tried(restore(before))
		);
	} else notices.say(`${what} ${path ? 'is' : 'are'} as before`);
}

export const withdrawPrompt = (id: string, prompt: string) =>
	tried(got(api.DELETE('/v2/sessions/{id}/prompts/{prompt}', { params: { path: { id, prompt } } })));

export const downloadArchive = (id: string) => tried(download(`/v2/sessions/${id}/archive`));
export const downloadArtifact = (id: string, artifact: string) =>
	tried(download(`/v2/sessions/${id}/artifacts/${artifact}`));
export const downloadPath = (path: string) => tried(download(path));

export interface Prompt {
	/** Chosen here, so that a prompt that is sent again is taken once. */
	id: string;
	text: string;
	attachments: string[];
	when_busy: WhenBusy;
}

/** Sends a prompt; throws when it is refused, since its words must not get lost. */
export async function sendPrompt(id: string, prompt: Prompt): Promise<void> {
	await got(api.POST('/v2/sessions/{id}/prompts', { ...at(id), body: prompt }));
}

// Who is signed in on this page. The key lives in storage bound to this origin, and leaves it only in a header.

import { api, got, raw, useAccess } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { Me, Scope } from '$lib/api/types';

import { read, write } from './storage';

const STORED = 'holt.key';

interface Kept {
	key: string;
	/** Known when the page made the key itself, by a sign-in link; signing out then revokes it. */
	id?: string;
}

class Access {
	#kept = $state.raw<Kept | undefined>(stored());
	/** Why the page asks to sign in again, when there is a reason. */
	farewell = $state('');
	me = $state.raw<Me | undefined>();

	get key(): string | undefined {
		return this.#kept?.key;
	}

	get keyId(): string | undefined {
		return this.#kept?.id;
	}

	get isSignedIn(): boolean {
		return this.#kept !== undefined;
	}

	/** Whether the key may do something; until that is known, the server will say. */
	may(scope: Scope): boolean {
		const held = this.me?.scopes;
		if (!held || held.includes('admin') || held.includes(scope)) return true;
		return scope === 'view' && held.includes('operate');
	}

	/** Exchanges the one-use code of a sign-in link for a key of this browser's own. */
	async signInWithCode(code: string): Promise<Problem | undefined> {
		try {
			const { key, record } = await got(api.POST('/v2/sign-in', { body: { code } }));
			this.#keep({ key, id: record.id });
			await this.introduce();
		} catch (thrown) {
			return problemOf(thrown);
		}
	}

	async signInWithKey(key: string): Promise<Problem | undefined> {
		try {
			await raw('/v2/me', { headers: { 'X-API-Key': key } });
		} catch (thrown) {
			const problem = problemOf(thrown);
			if (problem.status !== 401) return problem;
			return {
				message: 'Holt does not know this key.',
				hint: 'Make a new one with “holt key”.',
				code: problem.code
			};
		}
		this.#keep({ key });
		await this.introduce();
	}

	/** Learns what the key may do. */
	async introduce(): Promise<void> {
		this.me = await got(api.GET('/v2/me')).catch(() => undefined);
	}

	/**
	 * Everything that the key keeps open ends before the key does: nothing is left to be refused. A key that was made for
	 * this browser alone is of no use to anybody else, and is revoked.
	 */
	async signOut(): Promise<void> {
		const kept = this.#kept;
		this.#forget('');
		if (!kept?.id) return;
		try {
			const headers = { Authorization: `Bearer ${kept.key}` };
			await raw(`/v2/keys/${encodeURIComponent(kept.id)}`, { method: 'DELETE', headers, keepalive: true });
		} catch (thrown) {
			// Refused, it is no key any more.
			if (problemOf(thrown).status === 401 || this.isSignedIn) return;
			this.farewell =
				'You are signed out here, but the key of this browser could not be revoked: “holt key” lists and revokes it.';
		}
	}

	/** The server refused a key: it was revoked, or it expired. */
	refused(key: string): void {
		if (key === this.key) this.#forget('Your key is no longer valid: it was revoked, or it expired.');
	}

	#keep(kept: Kept): void {
		this.#kept = kept;
		this.farewell = '';
		write(STORED, JSON.stringify(kept));
	}

	#forget(farewell: string): void {
		this.#kept = undefined;
		this.me = undefined;
		this.farewell = farewell;
		write(STORED, null);
	}
}

function stored(): Kept | undefined {
	try {
		const kept: unknown = JSON.parse(read(STORED) ?? 'null');
		if (typeof kept === 'object' && kept !== null && 'key' in kept && typeof kept.key === 'string') {
			return kept as Kept;
		}
	} catch {
		// Nothing readable is nothing.
	}
	return undefined;
}

export const access = new Access();

useAccess({ key: () => access.key, refused: (key) => access.refused(key) });

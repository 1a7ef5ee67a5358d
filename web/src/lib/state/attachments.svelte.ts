// Files that are about to go with a prompt. They are put into the workspace when the prompt is sent, under names that
// take nothing's place.

import { api, filePath, got, upload } from '$lib/api/client';

export interface Attachment {
	id: number;
	file: File;
	name: string;
	/** How much of it has gone, from 0 to 1; absent until it is sent. */
	progress?: number;
	/** Where it is, once it is there. */
	path?: string;
}

export class Attachments {
	items = $state.raw<readonly Attachment[]>([]);
	#next = 1;

	add(files: Iterable<File>): void {
		const added = [...files].map((file) => ({ id: this.#next++, file, name: file.name || 'pasted' }));
		this.items = [...this.items, ...added];
	}

	remove(id: number): void {
		this.items = this.items.filter((item) => item.id !== id);
	}

	clear(): void {
		this.items = [];
	}

	/** Puts them into the session's workspace, those that are not there yet, and says where they are. */
	async send(session: string): Promise<string[]> {
		if (this.items.some(({ path }) => path === undefined)) await this.#upload(session);
		return this.items.flatMap(({ path }) => path ?? []);
	}

	async #upload(session: string): Promise<void> {
		const { entries } = await got(api.GET('/v2/sessions/{id}/files', { params: { path: { id: session } } }));
		const taken = new Set(entries.map(({ name }) => name));
		for (const { id, file, name, path } of this.items) {
			if (path !== undefined) continue;
			const free = freeName(name, taken);
			taken.add(free);
			await upload(filePath(session, free), file, (progress) => this.#change(id, { progress }));
			this.#change(id, { progress: 1, path: free });
		}
	}

	#change(id: number, change: Partial<Attachment>): void {
		this.items = this.items.map((item) => (item.id === id ? { ...item, ...change } : item));
	}
}

/** `report.pdf`, or `report 2.pdf` when there is one already. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
	// eslint-disable-next-line no-control-regex -- they are what is taken out
	const plain = name.replace(/[/\u0000-\u001f\u007f]/g, '_').replace(/^\.{1,2}$/, '_');
	if (!taken.has(plain)) return plain;
	const dot = plain.lastIndexOf('.');
	const [stem, ending] = dot > 0 ? [plain.slice(0, dot), plain.slice(dot)] : [plain, ''];
	for (let number = 2; ; number += 1) {
		const candidate = `${stem} ${number}${ending}`;
		if (!taken.has(candidate)) return candidate;
	}
}

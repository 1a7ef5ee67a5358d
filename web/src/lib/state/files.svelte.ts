// The workspace's files as far as somebody opened their directories.

import { api, filePath, got, raw, upload } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { Entry, Listing } from '$lib/api/types';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { freeName } from './attachments.svelte';
import { notices } from './notices.svelte';

interface Upload {
	name: string;
	progress: number;
}

export class FileTree {
	readonly session: string;
	problem = $state.raw<Problem | undefined>();
	uploads = $state.raw<readonly Upload[]>([]);
	#listings = new SvelteMap<string, Listing>();
	#open = new SvelteSet<string>();
	/** Somebody opened or closed a directory. */
	#touched = false;
	/** Deleted, but it can still be undone. */
	#hidden = new SvelteSet<string>();

	constructor(session: string) {
		this.session = session;
	}

	listing(path: string): Listing | undefined {
		const listing = this.#listings.get(path);
		if (!listing || this.#hidden.size === 0) return listing;
		return { ...listing, entries: listing.entries.filter((entry) => !this.#hidden.has(entry.path)) };
	}

	isOpen(path: string): boolean {
		return this.#open.has(path);
	}

	/** The entry of that path, if its directory is known. */
	find(path: string): Entry | undefined {
		const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
		return this.#listings.get(parent)?.entries.find((entry) => entry.path === path);
	}

	toggle(path: string): void {
		this.#touched = true;
		if (this.#open.delete(path)) return;
		this.#open.add(path);
		void this.load(path);
	}

	async load(path: string): Promise<void> {
		try {
			const params = { path: { id: this.session }, query: path ? { path } : {} };
			this.#listings.set(path, await got(api.GET('/v2/sessions/{id}/files', { params })));
			if (path !== '') return;
			this.problem = undefined;
			this.#openOnly();
		} catch (thrown) {
			// A directory that is gone closes; only the top is worth a word.
			if (path === '') this.problem = problemOf(thrown);
			else this.#open.delete(path);
		}
	}

	/** A directory that stands alone is opened: there is nothing else to look at. */
	#openOnly(): void {
		const [only, ...others] = this.#listings.get('')?.entries ?? [];
		if (this.#touched || others.length > 0 || only?.kind !== 'directory' || this.#open.has(only.path)) return;
		this.#open.add(only.path);
		void this.load(only.path);
	}

	async refresh(): Promise<void> {
		await Promise.all(['', ...this.#open].map((path) => this.load(path)));
	}

	/** Puts files at the top of the workspace, under names that take nothing's place. */
	async put(files: readonly File[]): Promise<void> {
		await this.load('');
		const taken = new Set(this.#listings.get('')?.entries.map(({ name }) => name));
		for (const file of files) {
			const name = freeName(file.name, taken);
			taken.add(name);
			await this.#putOne(name, file);
		}
		await this.load('');
	}

	async #putOne(name: string, file: File): Promise<void> {
		const others = () => this.uploads.filter((other) => other.name !== name);
		try {
			const told = (progress: number) => (this.uploads = [...others(), { name, progress }]);
			told(0);
			await upload(filePath(this.session, name), file, told);
		} catch (thrown) {
			notices.fail(thrown);
		} finally {
			this.uploads = others();
		}
	}

	/** Deletes a file in ten seconds, unless that is undone. */
	delete(entry: Entry): void {
		this.#hidden.add(entry.path);
		const act = async () => {
			try {
				await raw(filePath(this.session, entry.path), { method: 'DELETE', keepalive: true });
				await this.refresh();
			} catch (thrown) {
				notices.fail(thrown);
			}
			this.#hidden.delete(entry.path);
		};
		notices.undoable(
			`Deleted ${entry.path}`,
			() => void act(),
			() => this.#hidden.delete(entry.path)
		);
	}
}

// The typed client of Holt's interface. The key travels in a header and nowhere else; what the browser fetches by itself
// (sockets, downloads) gets a one-use ticket.

import createClient, { type Middleware } from 'openapi-fetch';
import { Refused, problemIn, problemOf } from './problem';
import type { paths } from './schema';

/** What the client needs to know of who is signed in. */
export interface Access {
	key(): string | undefined;
	/** The server no longer takes the key that was sent. */
	refused(key: string): void;
}

let access: Access = { key: () => undefined, refused: () => {} };

export function useAccess(given: Access): void {
	access = given;
}

const authorise: Middleware = {
	onRequest({ request }) {
		const key = access.key();
		if (key) request.headers.set('Authorization', `Bearer ${key}`);
		return request;
	},
	onResponse({ request, response }) {
		noteRefusal(response.status, request.headers.get('Authorization'));
	}
};

function noteRefusal(status: number, header: string | null): void {
	if (status === 401 && header) access.refused(header.replace(/^Bearer /, ''));
}

export const api = createClient<paths, 'application/json'>({
	baseUrl: '',
	credentials: 'omit',
	headers: { Accept: 'application/json' }
});
api.use(authorise);

interface Answer<Data> {
	data?: Data;
	error?: unknown;
	response: Response;
}

/** The answer's data, or `Refused` with what the server said. */
export async function got<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
	let settled: Answer<Data>;
	try {
		settled = await answer;
	} catch (thrown) {
		throw new Refused(problemOf(thrown));
	}
	const { data, error, response } = settled;
	if (!response.ok) throw new Refused(problemIn(error, response.status));
	return data as Data;
}

/** A request whose address the typed client cannot make: paths of files keep their slashes. */
export async function raw(path: string, init: RequestInit = {}): Promise<Response> {
	const headers = new Headers(init.headers);
	const key = access.key();
	if (key) headers.set('Authorization', `Bearer ${key}`);
	let response: Response;
	try {
		response = await fetch(path, { ...init, headers, credentials: 'omit' });
	} catch (thrown) {
		throw new Refused(problemOf(thrown));
	}
	noteRefusal(response.status, headers.get('Authorization'));
	if (!response.ok) throw new Refused(problemIn(await response.json().catch(() => null), response.status));
	return response;
}

/** Sends a file, telling how much of it has gone. */
export function upload(
	path: string,
	file: Blob,
	progress: (share: number) => void,
	signal?: AbortSignal
): Promise<void> {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		request.open('PUT', path);
		const key = access.key();
		if (key) request.setRequestHeader('Authorization', `Bearer ${key}`);
		request.setRequestHeader('Content-Type', 'application/octet-stream');
		request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
		request.onerror = () => reject(new Refused(problemOf(new TypeError())));
		request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
		request.onload = () => {
			if (request.status < 300) return resolve();
			noteRefusal(request.status, key ?? null);
			reject(new Refused(problemIn(parsed(request.responseText), request.status)));
		};
		signal?.addEventListener('abort', () => request.abort(), { once: true });
		request.send(file);
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

/** An address that the browser may fetch once, within a minute, without the key. */
export async function ticketed(path: string): Promise<string> {
	const { ticket } = await got(api.POST('/v2/tickets', { body: { verb: 'GET', path } }));
	return `${path}${path.includes('?') ? '&' : '?'}ticket=${encodeURIComponent(ticket)}`;
}

/** Lets the browser download something, as itself, without a page in between. */
export async function download(path: string): Promise<void> {
	const link = document.createElement('a');
	link.href = await ticketed(path);
	link.download = '';
	link.rel = 'noopener';
	document.body.append(link);
	link.click();
	link.remove();
}

/** The address of a file in a session's workspace. */
export function filePath(session: string, path: string): string {
	return `/v2/sessions/${session}/files/${path.split('/').map(encodeURIComponent).join('/')}`;
}

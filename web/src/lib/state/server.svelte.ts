// The server as a whole: the one socket to it, and what it says of itself.

import { api, got, ticketed } from '$lib/api/client';
import { problemOf, type Problem } from '$lib/api/problem';
import type { ModelInfo, ServerStatus } from '$lib/api/types';
import { Feed, type Connection } from '$lib/feed/socket';

class Server {
	connection = $state<Connection>('closed');
	status = $state.raw<ServerStatus | undefined>();
	problem = $state.raw<Problem | undefined>();

	readonly feed = new Feed({
		address: async () => {
			const address = new URL(await ticketed('/v2/feed'), location.href);
			address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
			return address.href;
		},
		changed: (state) => (this.connection = state)
	});

	async refresh(): Promise<void> {
		try {
			this.status = await got(api.GET('/v2/status'));
			this.problem = undefined;
		} catch (thrown) {
			this.problem = problemOf(thrown);
		}
	}

	/** The model that a new session gets, as far as it is known. */
	get usualModel(): ModelInfo | undefined {
		const { models = [], default_model } = this.status ?? {};
		return models.find((model) => model.id === default_model) ?? models[0];
	}

	/** New sessions get the offline model that only knows a handful of requests. */
	get isDemo(): boolean {
		return this.status?.default_model === 'demo';
	}

	get hasTrouble(): boolean {
		return this.status?.findings.some((finding) => finding.state === 'bad') ?? false;
	}
}

export const server = new Server();

import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

// `npm run dev` serves the page itself and passes everything else on to a running server.
const server = process.env.HOLT_DEV_SERVER ?? 'http://127.0.0.1:9090';
/** As if it came from the server's own page: it refuses what comes from another origin. */
const passed = { target: server, changeOrigin: true, ws: true, headers: { Origin: new URL(server).origin } };

/**
 * The router announces pages to those who listen, in an element that it hides with a style attribute, which the page's
 * content security policy refuses. It is hidden by class instead.
 */
const announcerWithoutStyle = {
	name: 'holt:announcer-without-style',
	enforce: /** @type {const} */ ('pre'),
	/** @param {string} code @param {string} id */
	transform(code, id) {
		if (!id.endsWith('/generated/root.svelte')) return null;
		const changed = code.replace(/(id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1 class="heard"');
		if (changed === code) this.error('the router’s announcer has another form now: look at how it is hidden');
		return changed;
	}
};

export default defineConfig({
	plugins: [announcerWithoutStyle, sveltekit()],
	// Inlined files would be data: addresses, which the page's content security policy refuses for scripts and styles.
	build: {
		assetsInlineLimit: 0,
		// How long which plugin took is of interest to nobody who builds Holt.
		rolldownOptions: { checks: { pluginTimings: false } }
	},
	server: {
		proxy: { '/v2': passed, '/health': passed, '/ready': passed, '/docs': passed, '/openapi.json': passed }
	},
	test: { include: ['src/**/*.test.ts'], environment: 'node' }
});

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

/**
 * noVNC finds out whether the browser can show H.264 before it is loaded, with a film, and everything would wait for that.
 * Holt sends none.
 */
const novncWithoutFilm = {
	name: 'holt:novnc-without-film',
	enforce: /** @type {const} */ ('pre'),
	/** @param {string} code @param {string} id */
	transform(code, id) {
		if (!id.endsWith('@novnc/novnc/core/util/browser.js')) return null;
		const changed = code.replace('= await _checkWebCodecsH264DecodeSupport();', '= false;');
		if (changed === code)
			this.error('noVNC looks for H.264 in another way now: see that the page does not wait');
		return changed;
	}
};

/** Everything is one script, but for what shows desktops: that is fetched when the first one is looked at. */
const desktopOnDemand = {
	name: 'holt:desktop-on-demand',
	enforce: /** @type {const} */ ('post'),
	/** @param {import('vite').UserConfig} config */
	config({ build }) {
		const output = build?.rolldownOptions?.output ?? build?.rollupOptions?.output;
		if (!output || Array.isArray(output)) return;
		if (output.codeSplitting === false) {
			output.codeSplitting = { groups: [{ name: 'bundle', test: (id) => !id.includes('/@novnc/') }] };
		}
	}
};

export default defineConfig({
	plugins: [announcerWithoutStyle, novncWithoutFilm, sveltekit(), desktopOnDemand],
	// Inlined files would be data: addresses, which the page's content security policy refuses for scripts and styles.
	build: {
		assetsInlineLimit: 0,
		// How long which plugin took is of interest to nobody who builds Holt.
		rolldownOptions: { checks: { pluginTimings: false } }
	},
	server: {
		proxy: { '/v2': passed, '/health': passed, '/ready': passed, '/docs': passed, '/openapi.json': passed }
	},
	// A busy machine takes its time for what is tried with many inputs.
	test: { include: ['src/**/*.test.ts'], environment: 'node', testTimeout: 60_000 }
});

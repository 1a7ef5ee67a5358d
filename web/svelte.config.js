import adapter from '@sveltejs/adapter-static';

/** @type {import('@sveltejs/kit').Config} */
export default {
	compilerOptions: { runes: true },
	kit: {
		// One page for every address: the server hands out index.html and the router does the rest.
		adapter: adapter({ fallback: 'index.html', precompress: true, strict: true }),
		// Addresses are absolute, since the same file answers at every depth.
		paths: { relative: false },
		// One script and one style sheet: it is all needed within the first minute anyway. (What shows desktops comes later.)
		output: { bundleStrategy: 'single' }
	}
};

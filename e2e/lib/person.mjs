// A person at a page: what they do, in their own words, and what they see there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DesktopView } from './desktop.mjs';
import { openPage, openPageWithLargeText } from './browser.mjs';

export class Person {
	#expected = [];

	/** At a window of these options; with `largeText`, as one who has set text to twice its usual size. */
	static async arrive(holt, browser, { largeText = false, ...options } = {}) {
		const { page, context, troubles } = await (largeText ? openPageWithLargeText() : openPage(browser, options));
		return new Person(holt, page, context, troubles);
	}

	constructor(holt, page, context, troubles) {
		Object.assign(this, { holt, page, context, troubles });
		this.desktop = new DesktopView(this);
	}

	// ------------------------------------------------------------------------------------------------ what they do

	/** By a link that works once, as `holt open` prints it. */
	async signsIn() {
		await this.page.goto(await this.holt.link());
		await this.prompt.waitFor();
	}

	/** By a key of their own, so that they have a name. */
	async signsInAs(name, scopes = ['view', 'operate']) {
		const { key } = await this.holt.api('POST', '/v2/keys', { name, scopes });
		await this.page.goto(this.holt.url);
		await this.page.getByLabel('Or paste a key').fill(key);
		await this.page.getByRole('button', { name: 'Sign in' }).click();
		await this.prompt.waitFor();
	}

	/** Sends a prompt, in the session that stands open or for a new one. */
	async prompts(text) {
		await this.prompt.fill(text);
		await this.page.keyboard.press('Enter');
	}

	/** Begins a session with a prompt. */
	async begins(text) {
		await this.prompts(text);
		await this.page.waitForURL(/\/app\/sessions\//);
	}

	/** Unfolds what a new session can be given besides its prompt. */
	async unfoldsSettings() {
		await this.page.locator('main summary').first().click();
	}

	/** Opens a session by its id, or the page at a path. */
	async opens(place) {
		await this.page.goto(this.holt.url + (place.startsWith('/') ? place : `/app/sessions/${place}`));
	}

	/** By the way between the parts of the page. */
	async goesTo(part) {
		const main = this.page.getByRole('navigation', { name: 'Main' });
		await main.getByRole('link', { name: part, exact: true }).click();
		await this.page.getByRole('heading', { name: part, level: 1 }).waitFor();
	}

	async chooses(item) {
		await this.page.getByRole('button', { name: 'What can be done to this session' }).click();
		await this.page.getByRole('menuitem', { name: item }).click();
	}

	async shows(tab) {
		await this.page.getByRole('tab', { name: tab }).click();
	}

	/** Away from any field, where keys are shortcuts. */
	async presses(...keys) {
		await this.page.locator('body').click();
		for (const key of keys) await this.page.keyboard.press(key);
	}

	/** Does something that begins a download, and gives the file. */
	async downloads(act) {
		const [download] = await Promise.all([this.page.waitForEvent('download'), act()]);
		return {
			name: download.suggestedFilename(),
			bytes: await readFile(await download.path())
		};
	}

	/** Looks at the desktop of a session. */
	async looksAt(session) {
		await this.opens(session);
		await this.shows('Desktop');
		await this.desktop.isSeen();
	}

	async isPictured(path) {
		await this.page.screenshot({ path });
	}

	async leaves() {
		await this.context.close();
	}

	// ------------------------------------------------------------------------------------------------ what they see

	get prompt() {
		return this.page.getByRole('textbox', { name: 'Prompt' });
	}

	/** The question that waits for an answer. */
	get question() {
		return this.page.locator('[data-approval]');
	}

	/** A prompt in the conversation. */
	promptSaying(text) {
		return this.page.getByRole('article', { name: /Prompt of/ }).filter({ hasText: text });
	}

	/** The line that says how a run ended. */
	runEnd(words = '') {
		return this.page.locator('.row.run-end', { hasText: words });
	}

	/** A file in the list of files. */
	file(name) {
		return this.page.locator('.files').getByRole('button', { name });
	}

	/** A line of the conversation. */
	note(words) {
		return this.page.locator('.row.note', { hasText: words });
	}

	/** The list of sessions, or one group in it. */
	list(group) {
		const list = this.page.getByRole('navigation', { name: 'Sessions' });
		return group ? list.locator('section', { hasText: group }) : list;
	}

	/** A section of the settings. */
	section(title) {
		return this.page.getByRole('region', { name: title, exact: true });
	}

	/** The session's own line in the header. */
	state(words) {
		return this.page.locator('header').getByText(words);
	}

	get sessionId() {
		return new URL(this.page.url()).pathname.split('/').at(-1);
	}

	/** What the page shows of a conversation, in words: nothing twice, nothing missing. */
	conversation() {
		return this.page
			.locator('.row')
			.evaluateAll((rows) => rows.map((row) => row.innerText.replace(/\s+/g, ' ').trim()).filter(Boolean));
	}

	// ------------------------------------------------------------------------------------------------ what went wrong

	/** What the test itself brings about, and the browser complains of. */
	expects(...patterns) {
		this.#expected.push(...patterns);
	}

	sawNothingGoWrong() {
		const rest = this.troubles.filter((trouble) => !this.#expected.some((pattern) => pattern.test(trouble)));
		assert.deepEqual(rest, []);
	}
}

// What every file of tests stands on: a server and a browser of its own, and stories of people who use them.

import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { Holt } from './holt.mjs';
import { Person } from './person.mjs';

/** Where pictures go, for somebody to look at. */
const pictures = join(dirname(fileURLToPath(import.meta.url)), '../test-results');

/** `atTheDoor` keeps people from being signed in before their story begins; the rest is for the browser's window. */
export function scene(environment) {
	const holt = new Holt(environment);
	let browser;

	before(async () => {
		await mkdir(pictures, { recursive: true });
		[browser] = await Promise.all([launch(), holt.start()]);
	});
	after(async () => {
		await browser?.close();
		await holt.end();
	});

	/**
	 * A test that is told from where a person sits: in front of a page of their own. `another` brings in somebody else.
	 * At its end nothing may have gone wrong in anybody's page that they did not expect.
	 */
	function story(name, ...rest) {
		const tell = rest.pop();
		const { atTheDoor = false, ...window } = rest.pop() ?? {};
		test(name, async () => {
			const people = [];
			const another = async (options = window, isOutside = atTheDoor) => {
				const person = await Person.arrive(holt, browser, options);
				people.push(person);
				if (!isOutside) await person.signsIn();
				return person;
			};
			try {
				await tell(await another(), another);
				for (const person of people) person.sawNothingGoWrong();
			} catch (thrown) {
				await Promise.all(people.map((person, at) => person.isPictured(failure(name, at)).catch(() => undefined)));
				throw thrown;
			} finally {
				await Promise.all(people.map((person) => person.leaves()));
			}
		});
	}

	return { holt, story, pictures };
}

const failure = (name, at) => join(pictures, `failed-${name.replace(/\W+/g, '-')}-${at}.png`);

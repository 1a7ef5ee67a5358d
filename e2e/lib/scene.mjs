// What every file of tests stands on: a server and a browser of its own, and stories of people who use them.

import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';
import { Holt } from './holt.mjs';
import { Model } from './model.mjs';
import { Person } from './person.mjs';

/** Where pictures go, for somebody to look at. */
const pictures = join(dirname(fileURLToPath(import.meta.url)), '../test-results');

/** `prepare` brings the server into the state in which the stories begin. */
export function scene(prepare = () => undefined) {
	const holt = new Holt();
	let browser;

	before(async () => {
		await mkdir(pictures, { recursive: true });
		[browser] = await Promise.all([launch(), holt.start()]);
		await prepare(holt);
	});
	after(async () => {
		await browser?.close();
		await holt.end();
	});

	/**
	 * A test that is told from where a person sits: in front of a page of their own. `another` brings in somebody else.
	 * At its end nothing may have gone wrong in anybody's page that they did not expect.
	 *
	 * `atTheDoor` keeps people from being signed in before it begins. With `answers`, it has a server of its own whose
	 * model gives these. The rest is for the browser's window.
	 */
	function story(name, ...rest) {
		const tell = rest.pop();
		const { atTheDoor = false, answers, ...window } = rest.pop() ?? {};
		test(name, async () => {
			const [server, end] = answers ? await ownServer(answers) : [holt, () => undefined];
			const people = [];
			const another = async (options = window) => {
				const person = await Person.arrive(server, browser, options);
				people.push(person);
				if (!atTheDoor) await person.signsIn();
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
				await end();
			}
		});
	}

	return { holt, story, pictures };
}

/** A server with a scripted model, and what ends both. */
async function ownServer(answers) {
	const model = await Model.start(answers);
	const holt = new Holt(model.environment);
	await holt.start();
	const end = async () => {
		await holt.end();
		await model.end();
	};
	return [holt, end];
}

const failure = (name, at) => join(pictures, `failed-${name.replace(/\W+/g, '-')}-${at}.png`);

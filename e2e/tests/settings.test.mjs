// The settings: providers of models, outside servers of tools, secrets for hosts. Each is added, tried, used up and removed as
// a person does it, and looked at in both themes and at three widths.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { accessibilityFaults } from '../lib/browser.mjs';
import { SIZES, assertFits, assertNothingIsCut } from '../lib/looks.mjs';
import { Model, says } from '../lib/model.mjs';
import { scene } from '../lib/scene.mjs';

const { holt, story, pictures } = scene();

/** A server of tools in a few lines, for a command line. It can add, and says so in the words of a secret or its own. */
const SERVER = `
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked: continue
    answer = {"tools/list": {"tools": [{"name": "add", "description": "Adds two numbers." + os.environ.get("NOTE", ""),
        "inputSchema": {"type": "object"}}]}}.get(asked["method"])
    if asked["method"] == "initialize":
        answer = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
            "serverInfo": {"name": "sums", "version": "1"}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer or {}}), flush=True)
`;
const COMMAND = `python3 -c '${SERVER}'`;

/** The settings, as those see them who open them by their way. */
async function opensSettings(person) {
	await person.goesTo('Settings');
	await person.section('MCP servers').getByRole('article', { name: 'filesystem', exact: true }).waitFor();
}

story('a provider is added, tried, given another key, and removed', async (person) => {
	const model = await Model.start([says('Hello.')]);
	try {
		await opensSettings(person);
		const models = person.section('Models');
		await models.getByText('only the offline demo answers').waitFor();
		await models.getByRole('combobox', { name: 'A provider' }).selectOption('anthropic');
		await models.getByText('Another name, or another address').click();
		await models.getByRole('textbox', { name: 'Called' }).fill('scripted');
		await models.getByRole('textbox', { name: /^At/ }).fill(model.url);
		await models.getByRole('textbox', { name: /^Key/ }).fill('sk-first');
		await models.getByRole('checkbox', { name: /in my own network/ }).check();
		await models.getByRole('button', { name: 'Add the provider' }).click();

		const tested = models.getByRole('status');
		await tested.waitFor();
		const { items } = await holt.api('GET', '/v2/models');
		const [kept] = items.filter(({ name }) => name === 'scripted');
		assert.equal(kept.has_key, true);
		assert.ok(!(await person.page.content()).includes('sk-first'), 'the key stands nowhere');

		await models.getByRole('button', { name: 'New key for scripted' }).click();
		assert.equal(
			await models.getByRole('textbox', { name: /^Key/ }).evaluate((it) => it === document.activeElement),
			true
		);
		await models.getByRole('textbox', { name: /^Key/ }).fill('sk-second');
		await models.getByRole('button', { name: 'Change scripted' }).click();
		await models.getByRole('button', { name: 'Add the provider' }).waitFor();

		await models.getByRole('button', { name: 'Remove scripted…' }).click();
		await models.getByRole('button', { name: 'Remove scripted', exact: true }).click();
		await models.getByText('only the offline demo answers').waitFor();
		assert.ok(!(await holt.api('GET', '/v2/models')).items.some(({ name }) => name === 'scripted'));
	} finally {
		await model.end();
	}
});

story('an MCP server is added, looked at, agreed to, switched, and removed', async (person) => {
	await opensSettings(person);
	const servers = person.section('MCP servers');
	const form = servers.getByRole('form', { name: 'Another MCP server' });
	await form.getByRole('textbox', { name: 'Its command' }).fill("python3 -c 'unfinished");
	await form.getByRole('textbox', { name: 'Called' }).fill('sums');
	await form.getByRole('button', { name: 'Add the server' }).click();
	await form.getByRole('alert').getByText('a quote in it is not closed').waitFor();

	await form.getByRole('textbox', { name: 'Its command' }).fill(COMMAND);
	await form.getByRole('button', { name: 'Add the server' }).click();
	const sums = servers.getByRole('article', { name: 'sums', exact: true });
	await sums.getByText('nobody has agreed to its tools').waitFor();
	await sums.getByRole('button', { name: 'Look at its tools: sums' }).click();
	const shown = sums.getByRole('group', {
		name: 'What sums says that it can do'
	});
	await shown.getByText('Adds two numbers.').waitFor();
	assert.deepEqual(await accessibilityFaults(person.page), []);
	assert.equal((await server('sums')).agreed, false, 'looking is not agreeing');
	await shown.getByRole('button', { name: 'Offer these to agents' }).click();
	await sums.getByText('1 tool', { exact: true }).waitFor();
	assert.deepEqual(
		(await server('sums')).tools.map(({ name }) => name),
		['add']
	);

	await sums.getByRole('button', { name: 'Switch off sums' }).click();
	await sums.getByText('off', { exact: true }).waitFor();
	assert.equal((await server('sums')).on, false);
	await sums.getByRole('button', { name: 'Switch on sums' }).click();
	await sums.getByText('1 tool', { exact: true }).waitFor();

	await sums.locator('summary').click();
	await sums.getByRole('button', { name: 'Remove sums…' }).click();
	await sums.getByRole('button', { name: 'Remove sums', exact: true }).click();
	await sums.waitFor({ state: 'detached' });
	assert.equal(await server('sums'), undefined);
});

story('an MCP server is asked for its secret, which is kept', async (person) => {
	await opensSettings(person);
	const servers = person.section('MCP servers');
	const form = servers.getByRole('form', { name: 'Another MCP server' });
	const entry = {
		command: 'python3',
		args: ['-c', SERVER],
		env: { NOTE: '${NOTE}' }
	};
	const file = JSON.stringify({ mcpServers: { noted: entry } }, null, 2);
	await form.getByRole('textbox', { name: 'Its command' }).fill(file);
	await form.getByRole('textbox', { name: 'Called' }).waitFor({ state: 'detached' });
	await form.getByRole('button', { name: 'Add the server' }).click();
	const noted = servers.getByRole('article', { name: 'noted', exact: true });
	await noted.getByText('needs NOTE').waitFor();
	await noted.getByLabel('The secret NOTE').fill('canary');
	await noted.getByRole('button', { name: 'Keep it' }).click();
	await noted.getByRole('button', { name: 'Look at its tools: noted' }).click();
	// It holds the secret, in a sandbox of its own.
	await noted.getByText('Adds two numbers.canary').waitFor();
	await noted.getByRole('button', { name: 'Leave it' }).click();
	assert.ok(!(await person.page.content()).includes('canary'));
	await holt.api('DELETE', '/v2/mcp/noted');
});

story('a secret for a host is kept, and forgotten', async (person) => {
	await opensSettings(person);
	const secrets = person.section('Secrets for hosts');
	await secrets.getByText('None is kept yet.').waitFor();
	await secrets.getByRole('textbox', { name: 'Host' }).fill('no host at all');
	await secrets.getByLabel('Secret', { exact: false }).last().fill('canary-of-a-host');
	await secrets.getByRole('button', { name: 'Keep the secret' }).click();
	await person.page.getByRole('region', { name: 'Notices' }).getByText('bad_host').waitFor();
	person.expects(/status of 400/);

	await secrets.getByRole('textbox', { name: 'Host' }).fill('api.github.com');
	await secrets.getByRole('button', { name: 'Keep the secret' }).click();
	await secrets.getByText('api.github.com', { exact: true }).waitFor();
	const { items } = await holt.api('GET', '/v2/hosts/secrets');
	assert.deepEqual(
		items.map(({ host }) => host),
		['api.github.com']
	);
	assert.ok(!(await person.page.content()).includes('canary-of-a-host'));
	await secrets.getByRole('button', { name: 'Forget the secret of api.github.com…' }).click();
	await secrets
		.getByRole('button', {
			name: 'Forget the secret of api.github.com',
			exact: true
		})
		.click();
	await secrets.getByText('None is kept yet.').waitFor();
});

story('who may not look after Holt sees none of it', { atTheDoor: true }, async (person) => {
	await person.signsInAs('Ada');
	await person.goesTo('Settings');
	await person.section('Agents').getByText('reviewer', { exact: true }).waitFor();
	for (const title of ['Models', 'MCP servers', 'Secrets for hosts', 'Keys']) {
		await person.section(title).waitFor({ state: 'detached' });
	}
	// Asked for before it was known who it is.
	person.expects(/status of 403/);
});

for (const size of SIZES) {
	for (const colorScheme of ['light', 'dark']) {
		story(`${size.name} pixels, ${colorScheme}`, { ...size, colorScheme, reducedMotion: 'reduce' }, async (person) => {
			const { page } = person;
			const look = async (name) => {
				await person.isPictured(join(pictures, `${size.name}-${colorScheme}-settings-${name}.png`));
				assert.deepEqual(await accessibilityFaults(page), [], name);
				await assertFits(page, size);
				await assertNothingIsCut(page);
			};
			await holt.api('PUT', '/v2/hosts/secrets/api.github.com', {
				secret: 'a'
			});
			await holt.api('PUT', '/v2/mcp/sums', {
				entry: { command: 'python3', args: ['-c', SERVER] }
			});
			await person.opens('/app/settings');
			await person.section('MCP servers').getByRole('article', { name: 'sums', exact: true }).waitFor();
			await person.section('Keys').getByText('this page').waitFor();
			await look('0-top');
			const ways = page.getByRole('navigation', { name: 'Sections' });
			for (const way of ['Models', 'Agents', 'MCP servers', 'Secrets for hosts', 'Keys']) {
				await ways.getByRole('link', { name: way, exact: true }).click();
				await person.section(way).getByRole('heading', { name: way, level: 2 }).isVisible();
				await look(way);
			}
			const sums = person.section('MCP servers').getByRole('article', { name: 'sums', exact: true });
			await sums.getByRole('button', { name: 'Look at its tools: sums' }).click();
			await sums
				.getByRole('group', { name: /^What sums says/ })
				.getByText('Adds two numbers.')
				.waitFor();
			await sums.locator('summary').click();
			await look('looked-at');
		});
	}
}

async function server(name) {
	return (await holt.api('GET', '/v2/mcp')).servers.find((one) => one.name === name);
}

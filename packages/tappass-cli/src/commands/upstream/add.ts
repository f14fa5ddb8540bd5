import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, note, printable, type Terminal } from '@tappass/cli-kit';
import { TapPassError } from '@tappass/core';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { addedUpstream } from '../../remote/gateway-shapes.ts';
import { readSecret } from '../../remote/secret-input.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = {
	name: Args.string({ required: true, description: 'name of the upstream: lower-case letters, digits, -' }),
};
const flags = {
	server: serverFlag,
	speaks: Flags.string({
		required: true,
		options: ['openai', 'anthropic', 'google', 'mistral', 'openai-compatible'],
		description: 'wire that it speaks',
	}),
	url: Flags.string({ required: true, helpValue: '<url>', description: 'base address, as its own clients take it' }),
	models: Flags.string({
		required: true,
		multiple: true,
		multipleNonGreedy: true,
		helpValue: '<a,b*>',
		description: 'models that it serves: names, or the beginning of names and *; may be repeated',
	}),
	region: Flags.string({ helpValue: '<region>', description: 'where it runs; policies may ask for one' }),
	credential: Flags.string({
		exclusive: ['secret-stdin'],
		helpValue: 'vault://<name>',
		description: 'secret of the vault that it is called with',
	}),
	'secret-stdin': Flags.boolean({ description: 'read the secret from standard input and put it into the vault' }),
	price: Flags.string({
		helpValue: '<input=1.25,output=10>',
		description: 'dollars per million tokens; also cache_read= and cache_write= (default: the shipped list prices)',
	}),
	timeout: Flags.integer({
		min: 1,
		max: 600,
		helpValue: '<s>',
		description: 'seconds that its answer may take to begin',
	}),
	position: Flags.integer({
		min: 0,
		max: 1_000,
		helpValue: '<n>',
		description: 'of two that serve a model, the lower one does',
	}),
	'insecure-http': Flags.boolean({ description: 'http to another machine: whoever is in between reads the secret' }),
	replace: Flags.boolean({ description: 'change one that is there' }),
};

/** `tappass upstream add`: where models are served. */
export default class UpstreamAdd extends OperatorCommand {
	static override summary = 'Add an upstream: a vendor of models, or any server that speaks a known wire.';
	static override description =
		'The server calls it, never the agent, and adds the secret to each call itself. Which agents may call which models is up to policies.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> anthropic --speaks anthropic --url https://api.anthropic.com --models "claude-*" --secret-stdin < key.txt',
		'<%= config.bin %> <%= command.id %> local --speaks openai-compatible --url http://127.0.0.1:11434/v1 --models llama-4 --price input=0,output=0',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(terminal: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const price = chosen.price === undefined ? undefined : readPrice(chosen.price);
		const secret = chosen.credential === undefined ? undefined : readReference(chosen.credential);
		const client = await connect(chosen.server);
		const secret_value = chosen['secret-stdin'] ? await readSecret('-') : undefined;
		const done = await client.send('PUT', path`/v1/upstreams/${given.name}`, addedUpstream, {
			speaks: chosen.speaks,
			url: chosen.url,
			models: chosen.models.flatMap((list) => list.split(',')).map((model) => model.trim()),
			replace: chosen.replace,
			insecure_http: chosen['insecure-http'],
			region: chosen.region,
			secret,
			secret_value,
			price,
			timeout_ms: chosen.timeout === undefined ? undefined : chosen.timeout * 1_000,
			position: chosen.position,
		});
		note(terminal, 'note', `try it: tappass upstream test ${done.name}`);
		return {
			schema: 'tappass.upstream.add/1',
			fields: { ...done },
			text: printable(
				`${done.replaced ? 'Changed' : 'Added'} the upstream ${done.name}: ${done.models.join(', ')} at ${done.url}.`,
			),
		};
	}
}

// Told without what was typed: it may be the secret itself.
function readReference(text: string): string {
	if (/^vault:\/\/[A-Za-z0-9_.-]{1,64}$/.test(text)) return text;
	throw new TapPassError('usage', {
		detail: '--credential takes vault:// and the name of a secret, never the secret',
		hint: 'tappass secret put <name>, or --secret-stdin',
	});
}

const priceNames = ['input', 'output', 'cache_read', 'cache_write'];

function readPrice(text: string): Readonly<Record<string, number>> {
	const price = new Map<string, number>();
	for (const part of text.split(',')) {
		const [, name, amount] = /^\s*(\w+)=(\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
		if (name === undefined || !priceNames.includes(name) || price.has(name))
			throw new TapPassError('usage', {
				detail: `--price: ${JSON.stringify(part)}`,
				hint: `write input=1.25,output=10; names are ${priceNames.join(', ')}`,
			});
		price.set(name, Number(amount));
	}
	if (!price.has('input') || !price.has('output'))
		throw new TapPassError('usage', { detail: '--price needs input= and output=' });
	return Object.fromEntries(price);
}

import { Args, type Command, Flags, type Interfaces } from '@oclif/core';
import { type Answer, printable, type Terminal } from '@tappass/cli-kit';
import { OperatorCommand } from '../../command.ts';
import { path } from '../../remote/api-client.ts';
import { connect } from '../../remote/connect.ts';
import { triedUpstream } from '../../remote/gateway-shapes.ts';
import { serverFlag } from '../../remote/settings.ts';

const args = { name: Args.string({ required: true, description: 'name of the upstream' }) };
const flags = {
	server: serverFlag,
	model: Flags.string({ helpValue: '<model>', description: 'model to ask (default: the first that is named exactly)' }),
};

/** `tappass upstream test`: whether an upstream answers. */
export default class UpstreamTest extends OperatorCommand {
	static override summary = 'Ask an upstream for a word, and say what came back.';
	static override description =
		'The server asks, with the secret that calls are made with; the vendor counts it like any call. Exit 1 when the answer is no.';
	static override examples: Command.Example[] = [
		'<%= config.bin %> <%= command.id %> local',
		'<%= config.bin %> <%= command.id %> anthropic --model claude-haiku-4-5',
	];
	static override args: Interfaces.ArgInput = args;
	static override flags: Interfaces.FlagInput = flags;

	protected override async answer(_: Terminal): Promise<Answer> {
		const { args: given, flags: chosen } = await this.parse({ args, flags, baseFlags: OperatorCommand.baseFlags });
		const client = await connect(chosen.server);
		const { model } = chosen;
		const body = model === undefined ? {} : { model };
		const done = await client.send('POST', path`/v1/upstreams/${given.name}/test`, triedUpstream, body);
		const used = `${done.input_tokens ?? '?'} tokens in, ${done.output_tokens ?? '?'} out`;
		return {
			schema: 'tappass.upstream.test/1',
			fields: { ...done },
			text: printable(
				done.ok
					? `${done.name} answered as ${done.model}: ${JSON.stringify(done.said)} (${used}).`
					: `${done.name} does not serve ${done.model}: ${done.detail} [${done.code}]`,
			),
			exit: done.ok ? 0 : 1,
		};
	}
}

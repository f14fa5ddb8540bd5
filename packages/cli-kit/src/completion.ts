import { TapPassError } from '@tappass/core';
import type { Answer } from './output.ts';

/** What may follow each beginning of a command line: `policy` → its verbs, `policy apply` → its flags. */
export type CompletionTable = ReadonlyMap<string, readonly string[]>;

/** The shells that a script can be made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A command line of commander, as far as completion looks at it. */
export interface CommandTree {
	readonly commands: readonly {
		name(): string;
		readonly options: readonly { readonly long?: string | undefined }[];
	}[];
}

// Of a program of commander.
function completionTableOf({ commands }: CommandTree): CompletionTable {
	const flags = commands.map(({ options }) => [...options.flatMap(({ long }) => long ?? []), '--help'].sort());
	const names = commands.map((command) => command.name());
	return new Map([['', [...names].sort()], ...names.map((name, at) => [name, flags[at]!] as const)]);
}

/**
 * What `completion <shell>` of a program of commander answers.
 * @throws {TapPassError} usage
 */
export function completionAnswer(command: string, shell: string, tree: CommandTree): Answer {
	const known = shells.find((name) => name === shell);
	if (known === undefined)
		throw new TapPassError('usage', { detail: `${JSON.stringify(shell)}: expected one of ${shells.join(', ')}` });
	const script = completionScript(known, command, completionTableOf(tree));
	return { schema: `${command.replace('-', '.')}.completion/1`, fields: { shell, script }, text: script };
}

/** The script that teaches a shell the table. Words of commands and flags need no quoting. */
export function completionScript(shell: Shell, command: string, table: CompletionTable): string {
	return { bash, zsh, fish }[shell](command, `_${command.replaceAll('-', '_')}`, table);
}

function cases(table: CompletionTable): string {
	return [...table].map(([path, words]) => `\t\t"${path}") words="${words.join(' ')}" ;;`).join('\n');
}

// What was typed so far without flags is the key; where no command goes on, the files of the directory are offered.
function bash(command: string, name: string, table: CompletionTable): string {
	return `# bash completion of ${command}; load it with: source <(${command} completion bash)
${name}() {
	local current=\${COMP_WORDS[COMP_CWORD]} path="" word words=""
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
	done
	while :; do
		case $path in
${cases(table)}
		esac
		[[ -n $words || $path != *" "* ]] && break
		path=\${path% *}
	done
	COMPREPLY=($(compgen -W "$words" -- "$current"))
	[[ \${#COMPREPLY[@]} -gt 0 || $current == -* ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F ${name} ${command}
`;
}

function zsh(command: string, name: string, table: CompletionTable): string {
	return `#compdef ${command}
# zsh completion of ${command}; load it with: source <(${command} completion zsh)
${name}() {
	local path_typed="" word words_known=""
	for word in "\${(@)words[2,CURRENT-1]}"; do
		case $word in -*) ;; *) path_typed="\${path_typed:+$path_typed }$word" ;; esac
	done
	while :; do
		case $path_typed in
${cases(table).replaceAll('words=', 'words_known=')}
		esac
		[[ -n $words_known || $path_typed != *" "* ]] && break
		path_typed=\${path_typed% *}
	done
	compadd -- \${=words_known} || _files
}
compdef ${name} ${command}
`;
}

function fish(command: string, name: string, table: CompletionTable): string {
	const lines = [...table].map(([path, words]) => `\t\tcase '${path}'\n\t\t\tstring split ' ' -- '${words.join(' ')}'`);
	return `# fish completion of ${command}; load it with: ${command} completion fish | source
function _${name}_words
	set -l typed (commandline -opc)[2..-1]
	set -l path (string join ' ' -- (string match -v -- '-*' $typed))
	while true
		_${name}_after $path; and return
		string match -q '* *' -- $path; or return
		set path (string replace -r ' [^ ]*$' '' -- $path)
	end
end
function _${name}_after
	switch "$argv[1]"
${lines.join('\n')}
		case '*'
			return 1
	end
end
complete -c ${command} -a '(_${name}_words)'
`;
}

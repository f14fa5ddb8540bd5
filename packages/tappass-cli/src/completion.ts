import type { Config } from '@oclif/core';

/** What may follow each beginning of a command line: `policy` → its verbs, `policy apply` → its flags. */
export type CompletionTable = ReadonlyMap<string, readonly string[]>;

/** The shells that a script can be made for. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Reads the table from the commands that are installed. */
export function completionTable({ commands }: Pick<Config, 'commands'>): CompletionTable {
	const table = new Map<string, Set<string>>();
	const add = (path: string, word: string): void => {
		table.set(path, (table.get(path) ?? new Set()).add(word));
	};
	for (const { id, flags, hidden } of commands) {
		if (hidden) continue;
		const words = id.split(':');
		for (const [at, word] of words.entries()) add(words.slice(0, at).join(' '), word);
		for (const [name, flag] of Object.entries(flags)) {
			add(words.join(' '), `--${name}`);
			if (flag.type === 'boolean' && flag.allowNo) add(words.join(' '), `--no-${name}`);
		}
		add(words.join(' '), '--help');
	}
	return new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, words]) => [path, [...words].sort()]));
}

/** The script that teaches a shell the table. Words of commands and flags need no quoting. */
export function completionScript(shell: Shell, table: CompletionTable): string {
	return shell === 'bash' ? bash(table) : shell === 'zsh' ? zsh(table) : fish(table);
}

function cases(table: CompletionTable): string {
	return [...table].map(([path, words]) => `\t\t"${path}") words="${words.join(' ')}" ;;`).join('\n');
}

// What was typed so far without flags is the key; where no command goes on, the files of the directory are offered.
function bash(table: CompletionTable): string {
	return `# bash completion of tappass; load it with: source <(tappass completion bash)
_tappass() {
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
complete -o filenames -F _tappass tappass
`;
}

function zsh(table: CompletionTable): string {
	return `#compdef tappass
# zsh completion of tappass; load it with: source <(tappass completion zsh)
_tappass() {
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
compdef _tappass tappass
`;
}

function fish(table: CompletionTable): string {
	const lines = [...table].map(([path, words]) => `\t\tcase '${path}'\n\t\t\tstring split ' ' -- '${words.join(' ')}'`);
	return `# fish completion of tappass; load it with: tappass completion fish | source
function __tappass_words
	set -l typed (commandline -opc)[2..-1]
	set -l path (string join ' ' -- (string match -v -- '-*' $typed))
	while true
		__tappass_after $path; and return
		string match -q '* *' -- $path; or return
		set path (string replace -r ' [^ ]*$' '' -- $path)
	end
end
function __tappass_after
	switch "$argv[1]"
${lines.join('\n')}
		case '*'
			return 1
	end
end
complete -c tappass -a '(__tappass_words)'
`;
}

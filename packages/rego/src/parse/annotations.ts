import { parseDocument } from 'yaml';
import type { Annotation, AnnotationScope, Comment, Import, Location, Module, Package, Rule } from '../ast/ast.ts';
import type { Diagnostic } from '../errors.ts';
import { type AnnotationBody, AnnotationFault, readBody } from './annotation-body.ts';
import { limits } from './limits.ts';

/** Annotations in the order written, and what is wrong with those that cannot be one. */
export interface ReadAnnotations {
	readonly annotations: readonly Annotation[];
	readonly diagnostics: readonly Diagnostic[];
}

/** Reads the `# METADATA` blocks of a module and ties each to the statement below it. */
export function readAnnotations(module: Omit<Module, 'annotations'>): ReadAnnotations {
	const annotations: Annotation[] = [];
	const diagnostics: Diagnostic[] = [];
	const statements = statementsOf(module);
	for (const block of blocks(module.comments)) {
		try {
			const body = readYaml(block);
			const below = statements.find((statement) => statement.node.loc.row > block.loc.row);
			annotations.push(attached(block.loc, body, below));
		} catch (fault) {
			if (!(fault instanceof AnnotationFault)) throw fault;
			const code = 'rego_parse_error' as const;
			const loc = fault.loc ?? block.loc;
			diagnostics.push(
				fault.hint === undefined
					? { code, message: fault.message, loc }
					: { code, message: fault.message, loc, hint: fault.hint },
			);
		}
	}
	return { annotations, diagnostics };
}

/** A `# METADATA` line and the comment lines directly below it. */
interface Block {
	readonly loc: Location;
	readonly lines: readonly Comment[];
}

function blocks(comments: readonly Comment[]): Block[] {
	const found: { loc: Location; lines: Comment[] }[] = [];
	let current: { loc: Location; lines: Comment[] } | undefined;
	for (const [index, comment] of comments.entries()) {
		const follows =
			current !== undefined && comment.loc.row === comments[index - 1]!.loc.row + 1 && comment.loc.col === 1;
		if (follows) current!.lines.push(comment);
		else if (isMetadata(comment)) found.push((current = { loc: comment.loc, lines: [] }));
		else current = undefined;
	}
	return found;
}

/** Whether a comment opens a block of annotations. */
export function isMetadata(comment: Comment): boolean {
	return comment.text.trim().startsWith('METADATA');
}

function readYaml({ lines }: Block): AnnotationBody {
	const text = lines.map((line) => `${line.text.replace(/^ /, '')}\n`).join('');
	if (text.trim() === '') throw new AnnotationFault('expected METADATA block, found whitespace');
	if (text.length > limits.annotationLength) throw new AnnotationFault('METADATA block is too long');
	return readBody(parseYaml(text, lines));
}

function parseYaml(text: string, lines: readonly Comment[]): unknown {
	try {
		if (tooDeep(text)) throw new AnnotationFault('METADATA block is nested too deeply');
		const document = parseDocument(text, { logLevel: 'silent', prettyErrors: true, strict: true });
		const [error] = document.errors;
		if (error === undefined) return document.toJS({ mapAsMap: true });
		const line = error.linePos?.[0].line ?? 1;
		const loc = lines[Math.min(line, lines.length) - 1]?.loc;
		throw new AnnotationFault(`yaml: line ${line}: ${error.message.split(/\n| at line /, 1)[0]}`, {
			loc,
			hint: separatorHint(lines),
		});
	} catch (error) {
		// The YAML reader throws for what it will not expand (too many aliases) or cannot hold (too deep).
		if (error instanceof AnnotationFault) throw error;
		throw new AnnotationFault(`yaml: ${(error as Error).message.split('\n', 1)[0]}`, { loc: lines[0]?.loc });
	}
}

/** Whether brackets or indentation could nest deeper than the YAML reader, which recurses, can follow. */
function tooDeep(text: string): boolean {
	const brackets = text.replace(/[^[{]/g, '').length;
	const indented = /^[ \-?]{400}/m.test(text);
	return brackets > limits.annotationBrackets || indented;
}

/** A `key:value` written without a blank is the commonest mistake, and YAML's own message seldom names it. */
function separatorHint(lines: readonly Comment[]): string | undefined {
	const line = lines.find(({ text }) => /^\s*(- )?\w+:[^\s/]/.test(text));
	return line === undefined ? undefined : `put a blank behind the \`:\` on line ${line.loc.row}`;
}

type Statement =
	| { readonly kind: 'package'; readonly node: Package }
	| { readonly kind: 'import'; readonly node: Import }
	| { readonly kind: 'rule'; readonly node: Rule };

function statementsOf(module: Omit<Module, 'annotations'>): Statement[] {
	const statements: Statement[] = [
		{ kind: 'package', node: module.package },
		...module.imports.map((node): Statement => ({ kind: 'import', node })),
		...module.rules.map((node): Statement => ({ kind: 'rule', node })),
	];
	return statements.sort((a, b) => a.node.loc.offset - b.node.loc.offset);
}

function attached(
	loc: Location,
	{ scope: written, ...body }: AnnotationBody,
	below: Statement | undefined,
): Annotation {
	const scope = checkedScope(written || implied(below, body.entrypoint === true), below);
	if (body.entrypoint === true && scope !== 'document' && scope !== 'package') {
		throw new AnnotationFault(`annotation entrypoint applied to non-document or package scope '${scope}'`);
	}
	return { loc, scope, ...body, rule: below?.kind === 'rule' ? below.node : undefined };
}

/** The scope of an annotation that names none: what stands below it decides. */
function implied(below: Statement | undefined, entrypoint: boolean): string {
	if (below === undefined) return '';
	if (below.kind === 'rule') return entrypoint ? 'document' : 'rule';
	return below.kind;
}

function checkedScope(scope: string, below: Statement | undefined): AnnotationScope {
	switch (scope) {
		case 'rule':
		case 'document':
			if (below?.kind !== 'rule') throw misplaced(scope, 'rule', below);
			return scope;
		case 'package':
		case 'subpackages':
			if (below?.kind !== 'package') throw misplaced(scope, 'package', below);
			return scope;
		default:
			throw new AnnotationFault(
				`invalid annotation scope '${scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'`,
			);
	}
}

function misplaced(scope: string, want: string, below: Statement | undefined): AnnotationFault {
	const have = below === undefined ? '' : ` (have ${below.kind})`;
	return new AnnotationFault(`annotation scope '${scope}' must be applied to ${want}${have}`);
}

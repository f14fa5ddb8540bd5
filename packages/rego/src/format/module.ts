import type { Import, Module, Rule } from '../ast/ast.ts';
import { compareTerms } from '../ast/compare.ts';
import { walkRule } from '../ast/walk.ts';
import { commentText } from './output.ts';
import { RuleWriter } from './rules.ts';

type Statement = { readonly kind: 'import'; readonly node: Import } | { readonly kind: 'rule'; readonly node: Rule };

/** Writes modules. */
export class ModuleWriter extends RuleWriter {
	writeModule(module: Module): string {
		this.imported = new Set(module.imports.map(futureKeyword).filter((keyword) => keyword !== undefined));
		this.refHeads = module.rules.some(({ head }) => {
			return head.ref.length > 2 || (head.ref.length === 2 && head.contains !== undefined);
		});
		this.#package(module);
		const { early, statements } = arranged(module);
		if (early.length > 0) this.#imports(early);
		for (let at = 0; at < statements.length; ) {
			const { kind } = statements[at]!;
			let end = at;
			while (statements[end]?.kind === kind) end++;
			const run = statements.slice(at, end);
			if (kind === 'import') this.#imports(run.map(({ node }) => node as Import));
			else this.writeRules(run.map(({ node }) => node as Rule));
			at = end;
		}
		for (const comment of this.comments) this.writeLine(commentText(comment));
		return `${this.text.replace(/\n+$/, '')}\n`;
	}

	#package(module: Module): void {
		this.survives(() => this.commentsAt(module.package.loc.row));
		this.startLine();
		const [, first, ...rest] = module.package.path.terms;
		const name = first!.kind === 'string' ? first!.value : '';
		this.write('package ');
		const comments = this.comments;
		const lineEnd = this.lineEnd;
		this.comments = [];
		this.writeRef([{ kind: 'var', name, loc: first!.loc }, ...rest]);
		this.comments = comments;
		this.lineEnd = lineEnd;
		this.blankLine();
	}

	#imports(imports: readonly Import[]): void {
		const beside = new Map(imports.map((imported) => [imported.loc.row, imported]));
		const comments = new Map<Import, string>();
		this.comments = this.comments.filter((comment) => {
			const imported = beside.get(comment.loc.row);
			if (imported !== undefined) comments.set(imported, commentText(comment));
			return imported === undefined;
		});
		for (const group of importGroups(imports)) {
			this.survives(() => this.commentsAt(group[0]!.loc.row));
			for (const imported of group.toSorted(compareImports)) {
				this.startLine();
				this.#import(imported);
				const comment = comments.get(imported);
				if (comment !== undefined) this.write(` ${comment}`);
				this.endLine();
			}
			this.blankLine();
		}
	}

	#import(imported: Import): void {
		this.write('import ');
		const comments = this.comments;
		this.comments = [];
		this.writeRef(imported.path.terms);
		this.comments = comments;
		if (imported.alias !== undefined) this.write(` as ${imported.alias}`);
	}
}

/** Imports and rules in source order; `early` are imports made here that would otherwise come after a rule. */
function arranged(module: Module): { readonly early: readonly Import[]; readonly statements: readonly Statement[] } {
	const { kept, made } = neededImports(module);
	const rules = module.rules.map((node): Statement => ({ kind: 'rule', node }));
	const firstRule = module.rules[0]?.loc.row ?? Number.POSITIVE_INFINITY;
	const early = made.some(({ loc }) => loc.row >= firstRule) ? made : [];
	const imports = [...kept, ...(early.length > 0 ? [] : made)].map((node): Statement => ({ kind: 'import', node }));
	const statements = [...imports, ...rules].sort((a, b) => {
		return a.node.loc.row - b.node.loc.row || a.node.loc.col - b.node.loc.col;
	});
	return { early, statements };
}

/** Under `rego.v1` the imports of keywords are dropped, but for keywords beyond v1 that are in use. */
function neededImports(module: Module): { readonly kept: readonly Import[]; readonly made: readonly Import[] } {
	const version = module.imports.findLast((imported) => isRef(imported, 'rego', 'v1'));
	if (version === undefined) return { kept: module.imports, made: [] };
	const kept = module.imports.filter((imported) => !isRef(imported, 'future', 'keywords'));
	const made = [...usedKeywords(module)].sort().map((keyword, index): Import => {
		const loc = { ...version.loc, row: version.loc.row + 1 + index, col: 1 };
		const names = ['keywords', keyword].map((value) => ({ kind: 'string', value, loc }) as const);
		const path = { kind: 'ref', terms: [{ kind: 'var', name: 'future', loc }, ...names], loc } as const;
		return { loc, path, alias: undefined };
	});
	return { kept, made };
}

/** Keywords beyond v1 that the module's rules use. */
function usedKeywords(module: Module): Set<string> {
	const used = new Set<string>();
	for (const rule of module.rules) {
		walkRule(
			rule,
			() => true,
			(expr) => {
				if (expr.kind === 'not' || expr.kind === 'and' || expr.kind === 'or') used.add(expr.kind);
				return true;
			},
		);
	}
	return used;
}

function isRef(imported: Import, root: string, name: string): boolean {
	const [first, second] = imported.path.terms;
	return first?.kind === 'var' && first.name === root && second?.kind === 'string' && second.value === name;
}

function futureKeyword(imported: Import): string | undefined {
	const keyword = imported.path.terms[2];
	return isRef(imported, 'future', 'keywords') && keyword?.kind === 'string' ? keyword.value : undefined;
}

/** Imports that stand on neighbouring rows belong together. */
function importGroups(imports: readonly Import[]): readonly (readonly Import[])[] {
	const groups: Import[][] = [];
	for (const [index, imported] of imports.entries()) {
		const previous = imports[index - 1];
		if (previous === undefined || imported.loc.row - previous.loc.row > 1) groups.push([]);
		groups.at(-1)!.push(imported);
	}
	return groups;
}

function compareImports(a: Import, b: Import): number {
	const order = compareTerms(a.path, b.path);
	if (order !== 0) return order;
	const [x, y] = [a.alias ?? '', b.alias ?? ''];
	return x < y ? -1 : x > y ? 1 : 0;
}

/** A data catalog in memory: three schemas, each with a few assets. */

export interface Asset {
	readonly asset_id: string;
	readonly schema: string;
	readonly name: string;
	description: string;
	columns: string[];
	comments: string[];
}

const seed: readonly (readonly [schema: string, name: string, description: string, columns: readonly string[]])[] = [
	['customers', 'accounts', 'One row for each customer account.', ['account_id', 'name', 'country']],
	['customers', 'orders', 'Orders of the last two years.', ['order_id', 'account_id', 'placed_at']],
	['customers', 'tmp_import_1', 'Left over from an import.', ['raw']],
	['customers', 'tmp_import_2', 'Left over from an import.', ['raw']],
	['customers', 'tmp_import_3', 'Left over from an import.', ['raw']],
	['customers', 'tmp_import_4', 'Left over from an import.', ['raw']],
	['finance', 'ledger', 'Bookings by cost centre.', ['booking_id', 'cost_centre', 'amount']],
	['pii_archive', 'contacts_2019', 'Contacts that were exported for an audit.', ['contact_id', 'email', 'phone']],
];

export class Catalog {
	readonly #assets = new Map<string, Asset>();

	constructor() {
		for (const [schema, name, description, columns] of seed) this.#put(schema, name, description, columns);
	}

	schemas(): readonly string[] {
		return [...new Set([...this.#assets.values()].map(({ schema }) => schema))].sort();
	}

	search(schema: string, query: string): readonly Pick<Asset, 'asset_id' | 'name' | 'description'>[] {
		return this.#of(schema)
			.filter(({ name, description }) => `${name} ${description}`.toLowerCase().includes(query.toLowerCase()))
			.map(({ asset_id, name, description }) => ({ asset_id, name, description }));
	}

	asset(schema: string, id: string): Asset {
		const found = this.#assets.get(id);
		if (found === undefined || found.schema !== schema) throw new RangeError(`no asset ${id} in ${schema}`);
		return found;
	}

	table(schema: string, name: string): Asset {
		return this.asset(schema, `${schema}.${name}`);
	}

	add(schema: string, name: string): Asset {
		if (this.#assets.has(`${schema}.${name}`)) throw new RangeError(`${schema}.${name} is there already`);
		return this.#put(schema, name, '', []);
	}

	remove(schema: string, id: string): void {
		this.asset(schema, id);
		this.#assets.delete(id);
	}

	drop(schema: string): number {
		const gone = this.#of(schema);
		for (const { asset_id } of gone) this.#assets.delete(asset_id);
		return gone.length;
	}

	#of(schema: string): readonly Asset[] {
		return [...this.#assets.values()].filter((asset) => asset.schema === schema);
	}

	#put(schema: string, name: string, description: string, columns: readonly string[]): Asset {
		const asset = { asset_id: `${schema}.${name}`, schema, name, description, columns: [...columns], comments: [] };
		this.#assets.set(asset.asset_id, asset);
		return asset;
	}
}

/** Every address of the host plane; what is logged is `name`, never the path, since paths of /install hold tokens. */
export type Route =
	| { readonly name: 'install.page'; readonly token: string }
	| { readonly name: 'root' | 'roots_after'; readonly part: string }
	| { readonly name: 'install.exchange'; readonly token: string }
	| {
			readonly name:
				| 'sync.stream'
				| 'sync.snapshot'
				| 'sync.status'
				| 'sync.events'
				| 'sync.renew'
				| 'sync.open_session';
	  }
	| { readonly name: 'sync.close_session'; readonly session_id: string }
	| { readonly name: 'method_not_allowed'; readonly allow: string }
	| { readonly name: 'not_found' };

const token = '[A-Za-z0-9._-]{1,128}';

const table: readonly {
	readonly path: RegExp;
	readonly methods: Readonly<Record<string, (part: string) => Route>>;
}[] = [
	{
		path: new RegExp(`^/install/(${token})$`),
		methods: {
			GET: (part) => ({ name: 'install.page', token: part }),
			HEAD: (part) => ({ name: 'install.page', token: part }),
		},
	},
	// Without the token: it is fetched before the host can tell whom it is talking to.
	{
		path: /^\/v1\/roots\/(org_[a-z0-9]{6,32}\/[0-9a-f]{64})$/,
		methods: { GET: (part) => ({ name: 'root', part }) },
	},
	{
		path: /^\/v1\/roots\/(org_[a-z0-9]{6,32}\/[0-9a-f]{64})\/after$/,
		methods: { GET: (part) => ({ name: 'roots_after', part }) },
	},
	{
		path: new RegExp(`^/install/(${token})/exchange$`),
		methods: { POST: (part) => ({ name: 'install.exchange', token: part }) },
	},
	{ path: /^\/v1\/sync\/stream$/, methods: { GET: () => ({ name: 'sync.stream' }) } },
	{ path: /^\/v1\/sync\/snapshot$/, methods: { GET: () => ({ name: 'sync.snapshot' }) } },
	{ path: /^\/v1\/sync\/status$/, methods: { POST: () => ({ name: 'sync.status' }) } },
	{ path: /^\/v1\/sync\/events$/, methods: { POST: () => ({ name: 'sync.events' }) } },
	{ path: /^\/v1\/sync\/renew$/, methods: { POST: () => ({ name: 'sync.renew' }) } },
	{ path: /^\/v1\/sync\/sessions$/, methods: { POST: () => ({ name: 'sync.open_session' }) } },
	{
		path: /^\/v1\/sync\/sessions\/([A-Za-z0-9_-]{1,64})\/close$/,
		methods: { POST: (part) => ({ name: 'sync.close_session', session_id: part }) },
	},
];

/** The route of a request. Paths are compared as they came: nothing is decoded, so nothing can be smuggled. */
export function routeOf(method: string, path: string): Route {
	for (const { methods, path: pattern } of table) {
		const match = pattern.exec(path);
		if (match === null) continue;
		const make = Object.hasOwn(methods, method) ? methods[method] : undefined;
		return make?.(match[1] ?? '') ?? { name: 'method_not_allowed', allow: Object.keys(methods).join(', ') };
	}
	return { name: 'not_found' };
}

/**
 * The page behind a bootstrap URL. Opening it does nothing, so that link previews, prefetching and curiosity burn nothing;
 * it is the same for every token, used or not, so that it tells nothing either.
 */
export const inertPage: string = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="robots" content="noindex, nofollow">
<title>TapPass enrolment</title>
<h1>This link enrols one host</h1>
<p>Opening it in a browser does nothing: it has not been used. It works once, within 15 minutes.</p>
<p>On the machine that is to run the agent:</p>
<pre>tappass-host init &lt;name&gt; --enroll-url '&lt;this whole address, with everything after the #&gt;'</pre>
<p>If you did not expect this link, do nothing and tell the person who sent it.</p>
</html>
`;

/** No caching, no framing, no scripts, and no address in a Referer: the address is a secret. */
export const inertHeaders: Readonly<Record<string, string>> = {
	'content-type': 'text/html; charset=utf-8',
	'cache-control': 'no-store',
	'referrer-policy': 'no-referrer',
	'x-robots-tag': 'noindex, nofollow',
	'x-content-type-options': 'nosniff',
	'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

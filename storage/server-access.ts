// How a real server is reached: what `ECLUSE_<PORT>` and its `_USERNAME`, `_PASSWORD`, `_CA`, `_CERT`, `_KEY` say.

/** One server, or one cluster of them. Certificates and keys are PEM texts; what is undefined was not set. */
export interface ServerAccess {
  /** `kafka://host:port,host:port?tls=true`; never holds a secret. */
  url: string
  username?: string | undefined
  password?: string | undefined
  /** The certificate authority that signed the server's certificate. Given, TLS is on. */
  ca?: string | undefined
  /** Our own certificate and its key, where the server asks for one. */
  cert?: string | undefined
  key?: string | undefined
}

export interface ServerUrl {
  hosts: { host: string; port: number }[]
  /** Without its slash: `ecluse` in `cassandra://a/ecluse?dc=x`. */
  path: string
  options: Record<string, string>
}

export interface ServerUrlForm {
  scheme: string
  defaultPort: number
  /** Names of the options there are. */
  options: string[]
  /** Nothing may stand between the hosts and the options. */
  noPath?: true
}

/**
 * Reads `scheme://host:port,host/path?option=value`, which, having several hosts, is no URL of the WHATWG's.
 * @throws Error that says what is wrong, without the URL itself
 */
export function parseServerUrl(url: string, { scheme, defaultPort, options: known, noPath }: ServerUrlForm): ServerUrl {
  const match = /^([a-z0-9+]+):\/\/([^/?#@]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url)
  if (match?.[1] !== scheme) throw new Error(`must be ${scheme}://host:port,host:port?option=value, without a password`)
  const query = new URLSearchParams(match[4] ?? '')
  const unknown = [...query.keys()].find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`has no option ${unknown}: it knows ${known.join(', ')}`)
  // Who reads the first and who reads the last would understand different things.
  const twice = known.find(name => query.getAll(name).length > 1)
  if (twice) throw new Error(`says ${twice} twice: leave one of them out`)
  if (noPath && match[3]) throw new Error('has no path: options come after a ?')
  const options = Object.fromEntries(query)
  if (options.tls !== undefined && !['true', 'false'].includes(options.tls))
    throw new Error('tls must be true or false')
  return { hosts: match[2]!.split(',').map(text => hostOf(text, defaultPort)), path: match[3] ?? '', options }
}

function hostOf(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? defaultPort)
  if (!match || port < 1 || port > 65_535) throw new Error('each host must be host or host:port')
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port }
}

/**
 * Options for `node:tls`, or undefined where TLS is off. A certificate authority that was given turns it on, so that
 * nobody sends a password in the clear by forgetting one option. Servers are verified whatever Node's environment says.
 */
export function tlsOptions(
  { ca, cert, key }: ServerAccess,
  asked: string | undefined,
): { rejectUnauthorized: true; ca?: string; cert?: string; key?: string } | undefined {
  if (asked === 'false' && (ca || cert)) throw new Error('says tls=false, and yet a certificate is given')
  if (asked !== 'true' && !ca && !cert) return undefined
  return { rejectUnauthorized: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
}

// What may stand in the URL of a server: nothing secret, since URLs are shown and logged; and in production no server
// beyond loopback without TLS.

const SECRET_NAME = /pass|pwd|secret|token|credential|key/i

/**
 * Returns the URL as it is.
 * @throws Error that says what must not stand in it, and repeats none of it
 */
export function refuseSecrets(url: string): string {
  if (/@|%40/.test(url))
    throw new Error('holds a user or a password: give them in the variables ending in _USERNAME and _PASSWORD')
  if (/[\s#]/.test(url)) throw new Error('must hold neither white space nor #')
  if (optionsOf(url).some(isSecret))
    throw new Error(
      'has an option that looks like a secret (password, token, secret, key): give it in the variables ending in ' +
        '_USERNAME, _PASSWORD and _KEY',
    )
  return url
}

function isSecret([name, value]: [string, string]): boolean {
  // MongoDB's way to hand on several: `authMechanismProperties=AWS_SESSION_TOKEN:…,…`.
  const inner = /^authMechanismProperties$/i.test(name) ? value.split(',').map(part => part.split(':', 1)[0]!) : []
  return [name, ...inner].some(each => SECRET_NAME.test(each))
}

/** Whether the URL leads beyond loopback without TLS. An authority that was given turns TLS on. */
export function isPlain(url: string, ca: string | undefined): boolean {
  const { scheme, authority } = /^(?<scheme>[a-z0-9+]+):\/\/(?<authority>[^/?]*)/i.exec(url)?.groups ?? {}
  if (!scheme || ca) return false
  const options = optionsOf(url)
  if (scheme === 's3') return options.some(([name, value]) => name === 'endpoint' && isPlain(value, ca))
  if (/^https$/i.test(scheme)) return false
  // MongoDB takes the names of options in capitals as well.
  const asked = /^http$/i.test(scheme) ? [] : options.filter(([name]) => /^(tls|ssl)$/i.test(name))
  const byName = scheme === 'mongodb+srv'
  if (asked.length > 0 ? asked.every(([, value]) => value === 'true') : byName) return false
  return byName || !authority!.split(',').every(host => isLoopback(host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** By the same reading as the servers' own sides; one that is given twice stands there twice. */
function optionsOf(url: string): [name: string, value: string][] {
  const at = url.indexOf('?')
  return at < 0 ? [] : [...new URLSearchParams(url.slice(at))]
}

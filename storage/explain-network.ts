// What keeps a connection from being made, in a sentence that says what to do. Shared by the real sides of all ports.

/** Told alike whether an authority was given or not: Node does not say which it missed. */
const UNKNOWN_AUTHORITY =
  'its certificate is not signed by an authority that we know: give the right one, as a PEM text, as {ca}'

/** What Node reports, by `code`. `{url}` and `{ca}` stand for the variables to look at. */
const EXPLANATIONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: start the server, or mend {url}',
  ECONNRESET: 'the connection was cut: look into the server’s log; is TLS asked of a plain listener, or the reverse?',
  EPIPE: 'the connection was cut: look into the server’s log',
  ENOTFOUND: 'the host name is unknown: mend {url}',
  EAI_AGAIN: 'the host name cannot be looked up now: look at the name service, or mend {url}',
  EHOSTUNREACH: 'the host cannot be reached: look at the network, or mend {url}',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'no answer in time: look at the network, a firewall and the server’s load',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself: give it as {ca}',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it on the server',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: look at both clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: mend the certificate, or the host in {url}',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there: mend the port in {url}, or leave TLS off',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a certificate of ours: give it as {cert} and {key}',
}

/** Bounds the walk through causes, which libraries may have made a circle. */
const MAX_DEPTH = 8

/**
 * A sentence about a connection that failed, or undefined if this error, its causes and those it gathers tell of none.
 * @param variable the port's variable, `ECLUSE_EVENT_LOG`
 */
export function explainNetwork(error: unknown, variable: string): string | undefined {
  for (const code of codesOf(error, MAX_DEPTH)) {
    if (!Object.hasOwn(EXPLANATIONS, code)) continue
    return EXPLANATIONS[code]!.replaceAll('{url}', variable).replace(
      /\{(ca|cert|key)\}/g,
      (_, name) => `${variable}_${name.toUpperCase()}`,
    )
  }
}

function* codesOf(error: unknown, depth: number): Generator<string> {
  if (depth === 0 || typeof error !== 'object' || error === null) return
  const { code, cause, errors, reason } = error as Record<string, unknown>
  if (typeof code === 'string') yield code
  for (const inner of [cause, reason, ...(Array.isArray(errors) ? errors : [])]) yield* codesOf(inner, depth - 1)
}

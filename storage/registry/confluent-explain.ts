// What a failure of a schema registry means and what to do about it, without any secret.

import { explainNetwork } from '../explain-network.ts'

const VARIABLE = 'ECLUSE_REGISTRY'

/** What the library keeps of a failed request: a status and a text. Where nothing answered, the status is 400. */
interface Failure {
  status?: number
  message: string
}

/** The library drops the code of a failed connection and keeps its text. */
const NETWORK_TEXTS: [RegExp, string][] = [
  [/self-signed certificate in certificate chain/, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self-signed certificate/, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to verify the first certificate/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/unable to get (local )?issuer certificate/, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  [/certificate signature failure/, 'CERT_SIGNATURE_FAILURE'],
  [/certificate has expired/, 'CERT_HAS_EXPIRED'],
  [/certificate is not yet valid/, 'CERT_NOT_YET_VALID'],
  [/does not match certificate's altnames/, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/wrong version number|packet length too long/, 'ERR_SSL_WRONG_VERSION_NUMBER'],
  [/certificate required/, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
  [/operation was aborted|Timeout \(/, 'ETIMEDOUT'],
  [/socket hang up/, 'ECONNRESET'],
]

/** Whether the server answered, and with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && (error as Failure).status === status
}

/** @param server its origin and path, without a password */
export function explainRegistry(server: string, username: string | undefined, error: unknown): string {
  return `registry: ${server}: ${reason(username, error instanceof Error ? error : { message: '' })}`
}

function reason(username: string | undefined, { status, message }: Failure): string {
  const who = username === undefined ? 'a request without a user' : `user ${username}`
  switch (status) {
    case 401:
      return `it refuses ${who} or the password: mend ${VARIABLE}_USERNAME and ${VARIABLE}_PASSWORD`
    case 403:
      return `${who} lacks a right: grant reading and writing of the registry subjects (read: look up a schema, get versions; write: register a schema) to it on the server`
    case 404:
      return `there is no schema registry at this path: mend ${VARIABLE}, which ends in /apis/ccompat/v7 for Apicurio and has no path for Confluent’s own server`
    case 409:
      return 'its own compatibility rule refuses a schema that our check accepted: mend the schema, or set the rule of this registry subject with PUT /config/{registry subject} {"compatibility": "NONE"}'
    case 422:
      return 'it does not take this schema for a valid one: the cause says why'
    case 429:
      return 'too many requests: raise its limit'
  }
  if (status !== undefined && status >= 500) return `it failed with HTTP status ${status}: look into its log`
  return networkReason(message) ?? 'it failed in a way we do not know: the cause says more'
}

function networkReason(message: string): string | undefined {
  const code = NETWORK_TEXTS.find(([text]) => text.test(message))?.[1] ?? /\b(E[A-Z_]{3,})\b/.exec(message)?.[1]
  return explainNetwork({ code }, VARIABLE)
}

// A client of a schema registry that speaks Confluent's API: TLS with our own authority, bounded time, bounded retries.
// The library's public class registers; its own HTTP client, a level below, reads what the class has no method for.

import { Agent } from 'node:https'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import apiModule, {
  type SchemaRegistryAPIClient,
  type SchemaRegistryAPIClientArgs,
} from '@kafkajs/confluent-schema-registry/dist/api/index.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type ServerAccess, tlsOptions } from '../server-access.ts'

export interface ConfluentClient {
  /** The server without anything secret: for messages. */
  server: string
  /**
   * The library's class. A new one for each registration: it keeps all it ever compiled, and one Ajv refuses two
   * versions of a schema with the same `$id`.
   */
  library(): SchemaRegistry
  api: SchemaRegistryAPIClient
  close(): void
}

/** Bounds one request with all its retries. */
const REQUEST_LIMIT_MS = 8_000
const RETRIES = 3
const CLIENT_ID = 'ecluse'
const MAX_SOCKETS = 8

/**
 * Connects nothing yet.
 * @throws Error that says what is wrong with the URL, without repeating it
 */
export function confluentClient(access: ServerAccess): ConfluentClient {
  const url = serverUrl(access)
  const isTls = url.protocol === 'https:'
  const agent = isTls
    ? new Agent({ ...tlsOptions(access, 'true'), keepAlive: true, maxSockets: MAX_SOCKETS })
    : undefined
  const options: SchemaRegistryAPIClientArgs = {
    host: url.href.replace(/\/+$/, ''),
    clientId: CLIENT_ID,
    ...(agent && { agent }),
    ...(access.username !== undefined && { auth: { username: access.username, password: access.password ?? '' } }),
    // Every request may be sent twice: registering the same schema again gives the same id.
    retry: { retries: RETRIES, maxRetryTimeInSecs: 2, initialRetryTimeInSecs: 0.1, enableRetry: () => true },
    middlewares: [bounded],
  }
  return {
    server: options.host,
    library: () =>
      new SchemaRegistry(options, {
        // The library's own Ajv does not know draft 2020-12.
        [SchemaType.JSON]: { ajvInstance: new Ajv2020({ strict: false, validateFormats: false, logger: false }) },
      }),
    api: apiModule.default(options),
    close: () => agent?.destroy(),
  }
}

function serverUrl({ url: text, ca, cert }: ServerAccess): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new Error('must be http://host:port/path or https://…')
  if (url.username || url.password) throw new Error('holds a user or password: give them as _USERNAME and _PASSWORD')
  if (url.search || url.hash) throw new Error('has no options')
  if (url.protocol === 'http:' && (ca || cert)) throw new Error('begins with http, and yet a certificate is given')
  return url
}

const bounded: NonNullable<SchemaRegistryAPIClientArgs['middlewares']>[number] = () => ({
  prepareRequest: async next => (await next()).enhance({ signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }),
})

// The Kafka client: brokers, TLS, SASL, bounds. kafkajs says what goes wrong in its errors; its own log is left out.

import { createRequire } from 'node:module'
import { type Admin, Kafka, logLevel, type Producer, type SASLOptions } from 'kafkajs'
import { parseServerUrl, type ServerAccess, tlsOptions } from '../server-access.ts'

const URL_FORM = { scheme: 'kafka', defaultPort: 9092, options: ['tls', 'sasl', 'compression'], noPath: true as const }
const MECHANISMS = ['scram-sha-512', 'scram-sha-256', 'plain'] as const
const COMPRESSIONS = ['none', 'gzip']

const CONNECT_MS = 5_000
const REQUEST_MS = 10_000
/** To connect, to authenticate, to have a request answered. */
export const LONGEST_ATTEMPT_MS = 2 * CONNECT_MS + REQUEST_MS
/** Together about 12 s: a little longer than a cluster needs to replace a leader that died. */
const RETRIES = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 2_000, retries: 9 }

export interface KafkaClient {
  kafka: Kafka
  /** For messages: `a:9092,b:9092`. */
  servers: string
  gzip: boolean
}

/** @throws Error that says what is wrong with the URL or the settings beside it */
export function makeKafkaClient(access: ServerAccess): KafkaClient {
  const { hosts, options } = parseServerUrl(access.url, URL_FORM)
  if (!COMPRESSIONS.includes(options.compression ?? 'none'))
    throw new Error(`compression must be ${COMPRESSIONS.join(' or ')}`)
  const brokers = hosts.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
  const ssl = tlsOptions(access, options.tls)
  const sasl = saslOf(access, options.sasl)
  mendRequestQueue()
  const kafka = new Kafka({
    brokers,
    clientId: 'ecluse',
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: RETRIES,
    logLevel: logLevel.NOTHING,
    ...(ssl && { ssl: { ...ssl, ...(ssl.ca && { ca: [ssl.ca] }) } }),
    ...(sasl && { sasl }),
  })
  return { kafka, servers: brokers.join(','), gzip: options.compression === 'gzip' }
}

function saslOf({ username, password }: ServerAccess, asked: string | undefined): SASLOptions | undefined {
  const mechanism = MECHANISMS.find(each => each === (asked ?? MECHANISMS[0]))
  if (!mechanism) throw new Error(`sasl must be ${MECHANISMS.join(' or ')}`)
  if (username === undefined && password === undefined && asked === undefined) return undefined
  if (!username || !password) throw new Error('needs both a user name and a password')
  return { mechanism, username, password } as SASLOptions
}

export interface Renewable<C> {
  use<T>(work: (client: C) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * Uses a client that is connected at first use, and made anew after one topic turned out to be gone, denied or without
 * a leader: kafkajs asks for all topics a client ever used together, so that one such topic fails all others.
 */
export function renewable<C extends Admin | Producer>(make: () => C): Renewable<C> {
  let current: { client: C; connected: Promise<void> } | undefined

  function connect(): { client: C; connected: Promise<void> } {
    const client = make()
    const connection = { client, connected: client.connect() }
    connection.connected.catch(() => drop(connection))
    return connection
  }

  function drop(connection: typeof current): void {
    if (current === connection) current = undefined
    connection?.client.disconnect().catch(() => {})
  }

  return {
    use: async work => {
      current ??= connect()
      const connection = current
      await connection.connected
      try {
        return await work(connection.client)
      } catch (error) {
        if (isTopicError(error)) drop(connection)
        throw error
      }
    },
    close: async () => {
      await current?.client.disconnect()
      current = undefined
    },
  }
}

const TOPIC_ERRORS = ['UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED', 'LEADER_NOT_AVAILABLE']

/** Whether the error, by itself or by its cause, is about one topic; kafkajs does not say about which. */
export function isTopicError(error: unknown): boolean {
  return typesOf(error).some(type => TOPIC_ERRORS.includes(type))
}

/** Whether the error, by itself or by its cause, says that a topic does not exist. */
export function isUnknownTopic(error: unknown): boolean {
  return typesOf(error).includes('UNKNOWN_TOPIC_OR_PARTITION')
}

/** Kafka's names for what an error and its causes tell. */
export function typesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { type, cause } = error as Error & { type?: string }
  return [...(type ? [type] : []), ...(cause === error ? [] : typesOf(cause))]
}

interface RequestQueue {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
}

/**
 * kafkajs 2.2.4 looks for throttled requests with a timer that is set again for ever, also when none waits: with a
 * delay below zero, so every millisecond. It needs a timer only while requests wait.
 */
function mendRequestQueue(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue')
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return
    const delayMs = Math.max(10, this.throttledUntil - Date.now())
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    }, delayMs)
  }
}

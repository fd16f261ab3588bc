// One connection to MongoDB for one port. Nothing is sent before the first use, so that a process starts while the
// server is down, and every use heals by itself. Acknowledged means: on the disks of a majority.

import { type Db, MongoClient, type MongoClientOptions, MongoServerSelectionError, ReadConcern } from 'mongodb'
import { reach, type Unavailable } from '../reach.ts'
import { type ServerAccess, tlsOptions } from '../server-access.ts'
import { explainMongo, type MongoPlace } from './explain-mongo.ts'
import { withRetries } from './with-retries.ts'

/** How long one find may run on the server. */
export const MAX_READ_MS = 10_000
/** How long a write waits for the majority. */
const MAJORITY_MS = 10_000
/** No answer for this long breaks a connection: more than a read or a majority may take. */
const SOCKET_MS = 15_000
/** How long an operation waits for a primary that can be reached. */
const SELECTION_MS = 5_000
const CONNECT_MS = 5_000
/** A connected client that finds no server for this long is made anew: its monitor may be waiting for ever. */
const RENEW_MS = 15_000
const POOL_SIZE = 20
/** Operations under way or waiting; a further one is refused at once. */
const MAX_OPERATIONS = 2_000

export interface MongoPort {
  name: MongoPlace['port']
  /** The variable that held the URL: `ECLUSE_VAULT`. */
  variable: string
  Unavailable: Unavailable
}

export interface MongoConnection {
  /**
   * Runs work on the port's database; again, boundedly, where the failure was a passing one. So the work must give the
   * same when it is repeated after it took effect.
   * @throws the port's Unavailable; TypeError and RangeError stay what they are
   */
  run<T>(work: (db: Db) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/**
 * @param access `mongodb://host:port,host:port/database?tls=true&authSource=…`, as MongoDB's own manual describes it.
 *   What it says of read preference and of read and write concern is not followed.
 * @throws Error for a URL that cannot be understood, without the URL itself
 */
export function connectMongo(access: ServerAccess, { name, variable, Unavailable }: MongoPort): MongoConnection {
  // Made now, so that a wrong URL is told at the start.
  const first = clientOf(access)
  const place: MongoPlace = {
    port: name,
    variable,
    hosts: first.options.srvHost ?? first.options.hosts.join(','),
    database: first.options.dbName,
    username: first.options.credentials?.username || undefined,
  }
  let unused: MongoClient | undefined = first
  let connecting: Promise<MongoClient> | undefined
  let closed = false
  let operations = 0
  let lostSinceMs: number | undefined

  /** A client that failed to connect stays closed for good: the next use takes a new one. */
  async function connect(): Promise<MongoClient> {
    const client = unused ?? clientOf(access)
    unused = undefined
    try {
      return await client.connect()
    } catch (error) {
      connecting = undefined
      await client.close()
      throw error
    }
  }

  /** The driver's monitor can hang on a connection that was cut in the middle of its handshake; then nothing heals. */
  function renewIfLost(error: unknown): void {
    if (!(error instanceof MongoServerSelectionError)) return
    lostSinceMs ??= performance.now()
    if (performance.now() - lostSinceMs < RENEW_MS) return
    const lost = connecting
    connecting = undefined
    lostSinceMs = undefined
    lost?.then(client => client.close()).catch(() => {})
  }

  async function database(): Promise<Db> {
    if (closed) throw new Error('the connection was closed')
    connecting ??= connect()
    const client = await connecting
    return client.db(place.database, {
      readPreference: 'primary',
      readConcern: new ReadConcern('majority'),
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: MAJORITY_MS },
    })
  }

  return {
    run: work =>
      reach(
        Unavailable,
        async () => {
          if (operations >= MAX_OPERATIONS) throw new Error(`more than ${MAX_OPERATIONS} operations wait already`)
          operations++
          try {
            const result = await withRetries(async () => work(await database()))
            lostSinceMs = undefined
            return result
          } catch (error) {
            renewIfLost(error)
            throw error
          } finally {
            operations--
          }
        },
        cause => explainMongo(cause, place),
      ),
    close: async () => {
      closed = true
      const client = await connecting?.catch(() => undefined)
      await (client ?? unused)?.close()
    },
  }
}

function clientOf({ url, username, password, ...certificates }: ServerAccess): MongoClient {
  const options: MongoClientOptions = {
    appName: 'ecluse',
    ignoreUndefined: true,
    maxPoolSize: POOL_SIZE,
    serverSelectionTimeoutMS: SELECTION_MS,
    waitQueueTimeoutMS: SELECTION_MS,
    connectTimeoutMS: CONNECT_MS,
    socketTimeoutMS: SOCKET_MS,
    ...(username && { auth: { username, password: password ?? '' } }),
  }
  const tls = tlsOptions({ url, ...certificates }, tlsAsked(url))
  try {
    const client = new MongoClient(url, tls ? { ...options, tls: true, ...tls } : options)
    if (/^[^/]*\/\/[^/?]*\/[^?]/.test(url)) return client
  } catch (error) {
    // The driver's message may hold the URL, and so a password: it is told only where there can be none.
    const reason = url.includes('@') ? '' : `: ${(error as Error).message}`
    throw new Error(`cannot be understood as a MongoDB URL${reason}`)
  }
  throw new Error('must name a database: mongodb://host:port/database')
}

/**
 * What the URL says of TLS: on for a `mongodb+srv` that says nothing. Names of options are read as the driver does.
 * @throws Error for what would keep the server from being verified
 */
function tlsAsked(url: string): string | undefined {
  const at = url.indexOf('?')
  const options = [...new URLSearchParams(at < 0 ? '' : url.slice(at))].map(([name, value]) => [
    name.toLowerCase(),
    value,
  ])
  if (options.some(([name]) => /^(tlsinsecure|tlsallowinvalid|sslvalidate)/.test(name!)))
    throw new Error('would accept any server: leave out tlsInsecure, tlsAllowInvalid… and sslValidate')
  const asked = options.filter(([name]) => name === 'tls' || name === 'ssl').map(([, value]) => value)
  if (asked.length > 1) throw new Error('says tls twice: leave one of them out')
  return asked[0] ?? (url.startsWith('mongodb+srv:') ? 'true' : undefined)
}

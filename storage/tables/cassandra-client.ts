// A client of Cassandra from the URL that names it: TLS that verifies, a bounded pool, bounded time, and retries only
// because every statement of ours may be run twice.

import { checkServerIdentity } from 'node:tls'
import { auth, Client, policies, types } from 'cassandra-driver'
import { parseServerUrl, type ServerAccess, type ServerUrl, tlsOptions } from '../server-access.ts'

/** What the URL says beside how to connect. */
export interface CassandraPlace {
  /** `host:port, host:port`: for messages. */
  servers: string
  keyspace: string
  dataCentre: string
  /** Copies in the data centre, for a keyspace that we create. */
  replication: number
  username: string | undefined
}

const CONNECT_TIMEOUT_MS = 5_000
const READ_TIMEOUT_MS = 10_000
const MAX_RETRIES = 2
const MAX_REQUESTS_PER_CONNECTION = 1_024
const RECONNECT_FROM_MS = 500
const RECONNECT_TO_MS = 2_000
/** Rows of one page on the wire. */
const PAGE_ROWS = 1_000
const MAX_REPLICATION = 9

/**
 * Reads `cassandra://host:port,host/keyspace?dc=datacenter1&tls=true&replication=3`.
 * @throws Error that says what is wrong with the URL, without repeating it
 */
export function cassandraPlace(access: ServerAccess): { place: CassandraPlace; server: ServerUrl } {
  const server = parseServerUrl(access.url, {
    scheme: 'cassandra',
    defaultPort: 9042,
    options: ['dc', 'tls', 'replication'],
  })
  const keyspace = server.path || 'ecluse'
  if (!/^[a-z][a-z0-9_]{0,47}$/.test(keyspace))
    throw new Error('the keyspace in its path must be a lower-case letter, then letters, digits or underscores')
  const dataCentre = server.options.dc ?? 'datacenter1'
  if (!/^[\w.-]+$/.test(dataCentre)) throw new Error('dc must be the name of a data centre')
  const replication = Number(server.options.replication ?? 3)
  if (!Number.isInteger(replication) || replication < 1 || replication > MAX_REPLICATION)
    throw new Error(`replication must be 1 to ${MAX_REPLICATION}`)
  const servers = server.hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
  return { server, place: { servers, keyspace, dataCentre, replication, username: access.username } }
}

/** A client that has not connected yet: its first statement connects it. */
export function cassandraClient(
  access: ServerAccess,
  { place, server }: ReturnType<typeof cassandraPlace>,
): { client: Client; close(): Promise<void> } {
  const tls = tlsOptions(access, server.options.tls)
  const { username, password } = access
  const client = new Client({
    contactPoints: server.hosts.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)),
    protocolOptions: { port: server.hosts[0]!.port },
    ...(username !== undefined && { authProvider: new auth.PlainTextAuthProvider(username, password ?? '') }),
    // The driver verifies nothing unless it is told to.
    ...(tls && { sslOptions: { ...tls, rejectUnauthorized: true, checkServerIdentity: identityCheck(server) } }),
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: READ_TIMEOUT_MS },
    pooling: {
      coreConnectionsPerHost: { [types.distance.local]: 1, [types.distance.remote]: 1 },
      maxRequestsPerConnection: MAX_REQUESTS_PER_CONNECTION,
    },
    policies: {
      // Named here and not as localDataCenter: there, each failed look-up of it leaves a connection open.
      loadBalancing: new policies.loadBalancing.DefaultLoadBalancingPolicy({ localDc: place.dataCentre }),
      retry: boundedRetry(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(RECONNECT_FROM_MS, RECONNECT_TO_MS, false),
    },
    queryOptions: {
      prepare: true,
      isIdempotent: true,
      consistency: types.consistencies.localQuorum,
      fetchSize: PAGE_ROWS,
    },
    encoding: { useBigIntAsLong: true },
    monitorReporting: { enabled: false },
  })
  outliveMeetings(client)
  return { client, close: closeWith(client) }
}

/** The driver's own, which its types leave out. */
interface ControlConnection {
  _refresh(...given: unknown[]): Promise<void>
}

/**
 * When a node dies again and again, two refreshes of the driver's control connection may meet, and one trips over what
 * the other has reset (4.10: `Cannot read properties of null`). Nobody waits for it, so it would end the process. The
 * other one goes on, or is tried again.
 */
function outliveMeetings(client: object): void {
  const { controlConnection } = client as { controlConnection: ControlConnection }
  const refresh = controlConnection._refresh
  controlConnection._refresh = (...given) => refresh.apply(controlConnection, given).catch(() => {})
}

/** The driver's own, which its types leave out. */
interface StoppableHost {
  shutdown(drain: boolean): Promise<void>
}

/**
 * After an outage of all nodes the driver replaces what it knows of them and forgets the old connections and timers:
 * those are drained at once, and whatever was left is stopped in the end, or the process would never do so.
 */
function closeWith(client: Client): () => Promise<void> {
  const replaced = new Set<StoppableHost>()
  client.on('hostRemove', (host: StoppableHost) => {
    replaced.add(host)
    host.shutdown(true).catch(() => {})
  })
  return async () => {
    const current = client.hosts?.values() ?? []
    await client.shutdown()
    for (const host of [...replaced, ...(current as unknown as StoppableHost[])]) host.shutdown(false).catch(() => {})
  }
}

export function createKeyspace({ keyspace, dataCentre, replication }: CassandraPlace): string {
  return `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCentre}': ${replication}}`
}

/** The driver connects by address, certificates often hold names: one that is for a host in the URL is right too. */
function identityCheck({ hosts }: ServerUrl): typeof checkServerIdentity {
  return (address, certificate) => {
    const mismatch = checkServerIdentity(address, certificate)
    return hosts.some(({ host }) => checkServerIdentity(host, certificate) === undefined) ? undefined : mismatch
  }
}

/** The driver's own policy gives up after a time-out, for the sake of statements that must not be run twice. */
function boundedRetry(): policies.retry.RetryPolicy {
  const policy = new policies.retry.RetryPolicy()
  const again = ({ nbRetry }: policies.retry.OperationInfo, consistency: types.consistencies) =>
    nbRetry < MAX_RETRIES ? policy.retryResult(consistency) : policy.rethrowResult()
  return Object.assign(policy, { onReadTimeout: again, onWriteTimeout: again })
}

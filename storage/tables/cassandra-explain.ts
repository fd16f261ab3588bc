// What a failure of Cassandra means and what to do about it. It must never repeat a stored value or a secret: of the
// server's own words, only names of rights, of tables and of data centres are taken over.

import { errors, types } from 'cassandra-driver'
import { explainNetwork } from '../explain-network.ts'
import { type CassandraPlace, createKeyspace } from './cassandra-client.ts'

const VARIABLE = 'ECLUSE_TABLES'
const CODES = types.responseErrorCodes
/** All that Écluse needs, on its own keyspace. */
const RIGHTS = ['SELECT', 'MODIFY', 'CREATE', 'ALTER']

/** @param error from the driver, with the errors of each host it tried, if there are any */
export function explainCassandra(place: CassandraPlace, error: unknown): string {
  const failures = [error, ...innerErrors(error)]
  const reasons = failures.map(failure => explainOne(place, failure)).filter(reason => reason !== undefined)
  return `tables: Cassandra at ${place.servers}: ${reasons[0] ?? 'it failed in a way we do not know: see the cause and its log'}`
}

/** Of NoHostAvailableError: what went wrong with each host. */
function innerErrors(error: unknown): unknown[] {
  return error instanceof errors.NoHostAvailableError ? Object.values(error.innerErrors ?? {}) : []
}

function explainOne(place: CassandraPlace, error: unknown): string | undefined {
  if (error instanceof errors.NoHostAvailableError) {
    const isKnown = Object.keys(error.innerErrors ?? {}).length > 0
    return isKnown ? undefined : 'none of its nodes is up: start them; we try again by ourselves'
  }
  if (error instanceof errors.AuthenticationError) return explainLogin(place)
  if (error instanceof errors.ResponseError) return explainResponse(place, error)
  if (
    error instanceof errors.OperationTimedOutError ||
    (error instanceof Error && /Connection timeout/.test(error.message))
  )
    return explainNetwork({ code: 'ETIMEDOUT' }, VARIABLE)
  if (error instanceof errors.BusyConnectionError)
    return 'too many requests are in flight: start more nodes or processes'
  const centres = error instanceof Error && /Available DCs are: \[([\w.,-]+)\]/.exec(error.message)?.[1]
  if (centres)
    return `no node is in data centre ${place.dataCentre}, they are in ${centres.replaceAll(',', ', ')}: mend dc= in ${VARIABLE}`
  // What was under way when a connection broke says so, and may hold no code.
  const { isSocketError, innerError } = Object(error) as { isSocketError?: boolean; innerError?: unknown }
  const broken = isSocketError ? explainNetwork({ code: 'ECONNRESET' }, VARIABLE) : undefined
  return explainNetwork(innerError ?? error, VARIABLE) ?? broken
}

function explainLogin({ username }: CassandraPlace): string {
  if (username === undefined)
    return `it asks who we are: set ${VARIABLE}_USERNAME and ${VARIABLE}_PASSWORD; a role is made with ${createRole('ecluse')}`
  return `it refuses user ${username} or the password: mend ${VARIABLE}_USERNAME and ${VARIABLE}_PASSWORD; a role is made with ${createRole(username)}`
}

const createRole = (username: string) => `CREATE ROLE ${quoted(username)} WITH LOGIN = true AND PASSWORD = '…';`
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

function explainResponse(place: CassandraPlace, error: errors.ResponseError): string {
  const { required, alive } = error as errors.ResponseError & { required?: number; alive?: number }
  switch (error.code) {
    case CODES.badCredentials:
      return explainLogin(place)
    case CODES.unauthorized:
      return explainGrant(place, error.message)
    case CODES.unavailableException:
      return `of the copies of a row ${alive} are up and ${required} are needed (LOCAL_QUORUM): start the nodes that are down; if the data centre has fewer nodes than copies, ${alterKeyspace(place)}`
    case CODES.readTimeout:
    case CODES.writeTimeout:
      return 'too few copies of a row answered in time: look at the load and the disks of its nodes'
    case CODES.overloaded:
    case CODES.isBootstrapping:
      return 'a node is overloaded or still starting: wait, or add nodes'
    case CODES.configError:
      return `it refuses the settings of a keyspace or table: are dc=${place.dataCentre} and replication=${place.replication} in ${VARIABLE} right?`
    case CODES.invalid:
      if (/expiration date/.test(error.message))
        return 'a row is to be kept beyond the last date it can hold (2038): set storage_compatibility_mode: NONE on every node of Cassandra 5, or shorten the retention'
  }
  return 'it refuses a statement: the cause and its log say why'
}

function alterKeyspace({ keyspace, dataCentre }: CassandraPlace): string {
  return `ALTER KEYSPACE ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCentre}': 1};`
}

/** The server says: `User u has no MODIFY permission on <table k.t> or any of its parents`. */
function explainGrant(place: CassandraPlace, message: string): string {
  const { keyspace, username = 'ecluse' } = place
  const grant = (right: string) => `GRANT ${right} ON KEYSPACE ${keyspace} TO ${quoted(username)};`
  const [, right, resource] = /has no ([A-Z]+) permission on <([\w\s."]+)>/.exec(message) ?? []
  if (!right) return `user ${username} lacks a right: run ${RIGHTS.map(grant).join(' ')}`
  if (resource !== 'all keyspaces') return `user ${username} lacks ${right} on ${resource}: run ${grant(right)}`
  return `keyspace ${keyspace} does not exist and user ${username} may not create it: run ${createKeyspace(place)}; ${RIGHTS.map(grant).join(' ')}`
}

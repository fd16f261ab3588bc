// What a failure of MongoDB means and what to do, in one sentence or two. Never the driver's own message, which may
// hold a command with stored values in it.

import {
  MongoBulkWriteError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  type TopologyDescription,
} from 'mongodb'
import { explainNetwork } from '../explain-network.ts'

/** Where a connection leads. Holds no secret. */
export interface MongoPlace {
  port: 'vault' | 'documents'
  /** The variable that held the URL. */
  variable: string
  hosts: string
  database: string
  username: string | undefined
}

/** The role that `docs/permissions/mongodb.js` makes for each port. */
const ROLES = { vault: 'ecluseVault', documents: 'ecluseDocuments' }

/** The right each command needs. */
const ACTIONS: Record<string, string> = {
  find: 'find',
  getMore: 'find',
  aggregate: 'find',
  insert: 'insert',
  update: 'update',
  findAndModify: 'remove',
  findandmodify: 'remove',
  delete: 'remove',
  create: 'createCollection',
  createIndexes: 'createIndex',
  listCollections: 'listCollections',
}

const NO_PRIMARY = new Set([91, 189, 10107, 11600, 11602, 13435, 13436])
const NO_MAJORITY = new Set([64, 79, 100])

/** A sentence for the port's error. */
export function explainMongo(cause: unknown, place: MongoPlace): string {
  const start = `the ${place.port} (MongoDB at ${place.hosts}, database ${place.database})`
  return `${start}: ${reasonOf(cause, place)}`
}

function reasonOf(cause: unknown, place: MongoPlace): string {
  const { variable } = place
  const authentication = errorsOf(cause).find(error => error instanceof MongoServerError && isWrongPassword(error))
  if (authentication) {
    const user = place.username ? `user ${place.username}` : 'nobody'
    return (
      `the server refuses ${user}: mend ${variable}_USERNAME and ${variable}_PASSWORD, or authSource in ${variable}, ` +
      `which names the database where the user was made (else it is ${place.database})`
    )
  }
  const network = explainNetwork({ errors: errorsOf(cause) }, variable)
  if (network) return network
  if (cause instanceof MongoServerError) return serverReason(cause, place)
  const reason = topologyOf(cause)
  if (reason?.type === 'ReplicaSetNoPrimary')
    return 'the replica set has no primary: a majority of its members must run and reach each other'
  if (errorsOf(cause).some(error => error instanceof MongoNetworkTimeoutError))
    return 'no answer in time: look at the server’s load and the network'
  const text = cause instanceof Error ? cause.message : ''
  if (/PEM|ASN1|asn1/.test(text)) return `a certificate or key is no PEM text: mend ${variable}_CA, _CERT or _KEY`
  if (/connection was closed|must be connected|Topology is closed|client was closed/.test(text))
    return 'the connection was closed'
  if (/checking out a connection/.test(text)) return 'all connections are busy: look at the server’s load'
  if (/operations wait already/.test(text)) return `${text}: look at the server’s load and the network`
  return 'it cannot be reached or written: look into the server’s log'
}

function serverReason(error: MongoServerError, { variable, database, port }: MongoPlace): string {
  const unconfirmed = error instanceof MongoBulkWriteError ? error.result?.getWriteConcernError() : undefined
  const code = Number(unconfirmed?.code ?? error.code)
  if (code === 13) {
    if (/requires authentication/.test(error.message))
      return `the server asks who we are: set ${variable}_USERNAME and ${variable}_PASSWORD`
    const command = /execute command \{ (\w+):/.exec(error.message)?.[1] ?? ''
    const action = ACTIONS[command]
    const right = action ? `the right ${action}` : 'a right'
    const actions = action ? `"${action}"` : '…'
    return (
      `${right} on database ${database} is missing: run docs/permissions/mongodb.js, or in mongosh ` +
      `db.getSiblingDB("${database}").grantPrivilegesToRole("${ROLES[port]}", ` +
      `[{ resource: { db: "${database}", collection: "" }, actions: [${actions}] }])`
    )
  }
  if (NO_PRIMARY.has(code))
    return 'the server is no primary now: an election is under way, or the replica set has no majority'
  if (NO_MAJORITY.has(code))
    return 'a majority did not confirm the write in time: look at the members of the replica set'
  if (code === 50) return 'it took too long: look at the server’s load'
  if (code === 14031) return 'the server’s disk is full: make room there'
  return Number.isNaN(code)
    ? 'the connection broke off, or the server answered what is unknown: look into its log'
    : `the server answered with error ${code} (${codeName(error)}): look into its log`
}

const isWrongPassword = ({ code }: MongoServerError) => code === 18 || code === 8000

const codeName = ({ codeName }: MongoServerError) => (/^\w{1,60}$/.test(codeName ?? '') ? codeName : 'without a name')

/** A failed selection tells what it saw of each server; a bulk write copies that into an error of its own. */
function topologyOf(cause: unknown): TopologyDescription | undefined {
  if (!(cause instanceof MongoServerSelectionError || cause instanceof MongoBulkWriteError)) return undefined
  const { reason } = cause as { reason?: TopologyDescription }
  return reason?.servers instanceof Map ? reason : undefined
}

function errorsOf(cause: unknown): unknown[] {
  const servers = [...(topologyOf(cause)?.servers.values() ?? [])]
  return [cause, ...servers.flatMap(({ error }) => error ?? [])]
}

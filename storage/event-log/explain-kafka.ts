// What a failure of Kafka means and what to do about it, from kafkajs's errors. Never a secret, never a record.

import { explainNetwork } from '../explain-network.ts'

const VARIABLE = 'ECLUSE_EVENT_LOG'
const MAX_DEPTH = 8

export interface KafkaContext {
  /** `127.0.0.1:9092,…` */
  servers: string
  username?: string | undefined
}

/** The right that an operation lacks when Kafka says a topic, a group or the cluster is not authorised. */
export type Operation = 'Write' | 'Read' | 'Describe' | 'Create' | 'DescribeConfigs' | 'AlterConfigs'

/** Says which right a step lacked, where an operation takes several steps; the `cause` is what Kafka answered. */
export class RightMissing extends Error {
  override name = 'RightMissing'
  readonly right: Operation
  constructor(right: Operation, options: { cause: unknown }) {
    super(`the right ${right} is missing`, options)
    this.right = right
  }
}

/** What kafkajs says where a connection may be taken, and nothing comes over it. */
const SILENCE = new Set(['Broker not connected', 'Connection timeout'])

const LIMITS: Record<string, string> = {
  NOT_ENOUGH_REPLICAS: 'too few replicas are in sync: bring the missing brokers back',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'too few replicas are in sync: bring the missing brokers back',
  LEADER_NOT_AVAILABLE: 'a partition has no leader: bring the missing brokers back',
  INVALID_REPLICATION_FACTOR: 'it has fewer brokers than ECLUSE_KAFKA_REPLICATION asks for',
  UNKNOWN_TOPIC_OR_PARTITION: 'a topic does not exist: was it deleted? The gateway makes it anew with its next event',
  MESSAGE_TOO_LARGE: 'a record is larger than the topic’s max.message.bytes',
  RECORD_LIST_TOO_LARGE: 'a batch is larger than the broker’s segments',
  UNSUPPORTED_SASL_MECHANISM: `it does not offer this SASL mechanism: set ?sasl= in ${VARIABLE}`,
}

/** One sentence, beginning with the port and the server. @param operation what was being done, with the resource */
export function explainKafka({ servers, username }: KafkaContext, operation: Operation, resource: string) {
  return (error: unknown): string => {
    const where = `event-log: Kafka at ${servers}`
    const known = chainOf(error, MAX_DEPTH)
    const user = username ?? 'ANONYMOUS'
    if (known.some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
      return `${where} refused user ${user}: mend ${VARIABLE}_USERNAME and ${VARIABLE}_PASSWORD`
    const command = (kind: string, right: Operation) =>
      `kafka-acls.sh --bootstrap-server ${servers.split(',')[0]} --add --allow-principal User:${user} --operation ${right} --${kind} ecluse. --resource-pattern-type prefixed`
    const grant = (kind: string, name: string, right: Operation) =>
      `${where} refuses user ${user} the right ${right} on ${kind} ${name}. Grant it: ${command(kind, right)}`
    for (const { type, name, message, right } of known) {
      if (name === 'TopicUndercuts') return `${where}: ${message}: ${command('topic', 'AlterConfigs')}`
      if (right) return grant('topic', resource, right)
      if (type === 'TOPIC_AUTHORIZATION_FAILED') return grant('topic', resource, operation)
      if (type === 'GROUP_AUTHORIZATION_FAILED') return grant('group', resource, 'Read')
      // A missing right on a group arrives so as well.
      if (name === 'KafkaJSGroupCoordinatorNotFound')
        return `${grant('group', resource, 'Read')}. If it has the right: __consumer_offsets has no leader, bring the missing brokers back`
      if (type === 'CLUSTER_AUTHORIZATION_FAILED') return grant('topic', resource, 'Create')
      if (type !== undefined && Object.hasOwn(LIMITS, type)) return `${where}: ${LIMITS[type]}`
    }
    const network = explainNetwork(error, VARIABLE)
    if (network) return `${where}: ${network}`
    if (known.some(({ name }) => name === 'KafkaJSRequestTimeoutError' || name === 'AppendRefused'))
      return `${where} does not answer in time: look at its log and its load`
    const doubts = `is TLS asked of a plain listener, or the reverse?${username === undefined ? ` Does it ask for a user: ${VARIABLE}_USERNAME?` : ''}`
    if (known.some(({ message }) => SILENCE.has(message)))
      return `${where} does not answer: look at its log, its load and the network; ${doubts}`
    if (known.some(({ name }) => name.startsWith('KafkaJSConnection')))
      return `${where} cannot be reached: start it, or mend ${VARIABLE}; ${doubts}`
    return `${where} cannot be read or written`
  }
}

interface Known {
  name: string
  message: string
  type?: string
  right?: Operation
}

function chainOf(error: unknown, depth: number): Known[] {
  if (depth === 0 || typeof error !== 'object' || error === null) return []
  const { name, message, type, cause, originalError, errors } = error as Record<string, unknown>
  const own = { name: String(name), message: String(message), ...(typeof type === 'string' && { type }) }
  const inner = [cause, originalError, ...(Array.isArray(errors) ? errors : [])]
  const right = error instanceof RightMissing ? error.right : undefined
  return [{ ...own, ...(right && { right }) }, ...inner.flatMap(each => chainOf(each, depth - 1))]
}

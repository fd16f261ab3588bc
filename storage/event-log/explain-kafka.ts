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
    const grant = (kind: string, name: string, right: Operation) =>
      `${where} refuses user ${user} the right ${right} on ${kind} ${name}. Grant it: kafka-acls.sh --bootstrap-server ${servers.split(',')[0]} --add --allow-principal User:${user} --operation ${right} --${kind} ecluse. --resource-pattern-type prefixed`
    for (const { type, name } of known) {
      if (type === 'TOPIC_AUTHORIZATION_FAILED') return grant('topic', resource, operation)
      // A missing right on a group arrives as a coordinator that cannot be found.
      if (type === 'GROUP_AUTHORIZATION_FAILED' || name === 'KafkaJSGroupCoordinatorNotFound')
        return grant('group', resource, 'Read')
      if (type === 'CLUSTER_AUTHORIZATION_FAILED') return grant('topic', resource, 'Create')
      if (type !== undefined && Object.hasOwn(LIMITS, type)) return `${where}: ${LIMITS[type]}`
    }
    const network = explainNetwork(error, VARIABLE)
    if (network) return `${where}: ${network}`
    if (known.some(({ name }) => name === 'KafkaJSRequestTimeoutError' || name === 'AppendRefused'))
      return `${where} does not answer in time: look at its log and its load`
    if (known.some(({ name }) => name.startsWith('KafkaJSConnection')))
      return `${where} cannot be reached: start it, or mend ${VARIABLE}; is TLS asked of a plain listener, or the reverse?`
    return `${where} cannot be read or written`
  }
}

function chainOf(error: unknown, depth: number): { name: string; type?: string }[] {
  if (depth === 0 || typeof error !== 'object' || error === null) return []
  const { name, type, cause, originalError, errors } = error as Record<string, unknown>
  const own = { name: String(name), ...(typeof type === 'string' && { type }) }
  const inner = [cause, originalError, ...(Array.isArray(errors) ? errors : [])]
  return [own, ...inner.flatMap(each => chainOf(each, depth - 1))]
}

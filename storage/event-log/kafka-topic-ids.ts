// The id that Kafka gives a topic when it is made (KIP-516), and its number of partitions: a topic that was deleted and
// made anew under its name has another id. kafkajs asks for metadata in a version that does not tell it, so this page
// speaks version 10 of the Metadata request itself (https://kafka.apache.org/protocol).

import type { Cluster, Kafka } from 'kafkajs'

const METADATA_API = 3
const METADATA_VERSION = 10
const UNKNOWN_TOPIC = 3
/** Kafka's names for what may be wrong with one topic. */
const ERROR_TYPES: Record<number, string> = {
  [UNKNOWN_TOPIC]: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  29: 'TOPIC_AUTHORIZATION_FAILED',
}
const NO_ID = '00000000000000000000000000000000'

export interface TopicIdentity {
  /** 32 hex digits. */
  id: string
  partitions: number
}

export interface TopicMetadata {
  errorCode: number
  topic: string
  id: string
  partitions: number
}

/** What the broker answered that is no success; `type` is Kafka's name for it. */
export class MetadataRefused extends Error {
  override name = 'MetadataRefused'
  readonly type: string
  constructor(topic: string, errorCode: number) {
    super(`topic ${topic}: error ${errorCode}`)
    this.type = ERROR_TYPES[errorCode] ?? `ERROR_${errorCode}`
  }
}

/** kafkajs hands its cluster to whoever assigns partitions; this consumer exists to be handed one, and never runs. */
export function clusterOf(kafka: Kafka): Cluster {
  let handed: Cluster | undefined
  kafka.consumer({
    groupId: 'ecluse.metadata',
    partitionAssigners: [
      ({ cluster }) => {
        handed = cluster
        return {
          name: 'none',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: '', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  return handed!
}

/** What kafkajs has and its types leave out. */
interface ReachableCluster {
  getNodeIds(): string[]
}
interface ReachableBroker {
  connectionPool: ConnectionPool
}
interface ConnectionPool {
  send(exchange: Exchange): Promise<TopicMetadata[]>
}
/** What kafkajs takes for one of its encoders. */
interface Encoded {
  buf: Buffer
  buffer: Buffer
}
interface Exchange {
  request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<Encoded> }
  response: { decode(raw: Buffer): Promise<object>; parse(decoded: object): Promise<TopicMetadata[]> }
}

/** What is known of each topic that was asked for: its identity, or what keeps it from having one. */
export type TopicIdentities = Map<string, TopicIdentity | MetadataRefused>

/**
 * Each topic's identity, or what is wrong with this one topic.
 * @throws Error of kafkajs when no broker answers
 */
export async function fetchTopicIdentities(cluster: Cluster, topics: string[]): Promise<TopicIdentities> {
  await cluster.connect()
  await cluster.refreshMetadataIfNecessary()
  const found = await askAnyBroker(cluster, {
    request: {
      apiKey: METADATA_API,
      apiVersion: METADATA_VERSION,
      apiName: 'Metadata',
      encode: async () => encoded(encodeRequest(topics)),
    },
    response: {
      decode: async raw => ({ topics: decodeResponse(raw) }),
      parse: async decoded => (decoded as { topics: TopicMetadata[] }).topics,
    },
  })
  const identities = found.map(({ topic, errorCode, id, partitions }) => {
    const code = errorCode === 0 && id === NO_ID ? UNKNOWN_TOPIC : errorCode
    return [topic, code === 0 ? { id, partitions } : new MetadataRefused(topic, code)] as const
  })
  return new Map(identities)
}

const encoded = (buffer: Buffer): Encoded => ({ buf: buffer, buffer })

/** One after the other, until one answers. */
async function askAnyBroker(cluster: Cluster, exchange: Exchange): Promise<TopicMetadata[]> {
  let failure: unknown
  for (const nodeId of (cluster as unknown as ReachableCluster).getNodeIds()) {
    try {
      const broker = (await cluster.findBroker({ nodeId })) as unknown as ReachableBroker
      return await broker.connectionPool.send(exchange)
    } catch (error) {
      failure = error
    }
  }
  throw failure ?? new Error('no broker is known')
}

/** Body of the request, after the tag section that ends a version 2 header. */
export function encodeRequest(topics: string[]): Buffer {
  const parts = [Buffer.from([0]), unsignedVarint(topics.length + 1)]
  for (const topic of topics) {
    const name = Buffer.from(topic)
    parts.push(Buffer.alloc(16), unsignedVarint(name.length + 1), name, Buffer.from([0]))
  }
  // No creation, no authorised operations of cluster and topics, no tags.
  parts.push(Buffer.from([0, 0, 0, 0]))
  return Buffer.concat(parts)
}

function unsignedVarint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** @throws RangeError when the answer is cut short */
export function decodeResponse(raw: Buffer): TopicMetadata[] {
  const reader = makeReader(raw)
  reader.tags()
  reader.int32() // throttle time
  reader.array(() => {
    reader.int32() // node id
    reader.text() // host
    reader.int32() // port
    reader.text() // rack
    reader.tags()
  })
  reader.text() // cluster id
  reader.int32() // controller
  return reader.array(() => {
    const errorCode = reader.int16()
    const topic = reader.text()
    const id = reader.skip(16).toString('hex')
    reader.skip(1) // is internal
    const partitions = reader.array(() => {
      const partitionError = reader.int16()
      reader.skip(4 + 4 + 4) // index, leader, leader epoch
      for (let i = 0; i < 3; i++) reader.array(() => reader.int32()) // replicas, in sync, offline
      reader.tags()
      return partitionError
    })
    reader.int32() // authorised operations
    reader.tags()
    // kafkajs takes a topic for broken of which one partition is.
    const broken = errorCode || (partitions.find(code => code !== 0) ?? 0)
    return { errorCode: broken, topic, id, partitions: partitions.length }
  })
}

function makeReader(raw: Buffer) {
  let at = 0
  const skip = (length: number) => {
    if (at + length > raw.length) throw new RangeError('the answer is cut short')
    at += length
    return raw.subarray(at - length, at)
  }
  const varint = () => {
    let [value, shift] = [0, 0]
    for (;;) {
      const byte = skip(1)[0]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
      shift += 7
    }
  }
  return {
    skip,
    int16: () => skip(2).readInt16BE(),
    int32: () => skip(4).readInt32BE(),
    text: () => skip(Math.max(0, varint() - 1)).toString(),
    array: <T>(read: () => T): T[] => Array.from({ length: Math.max(0, varint() - 1) }, read),
    tags: () => {
      for (let left = varint(); left > 0; left--) {
        varint()
        skip(varint())
      }
    },
  }
}

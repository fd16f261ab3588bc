// The broker stores what was produced, and its answer is lost on the way. See docs/decisions/0017.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { openKafkaEventLog } from '../../storage/event-log/kafka.ts'
import { once } from './engine-set.ts'
import { faultTest } from './fault.ts'
import { losingProduceAnswers } from './kafka-frames.ts'
import { holdsWithin } from './pause.ts'
import { type PlainKafka, startPlainKafka } from './plain-kafka.ts'

const SENDS = 20
const READ_MS = 30_000

let toLose = 0
const plainKafka = once(() => startPlainKafka(losingProduceAnswers(() => toLose > 0 && toLose-- > 0)))

const clientOf = ({ proxy }: PlainKafka) =>
  new Kafka({
    brokers: [`127.0.0.1:${proxy.port}`],
    requestTimeout: 1_000,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 8 },
  })

/** Sends numbered records side by side while one answer is lost; which were acknowledged, and what the log holds. */
async function sendWhileOneAnswerIsLost(kafka: Kafka, topic: string, send: (text: string) => Promise<unknown>) {
  await send('first')
  toLose = 1
  const sent = Array.from({ length: SENDS }, (_, i) => `record-${i}`)
  const answers = await Promise.allSettled(sent.map(send))
  assert.equal(toLose, 0, 'an answer was lost')
  const acknowledged = sent.filter((_, i) => answers[i]!.status === 'fulfilled')
  const stored = await readAll(kafka, topic)
  return { acknowledged, lost: acknowledged.filter(text => !stored.includes(text)), stored }
}

async function readAll(kafka: Kafka, topic: string): Promise<string[]> {
  const admin = kafka.admin()
  await admin.connect()
  const [end] = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const consumer = kafka.consumer({ groupId: `ecluse.${randomUUID()}` })
  const texts: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void texts.push(String(message.value)) })
  await holdsWithin(READ_MS, 'the topic is read', () => texts.length >= Number(end!.offset))
  await consumer.disconnect()
  return texts
}

async function makeTopic(kafka: Kafka, partitions = 1): Promise<string> {
  const topic = `ecluse.${randomUUID()}`
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  return topic
}

test('kafkajs’s idempotent producer loses an acknowledged record when one answer is lost, which is why it is not used', async t => {
  const kafka = clientOf(await plainKafka())
  const topic = await makeTopic(kafka)
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const send = (text: string) => producer.send({ topic, acks: -1, messages: [{ value: text }] })
  const { acknowledged, lost, stored } = await sendWhileOneAnswerIsLost(kafka, topic, send)
  await producer.disconnect()
  t.diagnostic(`${acknowledged.length} acknowledged, ${new Set(stored).size - 1} of them stored, lost: ${lost}`)
  assert.ok(lost.length > 0, 'kafkajs has been mended: look at the decision again')
})

test('our event log loses nothing when one answer is lost; a record may stand in the log twice', async t => {
  const plain = await plainKafka()
  const log = openKafkaEventLog(
    { url: plain.settings.ECLUSE_EVENT_LOG! },
    {
      replication: 1,
      minInsyncReplicas: 1,
      maxRecordBytes: 1_048_576,
      queueBytes: 1_048_576,
      appendMs: 20_000,
      sessionMs: 6_000,
    },
  )
  t.after(() => log.close())
  const topic = `ecluse.${randomUUID()}`
  await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
  const send = (text: string) => log.append([{ topic, record: { key: text, value: Buffer.from(text), headers: {} } }])
  const { acknowledged, lost, stored } = await sendWhileOneAnswerIsLost(clientOf(plain), topic, send)
  t.diagnostic(`${acknowledged.length} acknowledged, ${stored.length - new Set(stored).size} stored twice`)
  assert.deepEqual([acknowledged.length, lost], [SENDS, []])
  assert.ok(stored.length > new Set(stored).size)
})

faultTest({
  name: 'lost produce response',
  promise: 'a lost answer costs a copy in the log, which has no effect',
  settings: async () => (await plainKafka()).settings,
  strike: async ({ accepts, random }) => {
    toLose = 1 + Math.floor(random() * 3)
    await holdsWithin(READ_MS, 'answers were lost', () => toLose === 0)
    await accepts(1)
  },
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { goBack } from './kafka-go-back.ts'

const committed = (offset: string) => [{ topic: 't', partitions: [{ partition: 0, offset, metadata: null }] }]
const goBackBy = (consumer: Parameters<typeof goBack>[0]['consumer'], needed: number) =>
  goBack(
    { fetchCommitted: async () => committed('7'), consumer, identities: new Map([['t', 'i']]) },
    { group: 'g', begin: async () => needed },
    { t: [0] },
  )

test('a partition is read from where it is needed, if the group is beyond', async () => {
  const sought: unknown[] = []
  const consumer = { seek: (place: unknown) => void sought.push(place) }
  await goBackBy(consumer, 8)
  await goBackBy(consumer, 7)
  assert.deepEqual(sought, [])
  await goBackBy(consumer, 3)
  assert.deepEqual(sought, [{ topic: 't', partition: 0, offset: '3' }])
})

test('a member that ended meanwhile does not end its process too', async () => {
  const consumer = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }).consumer({ groupId: 'g' })
  // As after it was stopped.
  assert.throws(() => consumer.seek({ topic: 't', partition: 0, offset: '3' }), /not initialized/)
  await goBackBy(consumer, 3)
})

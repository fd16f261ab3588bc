import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { adminAccess } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { RecordBatch } from './event-log.ts'
import { makeKafkaClient } from './kafka-client.ts'
import { entry, fresh, open, take } from './kafka-fixture.ts'

describe('topics of Kafka that are made anew', () => {
  const log = open()
  const admin = makeKafkaClient(adminAccess('event-log')).kafka.admin()
  before(() => admin.connect())
  after(async () => {
    await log.close()
    await admin.disconnect()
  })

  test('a topic that was deleted and made anew is another incarnation, read from its first record', async () => {
    const [topic, group] = [fresh(), fresh('group')]
    await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    const before = await log.append(['a', 'b', 'c'].map(value => entry(topic, value)))
    await take(log, [topic], group, 3)
    await admin.deleteTopics({ topics: [topic] })
    await eventually('the topic is gone', async () => !(await admin.listTopics()).includes(topic))
    await eventually('it is made anew', () =>
      log.ensureTopic(topic, { partitions: 1, retentionMs: null }).then(
        () => true,
        () => false,
      ),
    )
    const after = await log.append(['A', 'B', 'C', 'D', 'E'].map(value => entry(topic, value)))
    assert.notEqual(after[0]!.incarnation, before[0]!.incarnation)
    assert.equal(after[0]!.offset, 0)
    const batches = await take(log, [topic], group, 5)
    assert.deepEqual(
      batches.flatMap(({ records }) => records.map(({ value }) => value.toString())),
      ['A', 'B', 'C', 'D', 'E'],
    )
    assert.deepEqual([...new Set(batches.map(({ incarnation }) => incarnation))], [after[0]!.incarnation])
  })

  test('a topic made anew while it is consumed and appended to is noticed by both', async () => {
    const [topic, group] = [fresh(), fresh('group')]
    await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    const [old] = await log.append(['a', 'b'].map(value => entry(topic, value)))
    const seen: { incarnation: string; value: string }[] = []
    const consumer = await log.consume({
      group,
      topics: [topic],
      batchSize: 10,
      handle: async ({ incarnation, records }) =>
        void seen.push(...records.map(({ value }) => ({ incarnation, value: value.toString() }))),
      onError: () => {},
    })
    await eventually('the first records are read', () => seen.length === 2)
    await admin.deleteTopics({ topics: [topic] })
    await eventually('the topic is gone', async () => !(await admin.listTopics()).includes(topic))
    const other = open()
    await eventually('another process makes it anew', () =>
      other.ensureTopic(topic, { partitions: 1, retentionMs: null }).then(
        () => true,
        () => false,
      ),
    )
    const next = await eventually('it can be appended to again', () =>
      log.append([entry(topic, 'A')]).catch(() => false as const),
    )
    await other.close()
    assert.notEqual(next[0]!.incarnation, old!.incarnation)
    await eventually('the new record is read', () => seen.some(({ value }) => value === 'A'), 90_000)
    await consumer.stop()
    assert.equal(seen.find(({ value }) => value === 'A')!.incarnation, next[0]!.incarnation)
  })

  test('a topic made anew with as many records as were read before is noticed, though nothing comes beyond the position', async () => {
    const [topic, group] = [fresh(), fresh('group')]
    await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    await log.append(['a', 'b'].map(value => entry(topic, value)))
    const seen: string[] = []
    const handle = async ({ records }: RecordBatch) => void seen.push(...records.map(({ value }) => value.toString()))
    const consumer = await log.consume({ group, topics: [topic], batchSize: 10, handle, onError: () => {} })
    await eventually('the first records are read', () => seen.length === 2)
    await admin.deleteTopics({ topics: [topic] })
    await eventually('it is made anew and filled', () =>
      log.append(['A', 'B'].map(value => entry(topic, value))).catch(() => false as const),
    )
    await eventually('the new records are read', () => seen.includes('B'), 60_000)
    await consumer.stop()
  })
})

// What every side of the event log port promises, run by each side's own test file. It must only ask for what a real
// server holds too: names are fresh, offsets grow but need not start at 0, batches may be small, expiry is eventual.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import type { Consumer, EventLog, Position, RecordBatch, StoredRecord } from './event-log.ts'

export interface OpenedEventLog {
  log: EventLog
  /** Closes the log and opens it again over the same content, where a side can. */
  reopen: () => Promise<EventLog>
  close(): Promise<void>
}

const record = (topic: string, key: string | null, value: string, headers: Record<string, string> = {}) => ({
  topic,
  record: { key, value: Buffer.from(value), headers },
})
const valuesOf = (records: StoredRecord[]) => records.map(({ value }) => value.toString())
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
const freshGroup = () => `ecluse.suite-group-${randomUUID()}`

export function eventLogContractSuite(name: string, open: () => Promise<OpenedEventLog>): void {
  describe(`event log: ${name}`, () => {
    let opened: OpenedEventLog
    let log: EventLog
    const consumers: Consumer[] = []
    before(async () => {
      opened = await open()
      log = opened.log
    })
    after(async () => {
      await Promise.all(consumers.map(consumer => consumer.stop()))
      await opened.close()
    })

    async function freshTopic(partitions = 1, retentionMs: number | null = null): Promise<string> {
      const topic = `ecluse.suite-${randomUUID()}`
      await log.ensureTopic(topic, { partitions, retentionMs })
      return topic
    }

    async function consume(
      topics: string[],
      group: string,
      handle: (batch: RecordBatch) => Promise<void>,
      options: { batchSize?: number; onError?: (error: Error) => void } = {},
    ): Promise<Consumer> {
      const consumer = await log.consume({ batchSize: 10, onError: () => {}, ...options, group, topics, handle })
      consumers.push(consumer)
      return consumer
    }

    /** The records a group has not handled yet, by a consumer that stops once it has so many of them. */
    async function take(topics: string[], group: string, count: number, batchSize = 10): Promise<StoredRecord[]> {
      const taken: StoredRecord[] = []
      const handle = async ({ records }: RecordBatch) => void taken.push(...records)
      const consumer = await consume(topics, group, handle, { batchSize })
      await eventually(`${count} records are consumed`, () => taken.length >= count)
      await consumer.stop()
      return taken
    }

    const handled = (group: string, topics: string[]) =>
      eventually('the group has handled everything', async () => (await log.lag(group, topics)) === 0)

    test('a record comes back as it was appended, with its topic, position and time', async () => {
      const topic = await freshTopic()
      const startMs = Date.now()
      const headers = { ce_id: 'é 名 🙂', empty: '', 'content-type': 'a/b' }
      const value = Buffer.from([0, 255, 10, 13, 0])
      const [position] = await log.append([{ topic, record: { key: 'k 🙂', value, headers } }])
      const [stored, ...rest] = await take([topic], freshGroup(), 1)
      const { timestampMs, ...others } = stored!
      assert.deepEqual(rest, [])
      assert.deepEqual(others, { topic, partition: 0, offset: position!.offset, key: 'k 🙂', value, headers })
      assert.ok(timestampMs >= startMs - 1_000 && timestampMs <= Date.now() + 1_000)
    })

    test('empty values, no key and no headers are records too', async () => {
      const topic = await freshTopic()
      await log.append([record(topic, null, ''), record(topic, '', 'x')])
      const records = await take([topic], freshGroup(), 2)
      assert.deepEqual(
        records.map(({ key, value, headers }) => [key, value.length, headers]),
        [
          [null, 0, {}],
          ['', 1, {}],
        ],
      )
    })

    test('positions are given in the order of the records, and grow within a partition', async () => {
      const [one, two] = [await freshTopic(), await freshTopic()]
      const positions = await log.append(['a', 'b', 'c', 'd'].map((v, i) => record(i % 2 ? two : one, null, v)))
      const found = await take([one, two], freshGroup(), 4)
      const offsets = ['a', 'b', 'c', 'd'].map(v => found.find(({ value }) => value.toString() === v)!.offset)
      assert.deepEqual(
        positions.map(({ offset }) => offset),
        offsets,
      )
      assert.ok(positions[0]!.offset < positions[2]!.offset && positions[1]!.offset < positions[3]!.offset)
      assert.notEqual(positions[0]!.incarnation, positions[1]!.incarnation)
    })

    test('concurrent appends each get their own positions', async () => {
      const topic = await freshTopic()
      const answers = await Promise.all(
        numbers(20).map(i => log.append([record(topic, null, `${i}a`), record(topic, null, `${i}b`)])),
      )
      const stored = await take([topic], freshGroup(), 40)
      const byOffset = new Map(stored.map(({ offset, value }) => [offset, value.toString()]))
      assert.equal(byOffset.size, 40)
      for (const [i, positions] of answers.entries()) {
        assert.deepEqual(
          positions.map(({ offset }) => byOffset.get(offset)),
          [`${i}a`, `${i}b`],
        )
      }
    })

    test('records of one key share a partition and keep their order', async () => {
      const topic = await freshTopic(3)
      const keys = numbers(12).map(i => `key ${i}`)
      for (const i of numbers(5)) await log.append(keys.map(key => record(topic, key, `${key}#${i}`)))
      const records = await take([topic], freshGroup(), 60, 7)
      for (const [key, own] of Map.groupBy(records, each => each.key!)) {
        assert.deepEqual(
          valuesOf(own),
          numbers(5).map(i => `${key}#${i}`),
        )
        assert.equal(new Set(own.map(({ partition }) => partition)).size, 1)
      }
    })

    test('a batch holds records of one partition, in order, at most as many as asked for, one batch at a time', async () => {
      const topic = await freshTopic(2)
      await log.append(numbers(20).map(i => record(topic, i, i)))
      const atWork = new Set<number>()
      const seen: number[] = []
      await consume(
        [topic],
        freshGroup(),
        async ({ partition, records }) => {
          assert.ok(!atWork.has(partition), 'two batches of a partition at once')
          atWork.add(partition)
          assert.ok(records.length > 0 && records.length <= 3)
          const offsets = records.map(({ offset }) => offset)
          assert.deepEqual(
            offsets,
            offsets.toSorted((a, b) => a - b),
          )
          assert.ok(records.every(each => each.partition === partition))
          await new Promise(resolve => setImmediate(resolve))
          atWork.delete(partition)
          seen.push(records.length)
        },
        { batchSize: 3, onError: assert.ifError },
      )
      await eventually('all are handled', () => seen.reduce((sum, n) => sum + n, 0) === 20)
    })

    test('a group starts from the start, goes on where it was, and another group is independent', async () => {
      const topic = await freshTopic()
      const [group, other] = [freshGroup(), freshGroup()]
      await log.append(['a', 'b'].map(v => record(topic, null, v)))
      assert.deepEqual(valuesOf(await take([topic], group, 2)), ['a', 'b'])
      await log.append([record(topic, null, 'c')])
      assert.deepEqual(valuesOf(await take([topic], group, 1)), ['c'])
      assert.deepEqual(valuesOf(await take([topic], other, 3)), ['a', 'b', 'c'])
    })

    test('a consumer takes up what is appended while it waits', async () => {
      const topic = await freshTopic()
      const group = freshGroup()
      const seen: string[] = []
      await consume([topic], group, async ({ records }) => void seen.push(...valuesOf(records)))
      for (const value of numbers(3)) {
        await handled(group, [topic])
        await log.append([record(topic, null, value)])
        await eventually('the record is consumed', () => seen.includes(value))
      }
      assert.deepEqual(seen, numbers(3))
    })

    test('lag counts what a group has not handled, over partitions and topics', async () => {
      const topics = [await freshTopic(2), await freshTopic()]
      const group = freshGroup()
      assert.equal(await log.lag(group, topics), 0)
      await log.append(numbers(6).map(i => record(topics[Number(i) % 2]!, i, i)))
      assert.equal(await log.lag(group, topics), 6)
      await take(topics, group, 6)
      await log.append([record(topics[0]!, null, 'x')])
      assert.equal(await log.lag(group, topics), 1)
      assert.equal(await log.lag(freshGroup(), topics), 7)
    })

    test('a batch that cannot be handled comes again and is told, and holds up its partition alone', async () => {
      const topic = await freshTopic(4)
      const group = freshGroup()
      const positions = await log.append(numbers(40).map(i => record(topic, i, i)))
      const bad = positions[0]!.partition
      const [attempts, errors, seen]: [number[][], Error[], RecordBatch[]] = [[], [], []]
      let broken = true
      const handle = async (batch: RecordBatch) => {
        if (broken && batch.partition === bad) {
          attempts.push(batch.records.map(({ offset }) => offset))
          throw new Error('the store is down')
        }
        seen.push(batch)
      }
      await consume([topic], group, handle, { onError: error => errors.push(error) })
      const good = positions.filter(({ partition }) => partition !== bad).length
      await eventually('the other partitions are handled and the bad one was tried again', async () => {
        return (await log.lag(group, [topic])) === 40 - good && attempts.length >= 3
      })
      assert.equal(new Set(attempts.map(([first]) => first)).size, 1, 'another batch came before the failed one')
      assert.ok(errors.length >= 2 && errors.every(error => error instanceof Error))
      broken = false
      await handled(group, [topic])
      assert.equal(
        seen.reduce((sum, { records }) => sum + records.length, 0),
        40,
      )
    })

    test('stopping waits for the batch at work, which then counts as handled', async () => {
      const topic = await freshTopic()
      const group = freshGroup()
      await log.append(numbers(3).map(i => record(topic, null, i)))
      const started = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      let done = 0
      const handle = async ({ records }: RecordBatch) => {
        started.resolve()
        await gate.promise
        done += records.length
      }
      const consumer = await consume([topic], group, handle, { batchSize: 1 })
      await started.promise
      let stopped = false
      const stopping = Promise.all([consumer.stop(), consumer.stop()]).then(() => {
        stopped = true
      })
      await new Promise(resolve => setImmediate(resolve))
      assert.equal(stopped, false)
      gate.resolve()
      await stopping
      assert.equal(done, 1)
      await consumer.stop()
      assert.deepEqual(valuesOf(await take([topic], group, 2)), ['1', '2'])
    })

    test('a topic ensured again keeps its records, its incarnation and its groups', async () => {
      const topic = await freshTopic(2)
      const group = freshGroup()
      const [first] = await log.append([record(topic, 'k', 'a')])
      await take([topic], group, 1)
      await log.ensureTopic(topic, { partitions: 2, retentionMs: null })
      const [second] = await log.append([record(topic, 'k', 'b')])
      assert.equal(second!.incarnation, first!.incarnation)
      assert.deepEqual(valuesOf(await take([topic], group, 1)), ['b'])
    })

    test('batches tell the incarnation that appending told', async () => {
      const topic = await freshTopic()
      const [position] = await log.append([record(topic, null, 'a')])
      let told: Position | undefined
      await consume([topic], freshGroup(), async ({ incarnation, partition, records }) => {
        told = { incarnation, partition, offset: records[0]!.offset }
      })
      await eventually('a batch came', () => told !== undefined)
      assert.deepEqual(told, position)
    })

    test('appending nothing is no work, and the log answers a ping', async () => {
      assert.deepEqual(await log.append([]), [])
      await log.ping()
    })

    test('records, positions and offsets go on after opening again', async () => {
      const topic = await freshTopic(2)
      const group = freshGroup()
      const before = await log.append(['a', 'b'].map(v => record(topic, 'k', v)))
      await take([topic], group, 2)
      await Promise.all(consumers.map(consumer => consumer.stop()))
      log = await opened.reopen()
      await log.ensureTopic(topic, { partitions: 2, retentionMs: null })
      const [next] = await log.append([record(topic, 'k', 'c')])
      assert.ok(next!.offset > before[1]!.offset)
      assert.equal(next!.incarnation, before[1]!.incarnation)
      assert.equal(next!.partition, before[1]!.partition)
      assert.deepEqual(valuesOf(await take([topic], group, 1)), ['c'])
      assert.deepEqual(valuesOf(await take([topic], freshGroup(), 3)), ['a', 'b', 'c'])
    })
  })
}

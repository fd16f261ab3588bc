// What every side of the event log port promises of ends and positions: an erasure notes where the log ends and waits
// until the processors are past it. Run by each side's own test file, like the other suite.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { eventually } from '../../test/eventually.ts'
import type { OpenedEventLog } from './contract-suite.ts'
import { type ConsumeOptions, type Consumer, type EventLog, ReadFrom, type RecordBatch } from './event-log.ts'

const freshGroup = () => `ecluse.suite-group-${randomUUID()}`

export function eventLogPositionsSuite(name: string, open: () => Promise<OpenedEventLog>): void {
  describe(`event log, ends and positions: ${name}`, () => {
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

    async function freshTopic(partitions = 1): Promise<string> {
      const topic = `ecluse.suite-${randomUUID()}`
      await log.ensureTopic(topic, { partitions, retentionMs: null })
      return topic
    }
    const append = (topic: string, values: string[]) =>
      log.append(values.map(value => ({ topic, record: { key: value, value: Buffer.from(value), headers: {} } })))
    async function consume(
      topics: string[],
      group: string,
      handle: (batch: RecordBatch) => Promise<void>,
      options: Pick<ConsumeOptions, 'commits' | 'begin'> = {},
    ) {
      const consumer = await log.consume({ group, topics, batchSize: 10, handle, onError: () => {}, ...options })
      consumers.push(consumer)
      return consumer
    }

    test('a receipt stands with the records it is for, in the order of its calls, and without them not at all', async () => {
      const [events, receipts] = [await freshTopic(3), await freshTopic()]
      const entry = (topic: string, value: string) => ({
        topic,
        record: { key: value, value: Buffer.from(value), headers: {} },
      })
      let numbered = 0
      const receipt = () => [entry(receipts, String(numbered++))]
      const appended = await Promise.all(
        Array.from({ length: 20 }, (_, i) => log.append([entry(events, `a${i}`), entry(events, `b${i}`)], receipt)),
      )
      assert.ok(appended.every(positions => positions.length === 2))
      await assert.rejects(log.append([entry('ecluse.nowhere', 'x')], () => [entry(receipts, 'never')]))
      assert.deepEqual(await log.append([], receipt), [])
      const seen: string[] = []
      const group = freshGroup()
      await consume([receipts], group, async ({ records }) => {
        seen.push(...records.map(({ value }) => value.toString()))
      })
      await eventually('the receipts are read', async () => (await log.lag(group, [receipts])) === 0)
      assert.deepEqual(
        seen,
        Array.from({ length: 21 }, (_, i) => String(i)),
      )
    })

    test('a topic ends one past its last record, in each partition, in the incarnation of its records', async () => {
      const [topic, empty] = [await freshTopic(3), await freshTopic()]
      const positions = await append(topic, ['a', 'b', 'c', 'd', 'e'])
      const ends = await log.ends([topic, empty])
      assert.deepEqual(
        ends.map(end => [end.topic, end.partition]).sort(),
        [...[0, 1, 2].map(partition => [topic, partition]), [empty, 0]].sort(),
      )
      for (const end of ends) {
        const last = positions.filter(({ partition }) => end.topic === topic && partition === end.partition).at(-1)
        assert.equal(end.offset, last ? last.offset + 1 : 0)
        if (end.topic === topic) assert.equal(end.incarnation, positions[0]!.incarnation)
      }
    })

    test('a topic that does not exist has no end', async () => {
      assert.deepEqual(await log.ends([`ecluse.suite-${randomUUID()}`]), [])
      assert.deepEqual(await log.ends([]), [])
    })

    test('a group has passed the ends once it handled all before them, whatever came since', async () => {
      const topics = [await freshTopic(2), await freshTopic()]
      const group = freshGroup()
      const none = await log.ends(topics)
      assert.equal(await log.hasPassed(group, none), true, 'where nothing is, nothing is waited for')
      assert.equal(await log.hasPassed(group, []), true)
      for (const topic of topics) await append(topic, ['a', 'b', 'c', 'd'])
      const ends = await log.ends(topics)
      assert.equal(await log.hasPassed(group, ends), false)
      const first = await consume([topics[0]!], group, async () => {})
      await eventually('one topic is handled', async () => (await log.lag(group, [topics[0]!])) === 0)
      assert.equal(await log.hasPassed(group, ends), false)
      assert.equal(
        await log.hasPassed(
          group,
          ends.filter(({ topic }) => topic === topics[0]),
        ),
        true,
      )
      await first.stop()
      await consume(topics, group, async () => {})
      await eventually('the group has passed', () => log.hasPassed(group, ends))
      await append(topics[1]!, ['e'])
      assert.equal(await log.hasPassed(group, ends), true)
      assert.equal(await log.hasPassed(freshGroup(), ends), false)
    })

    test('a batch at work has not passed', async () => {
      const topic = await freshTopic()
      const group = freshGroup()
      await append(topic, ['a'])
      const ends = await log.ends([topic])
      const started = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      await consume([topic], group, async () => {
        started.resolve()
        await gate.promise
      })
      await started.promise
      assert.equal(await log.hasPassed(group, ends), false)
      gate.resolve()
      await eventually('the group has passed', () => log.hasPassed(group, ends))
    })

    /** What comes to the member of a group that commits by hand. */
    async function read(topic: string, group: string) {
      const values: string[] = []
      const handle = async ({ records }: RecordBatch) => void values.push(...records.map(({ value }) => `${value}`))
      return { values, consumer: await consume([topic], group, handle, { commits: 'by hand' }) }
    }

    test('committed by hand, a position stays while reading goes on, and is where reading begins again', async () => {
      const topic = await freshTopic()
      const group = freshGroup()
      const ends = (offset: number) => [{ topic, incarnation, partition: 0, offset }]
      const [first] = await append(topic, ['a', 'b', 'c'])
      const { incarnation, offset } = first!
      const one = await read(topic, group)
      await eventually('all is read', () => one.values.length === 3)
      await append(topic, ['d'])
      await eventually('reading goes on', () => one.values.length === 4)
      assert.equal(await log.hasPassed(group, ends(offset + 1)), false)
      assert.equal(await log.lag(group, [topic]), 4)
      assert.equal(await one.consumer.commit(ends(offset + 2)), true)
      assert.equal(await log.lag(group, [topic]), 2)
      assert.equal(await log.hasPassed(group, ends(offset + 2)), true)
      await one.consumer.stop()
      const two = await read(topic, group)
      await eventually('what was not committed comes again', () => two.values.length === 2)
      assert.deepEqual(
        [one.values, two.values],
        [
          ['a', 'b', 'c', 'd'],
          ['c', 'd'],
        ],
      )
    })

    test('a handler has its partition read again from an earlier offset', async () => {
      const topic = await freshTopic()
      const [first] = await append(topic, ['a', 'b'])
      const values: string[] = []
      let isBack = false
      const handle = async ({ records }: RecordBatch) => {
        if (!isBack && records.some(({ value }) => `${value}` === 'd')) {
          isBack = true
          throw new ReadFrom(first!.offset + 1)
        }
        values.push(...records.map(({ value }) => `${value}`))
      }
      const group = freshGroup()
      await consume([topic], group, handle)
      await eventually('two are read', () => values.length === 2)
      await append(topic, ['c', 'd'])
      await eventually('all is read', () => values.includes('d'))
      assert.deepEqual(values.slice(values.lastIndexOf('b')), ['b', 'c', 'd'])
      await eventually('the group has passed', async () => (await log.lag(group, [topic])) === 0)
    })

    test('a partition is read from where it is needed, if the group is beyond', async () => {
      const topic = await freshTopic()
      const group = freshGroup()
      const [first] = await append(topic, ['a', 'b', 'c'])
      const one = await consume([topic], group, async () => {})
      await eventually('the group is at the end', async () => (await log.lag(group, [topic])) === 0)
      await one.stop()
      const values: string[] = []
      const handle = async ({ records }: RecordBatch) => void values.push(...records.map(({ value }) => `${value}`))
      const begin = async ({ incarnation }: { incarnation: string }) => {
        assert.equal(incarnation, first!.incarnation)
        return first!.offset + 1
      }
      await consume([topic], group, handle, { begin })
      await eventually('two are read again', () => values.join() === 'b,c')
    })

    test('a topic made anew since counts as passed, and so does one that is gone', async () => {
      const topic = await freshTopic()
      await append(topic, ['a'])
      const [end] = await log.ends([topic])
      const group = freshGroup()
      assert.equal(await log.hasPassed(group, [{ ...end!, incarnation: randomUUID() }]), true)
      assert.equal(await log.hasPassed(group, [{ ...end!, topic: `ecluse.suite-${randomUUID()}` }]), true)
    })

    test('it is known for how long a record of an append that failed may still come', () => {
      assert.ok(Number.isFinite(log.longestAppendMs) && log.longestAppendMs >= 0)
    })
  })
}

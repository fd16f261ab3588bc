import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import kafkajs from 'kafkajs'
import { adminAccess, GATEWAY, nobodyAccess, otherCa, PROCESSORS, partAccess } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { ServerAccess } from '../server-access.ts'
import { eventLogContractSuite } from './contract-suite.ts'
import { EventLogUnavailable, type RecordBatch } from './event-log.ts'
import { openKafkaEventLog } from './kafka.ts'
import { makeKafkaClient } from './kafka-client.ts'
import { access, entry, fresh, open, options, take } from './kafka-fixture.ts'
import { eventLogPositionsSuite } from './positions-suite.ts'

async function openSuite() {
  let log = open()
  return {
    log,
    reopen: async () => {
      await log.close()
      log = open()
      return log
    },
    close: () => log.close(),
  }
}
eventLogContractSuite('Kafka', openSuite)
eventLogPositionsSuite('Kafka', openSuite)

describe('Kafka', () => {
  const log = open()
  const { kafka } = makeKafkaClient(adminAccess('event-log'))
  const admin = kafka.admin()
  after(async () => {
    await log.close()
    await admin.disconnect()
  })

  async function topicConfig(topic: string): Promise<Map<string, string>> {
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
    return new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]))
  }

  test('a topic is made as its policy says, and what an operator changed is brought back, but for settings of their own', async () => {
    await admin.connect()
    const topic = fresh()
    await log.ensureTopic(topic, { partitions: 3, retentionMs: 3_600_000 })
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    assert.equal(topics[0]!.partitions.length, 3)
    const made = await topicConfig(topic)
    assert.deepEqual(
      ['retention.ms', 'segment.ms', 'message.timestamp.type', 'cleanup.policy'].map(name => made.get(name)),
      ['3600000', '360000', 'LogAppendTime', 'delete'],
    )
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [
            { name: 'retention.ms', value: '1000' },
            { name: 'flush.messages', value: '7' },
          ],
        },
      ],
    })
    await log.ensureTopic(topic, { partitions: 3, retentionMs: 3_600_000 })
    const again = await topicConfig(topic)
    assert.deepEqual([again.get('retention.ms'), again.get('flush.messages')], ['3600000', '7'])
  })

  test('one append may be larger than what a topic takes at once, and keeps its order', async () => {
    const small = openKafkaEventLog(access, { ...options, maxRecordBytes: 200_000 })
    const topic = fresh()
    await small.ensureTopic(topic, { partitions: 2, retentionMs: null })
    const values = Array.from({ length: 60 }, (_, i) => `${i} `.padEnd(50_000, 'x'))
    const positions = await small.append(values.map(value => entry(topic, value, 'one person')))
    const offsets = positions.map(({ offset }) => offset)
    assert.deepEqual(
      offsets,
      Array.from({ length: 60 }, (_, i) => i),
    )
    const [largest] = await small.append([entry(topic, 'y'.repeat(199_000), 'one person')])
    assert.equal(largest!.offset, 60)
    await small.close()
  })

  test('a topic that is denied fails by itself: others are appended to and consumed', async () => {
    await admin.connect()
    const [denied, fine, group] = [fresh(), fresh(), fresh('group')]
    for (const topic of [denied, fine]) await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    await log.append([entry(denied, 'a'), entry(fine, 'a')])
    const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
    const rule = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: denied,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${access.username}`,
      host: '*',
      operation: AclOperationTypes.ALL,
      permissionType: AclPermissionTypes.DENY,
    }
    await admin.createAcls({ acl: [rule] })
    try {
      await assert.rejects(log.append([entry(denied, 'b')]), new RegExp(`right Write on topic ${denied}`))
      await log.append([entry(fine, 'b')])
      const errors: (string | undefined)[] = []
      const seen: string[] = []
      const consumer = await log.consume({
        group,
        topics: [denied, fine],
        batchSize: 10,
        handle: async ({ records }) => void seen.push(...records.map(({ value }) => value.toString())),
        onError: (_error, at) => errors.push(at?.topic),
      })
      await eventually('the other topic is read', () => seen.length === 2)
      assert.deepEqual(new Set(errors), new Set([denied]))
      await consumer.stop()
    } finally {
      await admin.deleteAcls({ filters: [rule] })
    }
  })

  test('members with different topics share a group', async () => {
    const [one, two, group] = [fresh(), fresh(), fresh('group')]
    for (const topic of [one, two]) await log.ensureTopic(topic, { partitions: 2, retentionMs: null })
    await log.append(['a', 'b', 'c', 'd'].flatMap(key => [entry(one, key, key), entry(two, key, key)]))
    const seen = new Set<string>()
    const handle = async ({ topic, records }: RecordBatch) => {
      for (const { key } of records) seen.add(`${topic} ${key}`)
    }
    const other = open()
    const members = await Promise.all([
      log.consume({ group, topics: [one], batchSize: 10, handle, onError: () => {} }),
      other.consume({ group, topics: [one, two], batchSize: 10, handle, onError: () => {} }),
    ])
    await eventually('all is read', () => seen.size === 8, 60_000)
    await Promise.all(members.map(member => member.stop()))
    await other.close()
  })

  test('what is wrong is said, with what to do, and without the password', async () => {
    const topic = fresh()
    const failing: [Partial<ServerAccess>, RegExp][] = [
      [
        { password: 'wrong-hunter2' },
        /event-log: Kafka at 127\.0\.0\.1:\d+.* refused user \w+: mend ECLUSE_EVENT_LOG_USERNAME/,
      ],
      [{ ca: otherCa() }, /certificate is .*ECLUSE_EVENT_LOG_CA$/],
      [{ url: 'kafka://127.0.0.1:1?tls=true' }, /nothing listens there: start the server, or mend ECLUSE_EVENT_LOG$/],
      [
        nobodyAccess('event-log'),
        /the right Create on topic .*kafka-acls\.sh .*--operation Create --topic ecluse\. --resource-pattern-type prefixed/,
      ],
    ]
    for (const [changed, expected] of failing) {
      const wrong = open(changed)
      await assert.rejects(wrong.ensureTopic(topic, { partitions: 1, retentionMs: null }), (error: Error) => {
        assert.ok(error instanceof EventLogUnavailable && error.cause instanceof Error)
        assert.match(error.message, expected)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      })
      await wrong.close()
    }
  })

  test('without the right to read a topic or to join a group the consumer says which, and goes on trying', async () => {
    const topic = fresh()
    await log.ensureTopic(topic, { partitions: 1, retentionMs: null })
    const errors: Error[] = []
    const consumer = await log.consume({
      group: 'not-ecluse',
      topics: [topic],
      batchSize: 1,
      handle: async () => {},
      onError: error => errors.push(error),
    })
    await eventually('it was told twice', () => errors.length >= 2, 60_000)
    await consumer.stop()
    assert.match(errors[0]!.message, /the right Read on group .*--operation Read --group ecluse\./)
  })

  test('the rights of the gateway are enough to append and not to consume, those of the processors to do both', async () => {
    const [topic, group] = [fresh(), fresh('group')]
    const [gateway, processors] = [open(partAccess('event-log', GATEWAY)), open(partAccess('event-log', PROCESSORS))]
    await gateway.ensureTopic(topic, { partitions: 1, retentionMs: null })
    await processors.ensureTopic(topic, { partitions: 1, retentionMs: null })
    await gateway.append([entry(topic, 'a')])
    assert.equal((await take(processors, [topic], group, 1)).length, 1)
    assert.equal(await processors.lag(group, [topic]), 0)
    await processors.ping()

    await processors.append([entry(topic, 'b')])
    const errors: Error[] = []
    const nothing = { group: fresh('group'), topics: [topic], batchSize: 1, handle: async () => {} }
    const consumer = await gateway.consume({ ...nothing, onError: error => errors.push(error) })
    await eventually('it was told', () => errors.length > 0, 60_000)
    await consumer.stop()
    assert.match(errors[0]!.message, /the right Read on (group|topic)/)
    await Promise.all([gateway.close(), processors.close()])
  })
})

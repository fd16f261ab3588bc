import assert from 'node:assert/strict'
import { test } from 'node:test'
import { topicConfig } from './kafka-topics.ts'

const defaults = { replication: 3, minInsyncReplicas: 2, maxRecordBytes: 4_194_304 }

test('a record outlives its retention by a tenth of it at most, and never by more than a day', () => {
  const DAY_MS = 86_400_000
  for (const [retentionMs, segmentMs] of [
    [400 * DAY_MS, DAY_MS],
    [5 * DAY_MS, DAY_MS / 2],
    [600_000, 60_000],
    [1_000, 1_000],
  ] as const) {
    const config = topicConfig({ partitions: 1, retentionMs }, defaults)
    assert.deepEqual([config['retention.ms'], config['segment.ms']], [`${retentionMs}`, `${segmentMs}`])
  }
})

test('a topic without retention keeps everything, and time is that of the append', () => {
  const config = topicConfig({ partitions: 1, retentionMs: null }, defaults)
  assert.deepEqual([config['retention.ms'], config['retention.bytes']], ['-1', '-1'])
  assert.equal(config['message.timestamp.type'], 'LogAppendTime')
  assert.equal(config['min.insync.replicas'], '2')
})

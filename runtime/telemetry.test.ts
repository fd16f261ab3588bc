import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTelemetry } from './telemetry.ts'

test('metrics are read in the Prometheus text format, with their labels and current values', async () => {
  const telemetry = startTelemetry()
  const events = telemetry.meter.createCounter('ecluse_test_events', { description: 'Events by outcome' })
  events.add(2, { dataset: 'transactions', outcome: 'accepted' })
  events.add(1, { dataset: 'transactions', outcome: 'rejected' })
  const text = await telemetry.scrape()
  assert.match(text, /^# HELP ecluse_test_events_total Events by outcome$/m)
  assert.match(text, /^# TYPE ecluse_test_events_total counter$/m)
  assert.match(text, /^ecluse_test_events_total\{.*dataset="transactions".*outcome="accepted".*\} 2$/m)
  assert.match(text, /^ecluse_process_resident_memory_bytes(\{.*\})? [1-9]\d+$/m)
  assert.match(text, /^target_info\{.*service_name="ecluse".*\} 1$/m)
  assert.doesNotMatch(text, /unknown_service/)
  events.add(3, { dataset: 'transactions', outcome: 'accepted' })
  assert.match(await telemetry.scrape(), /outcome="accepted".*\} 5$/m)
  await telemetry.stop()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../storage/json.ts'
import type { AuditEvent } from './audit.ts'
import { countLoginFailures } from './record-login-failures.ts'

const NOON = Date.parse('2026-11-21T12:00:00Z')

function opened() {
  const entries: AuditEvent[] = []
  const failing = { log: false }
  let nowMs = NOON
  const record = async (...events: AuditEvent[]) => {
    if (failing.log) throw new Error('the log is down')
    entries.push(...events)
  }
  const failures = countLoginFailures({ record }, () => nowMs)
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { ...failures, entries, failing, pass, details: () => entries.map(({ details }) => details as JsonObject) }
}

test('failures of one minute become one entry, by reason and key', async () => {
  const { onLoginFailure, flush, pass, details } = opened()
  for (let i = 0; i < 1_000; i++) onLoginFailure({ reason: 'unknown' })
  onLoginFailure({ reason: 'wrong-secret', keyId: '0123456789abcdef' })
  pass(60_000)
  await flush()
  await flush()
  assert.deepEqual(details(), [
    {
      from: '2026-11-21T12:00:00.000Z',
      to: '2026-11-21T12:01:00.000Z',
      reasons: { unknown: 1_000, 'wrong-secret': 1 },
      keys: { '0123456789abcdef': 1 },
    },
  ])
})

test('nothing is recorded where nobody failed', async () => {
  const { flush, entries } = opened()
  await flush()
  assert.deepEqual(entries, [])
})

test('however many keys are tried, an entry stays small and counts them all', async () => {
  const { onLoginFailure, flush, details } = opened()
  for (let i = 0; i < 500; i++) onLoginFailure({ reason: 'wrong-secret', keyId: String(i) })
  await flush()
  const keys = details()[0]!.keys as Record<string, number>
  assert.ok(Object.keys(keys).length <= 51)
  assert.equal(
    Object.values(keys).reduce((sum, count) => sum + count),
    500,
  )
})

test('what could not be recorded is recorded the next time', async () => {
  const { onLoginFailure, flush, failing, details, pass } = opened()
  onLoginFailure({ reason: 'expired', keyId: 'a' })
  failing.log = true
  pass(60_000)
  await assert.rejects(flush())
  onLoginFailure({ reason: 'expired', keyId: 'a' })
  failing.log = false
  pass(60_000)
  await flush()
  const [{ from, reasons, keys }] = details() as [JsonObject]
  assert.deepEqual([from, reasons, keys], ['2026-11-21T12:00:00.000Z', { expired: 2 }, { a: 2 }])
})

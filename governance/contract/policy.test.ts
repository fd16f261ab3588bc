import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { policyEditorSchema } from './policy.ts'
import { durationMs, formatDuration } from './policy-parts.ts'

const file = new URL('../../policies/policy.schema.json', import.meta.url)

test('the schema that editors complete policies with is the one that validates them', async () => {
  const fix = 'write JSON.stringify(policyEditorSchema()) to policies/policy.schema.json and format it'
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), policyEditorSchema(), fix)
})

test('every key of a policy is explained to the steward who writes it', () => {
  const unexplained = Object.entries(
    (policyEditorSchema() as { properties: Record<string, { description?: string }> }).properties,
  )
    .filter(([name, { description }]) => !description && name !== 'review')
    .map(([name]) => name)
  assert.deepEqual(unexplained, [])
})

test('a duration is days, hours, minutes or seconds, and is written in the largest that fits', () => {
  const written = { '180d': 180 * 86_400_000, '12h': 12 * 3_600_000, '5m': 300_000, '90s': 90_000 }
  for (const [text, ms] of Object.entries(written)) {
    assert.equal(durationMs(text), ms)
    assert.equal(formatDuration(ms), text)
  }
  assert.deepEqual([formatDuration(durationMs('48h')), formatDuration(durationMs('60s'))], ['2d', '1m'])
})

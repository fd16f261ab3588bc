import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { durationMs, policyEditorSchema } from './policy.ts'

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

test('a duration is days or hours', () => {
  assert.equal(durationMs('180d'), 180 * 86_400_000)
  assert.equal(durationMs('12h'), 12 * 3_600_000)
})

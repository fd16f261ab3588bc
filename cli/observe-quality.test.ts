import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { noPromises } from '../governance/contract/quality.ts'
import { startTelemetry } from '../runtime/telemetry.ts'
import type { StoredDocument } from '../storage/documents/documents.ts'
import { eventually } from '../test/eventually.ts'
import { observeQuality } from './observe-quality.ts'

const HOUR = '2026-11-21T17:00:00.000Z'
const counts = { received: 10, accepted: 9, rejected: 1, effective: 8, duplicates: 2 }
const row = { dataset: 'orders', hour: HOUR, side: 'gateways', part: 'i/0', offset: 9, minutes: { '08': counts } }

test('the last full hour of each dataset stands in the metrics', async t => {
  const telemetry = startTelemetry()
  t.after(() => telemetry.stop())
  const document: StoredDocument = { id: 'r', version: 1, expiresAtMs: null, body: row }
  let hours: unknown
  observeQuality({
    telemetry,
    catalogue: { all: () => [{ dataset: 'orders', quality: noPromises } as unknown as LiveContract] },
    documents: {
      find: async (collection, { where }) => {
        hours = where?.hour
        return collection === 'ledger' ? [document] : []
      },
    },
    now: () => Date.parse('2026-11-21T18:20:00Z'),
  })
  const text = await eventually('it was read', async () => {
    const scraped = await telemetry.scrape()
    return scraped.includes('ecluse_quality_score{') && scraped
  })
  assert.deepEqual(hours, { from: HOUR, before: '2026-11-21T18:00:00.000Z' })
  assert.match(text, /^ecluse_quality_score\{[^}]*dataset="orders"[^}]*\} 85$/m)
  assert.match(text, /^ecluse_quality_share\{[^}]*dimension="conformity"[^}]*\} 0\.9$/m)
  assert.match(text, /^ecluse_quality_share\{[^}]*dimension="uniqueness"[^}]*\} 0\.8$/m)
  assert.doesNotMatch(text, /dimension="completeness"/)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import { QUALITY_HOURS, type StoredQualityHour } from '../../storage/stored-quality.ts'
import { collections } from '../../storage/stored-shapes.ts'
import { detailOf } from './describe-finding.ts'
import { openDetector } from './detector.ts'
import type { Span } from './history.ts'
import { HOUR_MS, readHourDrift } from './look-at-drift.ts'
import type { Change } from './runs.ts'

const DAY = 24
const START_MS = Date.parse('2026-11-02T00:00:00Z')

async function opened(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-drift-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  await documents.ensureCollection(QUALITY_HOURS, collections[QUALITY_HOURS])
  t.after(async () => {
    await documents.close()
    rmSync(dir, { recursive: true })
  })
  const detector = openDetector((kind, run, startMs) => `${kind} ${run} ${startMs}`)
  return {
    /** By night most pay in cash, by day most by card. */
    keep: async (hour: number, isChanged: boolean) => {
      const card = hour % DAY < 6 ? 40 : 160
      const value = { '"card"': isChanged ? 200 - card : card, '"cash"': isChanged ? card : 200 - card }
      const row: StoredQualityHour = {
        ...{ dataset: 'orders', hour: new Date(START_MS + hour * HOUR_MS).toISOString(), side: 'events', part: 'a/0' },
        ...{ offset: hour, plans: {}, whole: {}, spread: { values: { '/means': value } } },
      }
      const body = row as never
      await documents.upsertNewer(QUALITY_HOURS, [{ id: String(hour), version: 1, expiresAtMs: null, body }])
    },
    judge: async (hour: number, spans: Span[] = []): Promise<Change[]> => {
      const startMs = START_MS + hour * HOUR_MS
      return detector.judgeHour(startMs, await readHourDrift(documents, 'orders', startMs, spans))
    },
  }
}

test('hours are held against the same hours of the days before, and two that are otherwise are told', async t => {
  const { keep, judge } = await opened(t)
  const [from, before] = [4 * DAY + 8, 4 * DAY + 12]
  const told: [hour: number, change: Change][] = []
  for (let hour = 0; hour < 5 * DAY; hour++) {
    await keep(hour, hour >= from && hour < before)
    // Of a dataset of one day, and of four.
    if (hour < 2 * DAY || hour >= 4 * DAY) for (const change of await judge(hour)) told.push([hour, change])
  }
  assert.deepEqual(
    told.map(([hour, { type }]) => [hour - from, type]),
    [
      [1, 'opened'],
      [2, 'extended'],
      [3, 'extended'],
      [5, 'ended'],
    ],
  )
  const [[, change]] = told as [[number, Change & { type: 'opened' }]]
  assert.match(
    detailOf(change.findings[0]!),
    /^The 200 values of \/means in an hour are spread otherwise .* index of [\d.]+, where 0\.25 is much\.$/,
  )
  assert.deepEqual([change.run.startMs, change.findings[0]!.keepsOut], [START_MS + from * HOUR_MS, ['spread /means']])
})

test('hours that were told are no example', async t => {
  const { keep, judge } = await opened(t)
  const spans: Span[] = []
  for (let hour = 0; hour < 8 * DAY; hour++) {
    const isFault = hour >= DAY + 8 && hour % DAY >= 8 && hour % DAY < 12
    await keep(hour, isFault)
    const atMs = START_MS + hour * HOUR_MS
    if (isFault) spans.push({ series: 'spread /means', fromMs: atMs, beforeMs: atMs + HOUR_MS })
  }
  const hours = [8, 9].map(hour => 7 * DAY + hour)
  const told = []
  for (const hour of hours) told.push(...(await judge(hour, spans)))
  assert.deepEqual(
    told.map(({ type }) => type),
    ['opened'],
  )
  const usual = []
  for (const hour of hours) usual.push(...(await judge(hour + hours.length, [])))
  assert.deepEqual(
    usual.map(({ type }) => type),
    ['ended'],
  )
  assert.deepEqual(await judge(hours[0]!, [{ series: 'values /means', fromMs: START_MS, beforeMs: START_MS * 2 }]), [])
})

// A past for quality reports: hours of counts as processors write them, and an anomaly as one of them would open.

import { quantile } from '../governance/measures/quantile.ts'
import { variance } from '../governance/measures/variance.ts'
import { seededRandom } from '../sources/simulate/seeded-random.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'
import { QUALITY_HOURS, type StoredQualityHour, type StoredQualityRow } from '../storage/stored-quality.ts'
import type { StoredAnomaly, StoredLedgerRow } from '../storage/stored-shapes.ts'

const HOUR_MS = 3_600_000
const EVENTS = 1_200
/** Numbers need no hash. */
const context = { hash: () => 0n }

export interface SeededQuality {
  dataset: string
  /** Full hours before this one. */
  hours: number
  pointers: string[]
  /** Of these, one that holds numbers, and those that lack a value more and more often. */
  numbersAt?: string
  worsening?: string[]
  causes?: string[]
  /** Of the policy. */
  rules?: string[]
}

type Store = Pick<Documents, 'upsertNewer'>

export async function seedQuality(documents: Store, seeded: SeededQuality): Promise<void> {
  const random = seededRandom(7)
  const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const rows: { quality: StoredQualityHour[]; ledger: StoredLedgerRow[] } = { quality: [], ledger: [] }
  for (let ago = seeded.hours; ago > 0; ago--) {
    const hour = new Date(nowMs - ago * HOUR_MS).toISOString()
    const rejected = Math.round(EVENTS * (0.01 + (ago < 4 ? 0.03 : 0.005 * random())))
    rows.quality.push(...qualityRows(seeded, hour, { share: 1 - ago / seeded.hours, rejected, random }))
    rows.ledger.push(...ledgerRows(seeded.dataset, hour, rejected, random))
  }
  await documents.upsertNewer(QUALITY_HOURS, rows.quality.map(stored))
  await documents.upsertNewer('ledger', rows.ledger.map(stored))
}

interface Hour {
  /** How far it is from the first hour to the last, 0 to 1. */
  share: number
  rejected: number
  random: () => number
}

function qualityRows(seeded: SeededQuality, hour: string, { share, rejected, random }: Hour): StoredQualityHour[] {
  const { dataset, pointers, numbersAt, worsening = [], causes = [], rules = [] } = seeded
  const row = (side: StoredQualityRow['side'], whole: StoredQualityHour['whole']): StoredQualityHour => ({
    ...{ dataset, hour, side, part: 'seeded/0', offset: 1, spread: {} },
    plans: side === 'events' ? { all: pointers } : {},
    whole,
  })
  const missing = pointers.map((pointer, i): [string, number] => {
    const worse = worsening.includes(pointer) ? 0.3 * share * random() : 0
    return [pointer, Math.round(EVENTS * ((i % 5) * 0.002 + worse))]
  })
  const delays = quantile(0.5).empty()
  let amounts = variance.empty()
  for (let i = 0; i < 50; i++) {
    quantile(0.5).add(delays, Math.round(20_000 * random() + 400_000 * random() ** 12), context)
    amounts = variance.add(amounts, Math.round(10_000 * random()) / 100, context)
  }
  const [first = '', ...others] = causes
  return [
    row('events', {
      events: { all: EVENTS },
      missing: Object.fromEntries(missing.filter(([, count]) => count > 0)),
      ...(numbersAt !== undefined && { numbers: { [numbersAt]: amounts } }),
      ...{ delay: delays, timed: EVENTS, late: Math.round(60 * random()), ahead: 1, sampled: 60 },
      rules: Object.fromEntries(rules.map(rule => [rule, [EVENTS, Math.round(8 * random())]])),
    } as StoredQualityHour['whole']),
    row('quarantine', {
      causes: { [first]: rejected - others.length, ...Object.fromEntries(others.map(cause => [cause, 1])) },
    }),
  ]
}

function ledgerRows(dataset: string, hour: string, rejected: number, random: () => number): StoredLedgerRow[] {
  const duplicates = Math.round(20 * random())
  const accepted = EVENTS + duplicates
  const row = { dataset, hour, part: 'seeded/0', offset: 1 }
  return [
    { ...row, side: 'gateways', minutes: { '00': { received: accepted + rejected, accepted, rejected } } },
    { ...row, side: 'processors', minutes: { '00': { effective: EVENTS, duplicates } } },
  ]
}

function stored(row: StoredQualityRow | StoredLedgerRow) {
  const id = `${row.dataset} ${row.hour} ${row.side} ${row.part}`
  return { id, version: 1, expiresAtMs: null, body: row as unknown as JsonObject }
}

/** Of `/montant`, in a window an hour ago. @returns its id */
export async function seedAnomaly(documents: Store, dataset: string): Promise<string> {
  const [start, end] = [60, 57].map(minutes => new Date(Date.now() - minutes * 60_000).toISOString()) as [
    string,
    string,
  ]
  const id = `windows/${dataset}/${start}/unusual-values-seeded`
  const anomaly: StoredAnomaly = {
    ...{ id, dataset, kind: 'unusual-values', severity: 'high', state: 'open' },
    ...{ detectedAt: end, lastSeenAt: end, windows: 3, window: { start, end }, pointer: '/montant', level: 'internal' },
    detail: 'The mean of /montant was 812 over 140 values; 80.6 is usual.',
    evidence: { window: start, metric: 'values', value: 812.4, of: 140, usual: 80.6, scale: 8.1, score: 90.3 },
    ...{ run: 'unusual-values values /montant', series: ['values /montant'] },
    history: [{ state: 'open', at: end, by: 'écluse' }],
    ...{ eventDocument: null, subject: null, schema: null, policy: null, position: null, copy: null },
    reprotectedAt: null,
  }
  const body = anomaly as unknown as JsonObject
  await documents.upsertNewer('anomalies', [{ id, version: 1, expiresAtMs: null, body }])
  return id
}

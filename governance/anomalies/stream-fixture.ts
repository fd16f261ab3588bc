// A made-up dataset, minute by minute: its volume has its hours, all of it has its noise, and faults can be put into it.

import { noPromises, type QualityPolicy } from '../contract/quality.ts'
import type { QualityWindow } from '../quality/quality-window.ts'
import { openDetector } from './detector.ts'
import type { Finding } from './finding.ts'
import { MINUTE_MS, type Span } from './history.ts'
import type { Change } from './runs.ts'

export const DAY = 1_440
/** A Monday. */
export const START_MS = Date.parse('2026-11-02T00:00:00Z')

export type Fault = (window: QualityWindow) => void

/** A window of this minute since the start, with chance of its own. @param size of its volume: 1 is 40 to 260 a minute */
export function windowAt(minute: number, random: () => number, faults: Fault = () => {}, size = 1): QualityWindow {
  const startMs = START_MS + minute * MINUTE_MS
  const day = 1 + 0.06 * (((Math.floor(minute / DAY) * 7919) % 11) / 10 - 0.5)
  const received = poisson(random, size * day * (150 - 110 * Math.cos((2 * Math.PI * (minute % DAY)) / DAY)))
  const rejected = Math.min(received, poisson(random, 0.005 * received))
  const duplicates = Math.min(received - rejected, poisson(random, 0.002 * received))
  const events = received - rejected - duplicates
  const missing = (share: number) => ({ of: events, missing: Math.min(events, poisson(random, share * events)) })
  const number = (mean: number, deviation: number) => ({
    count: events,
    mean: events === 0 ? null : mean + (deviation / Math.sqrt(events)) * normal(random),
    variance: events === 0 ? null : deviation ** 2 * (1 + 0.1 * normal(random)),
  })
  const sampled = Math.floor(events / 10)
  const window: QualityWindow = {
    dataset: 'orders',
    startMs,
    endMs: startMs + MINUTE_MS,
    volume: {
      ...{ received, rejected, effective: events, duplicates, accepted: received - rejected },
      ...{ suppressed: 0, unanswered: 0, conflicts: 0, held: 0 },
    },
    events,
    fields: new Map([
      ['/id', missing(0)],
      ['/place', missing(0.02)],
      ['/note', missing(0.3)],
    ]),
    numbers: new Map([
      ['/amount', number(80, 95)],
      ['/items', number(3.2, 1.5)],
    ]),
    delay: events === 0 ? null : { p50: 800, p95: 2_400 * (1 + 0.15 * normal(random)), p99: 9_000 },
    timed: events,
    inTime: events,
    ahead: Math.min(events, poisson(random, 0.0005 * events)),
    consistency: new Map([
      ['not-negative', { of: events, broken: Math.min(events, poisson(random, 0.0005 * events)) }],
    ]),
    causes: new Map(rejected > 0 ? [['/amount minimum', rejected]] : []),
    sampled,
    suspects: new Map(random() < 0.01 * sampled ? [['/note', new Map([['phone', 1]])]] : []),
  }
  faults(window)
  return window
}

/** Nothing comes. */
export const silence: Fault = window => {
  const gateways = { received: 0, accepted: 0, suppressed: 0, rejected: 0, unanswered: 0 }
  Object.assign(window, {
    volume: { ...gateways, effective: 0, duplicates: 0, conflicts: 0, held: 0 },
    ...{ events: 0, delay: null, timed: 0, inTime: null, ahead: 0, sampled: 0 },
    ...{ fields: new Map(), numbers: new Map(), consistency: new Map(), causes: new Map(), suspects: new Map() },
  })
}

export interface Told {
  id: string
  kind: string
  state: 'open' | 'over' | 'false-alarm'
  findings: Finding[]
  startMs: number
  endMs: number
  openedAtMs: number
  endedAtMs?: number
  series: Set<string>
}

/** A detector, and what it told, as it would be stored. */
export function openWatch(promises: QualityPolicy = noPromises) {
  const detector = openDetector((kind, run, startMs) => `${startMs} ${kind} ${run}`)
  const told = new Map<string, Told>()

  function keepOut(): void {
    const spans: Span[] = [...told.values()]
      .filter(({ state }) => state !== 'false-alarm')
      .flatMap(({ series, startMs, endMs }) =>
        [...series].map(name => ({ series: name, fromMs: startMs, beforeMs: endMs })),
      )
    detector.keepOut(spans)
  }

  function keep(change: Change, atMs: number): void {
    const { id, startMs, endMs } = change.run
    if (change.type === 'opened') {
      const { findings } = change
      const series = new Set(findings.flatMap(({ keepsOut }) => keepsOut))
      told.set(id, { id, kind: findings[0]!.kind, state: 'open', findings, startMs, endMs, openedAtMs: atMs, series })
      return
    }
    const known = told.get(id)!
    if (change.type === 'extended') Object.assign(known, { endMs, findings: [...known.findings, change.finding] })
    else Object.assign(known, { endedAtMs: atMs, ...(known.state === 'open' && { state: 'over' }) })
  }

  return {
    told: () => [...told.values()],
    learn: detector.learn,
    judge: (window: QualityWindow) => {
      const changes = detector.judge(window, promises)
      for (const change of changes) keep(change, window.endMs)
      if (changes.length > 0) keepOut()
    },
    markFalse: (id: string) => {
      told.get(id)!.state = 'false-alarm'
      keepOut()
    },
  }
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function poisson(random: () => number, mean: number): number {
  if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  let count = 0
  for (let product = random(); product > Math.exp(-mean); product *= random()) count++
  return count
}

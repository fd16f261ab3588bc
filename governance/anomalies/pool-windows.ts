// Of a slow dataset, several minutes are one window: as many as hold enough events to say something of a share. They
// begin anew with each hour, so that whoever starts at one comes to the same windows.

import type { NumberStatistics, QualityWindow } from '../quality/quality-window.ts'

/** A share or a mean of fewer says little: no window is judged by it. */
export const LEAST_EVENTS = 20
/** Where so many came in, it is enough as well, though few were accepted. */
const ENOUGH_RECEIVED = 2 * LEAST_EVENTS
const HOUR_MS = 3_600_000

/** Takes minutes one after the other. @returns the window that is full with this one, or ends with its hour */
export type Pool = (minute: QualityWindow) => QualityWindow | undefined

export function openPool(): Pool {
  let pooled: QualityWindow | undefined
  return minute => {
    if (!pooled && minute.volume.received === 0 && minute.events === 0) return undefined
    const grown = pooled ? together(pooled, minute) : minute
    const isFull = grown.events >= LEAST_EVENTS || grown.volume.received >= ENOUGH_RECEIVED
    pooled = isFull || grown.endMs % HOUR_MS === 0 ? undefined : grown
    return pooled ? undefined : grown
  }
}

function together(a: QualityWindow, b: QualityWindow): QualityWindow {
  const names = Object.keys(a.volume) as (keyof QualityWindow['volume'])[]
  return {
    dataset: a.dataset,
    startMs: a.startMs,
    endMs: b.endMs,
    volume: Object.fromEntries(
      names.map(name => [name, a.volume[name] + b.volume[name]]),
    ) as unknown as typeof a.volume,
    events: a.events + b.events,
    fields: merged(a.fields, b.fields, (x, y) => ({ of: x.of + y.of, missing: x.missing + y.missing })),
    numbers: merged(a.numbers, b.numbers, statisticsOf),
    // Of a few events each, the latest of them: so it is of the days before.
    delay: !a.delay || (b.delay && b.delay.p95 > a.delay.p95) ? b.delay : a.delay,
    timed: a.timed + b.timed,
    inTime: a.inTime === null || b.inTime === null ? null : a.inTime + b.inTime,
    ahead: a.ahead + b.ahead,
    consistency: merged(a.consistency, b.consistency, (x, y) => ({ of: x.of + y.of, broken: x.broken + y.broken })),
    causes: merged(a.causes, b.causes, add),
    sampled: a.sampled + b.sampled,
    suspects: merged(a.suspects, b.suspects, (x, y) => merged(x, y, add)),
  }
}

const add = (a: number, b: number) => a + b

function merged<T>(a: Map<string, T>, b: Map<string, T>, merge: (a: T, b: T) => T): Map<string, T> {
  const all = new Map(a)
  for (const [key, value] of b) {
    const known = all.get(key)
    all.set(key, known === undefined ? value : merge(known, value))
  }
  return all
}

function statisticsOf(a: NumberStatistics, b: NumberStatistics): NumberStatistics {
  if (a.mean === null || a.variance === null) return b
  if (b.mean === null || b.variance === null) return a
  const count = a.count + b.count
  const mean = (a.count * a.mean + b.count * b.mean) / count
  const spread = (of: { count: number; mean: number; variance: number }) =>
    (of.count * (of.variance + (of.mean - mean) ** 2)) / count
  return { count, mean, variance: spread(a as never) + spread(b as never) }
}

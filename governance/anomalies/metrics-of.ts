// What is watched of a window: counts, shares and means, each with what it was measured over, so that it can be told how
// far chance alone moves it.

import type { QualityWindow } from '../quality/quality-window.ts'
import { LEAST_EVENTS } from './pool-windows.ts'

export type MetricName =
  | 'volume'
  | 'rejections'
  | 'duplicates'
  | 'delay'
  | 'late'
  | 'ahead'
  | 'missing'
  | 'values'
  | 'broken'
  | 'causes'
  | 'suspects'
  | 'spread'

export interface Metric {
  name: MetricName
  /** What it is known by from window to window. */
  series: string
  /** Of the schema, `*` for any item of an array. */
  pointer?: string
  /** A rule's name, a cause's keyword, or what a text looks like. */
  about?: string
  /** A count, a share, a mean, or milliseconds. */
  value: number
  /** How many events, or values, it was measured over. */
  of: number
  /** Of single values, where it is a mean. */
  deviation?: number
}

/** Keywords by which events are rejected that have another shape than the schema says. */
const SHAPE_KEYWORDS = ['additionalProperties', 'unevaluatedProperties', 'type', 'enum', 'const', 'required']

/** Metrics that are there only once something was found: what they found before stays watched. */
export function isSparse({ name }: Pick<Metric, 'name'>): boolean {
  return name === 'causes' || name === 'suspects'
}

/** The sparse metric that an anomaly is about; undefined: it is about another. @param run `kind series` */
export function sparseMetricOf(run: string): Metric | undefined {
  const [, name, place] = /^\S+ (\S+) (.*)$/s.exec(run) ?? []
  if (place === undefined || !isSparse({ name: name as MetricName })) return undefined
  const at = place.lastIndexOf(' ')
  return metric(name as MetricName, { pointer: place.slice(0, at), about: place.slice(at + 1) }, 0, 0)
}

/** Of each minute, however few events came in. */
export function volumeOf({ volume }: QualityWindow): Metric {
  return metric('volume', {}, volume.received, 1)
}

/** @param known sparse metrics of earlier windows: where this one has none of it, that is a share of 0 */
export function metricsOf(window: QualityWindow, known: Iterable<Metric> = []): Metric[] {
  const { volume, fields, numbers, consistency, delay, timed, inTime, ahead } = window
  const { received, rejected, effective, duplicates, conflicts, held } = volume
  const metrics: Metric[] = []
  const share = (name: MetricName, about: Pick<Metric, 'pointer' | 'about'>, count: number, of: number) => {
    if (of >= LEAST_EVENTS) metrics.push(metric(name, about, count / of, of))
  }
  share('rejections', {}, rejected, received)
  share('duplicates', {}, duplicates + conflicts, effective + duplicates + conflicts + held)
  share('ahead', {}, ahead, timed)
  if (inTime !== null) share('late', {}, timed - inTime, timed)
  if (delay && timed >= LEAST_EVENTS) metrics.push(metric('delay', {}, delay.p95, timed))
  for (const [pointer, { of, missing }] of fields) share('missing', { pointer }, missing, of)
  for (const [pointer, { count, mean, variance }] of numbers)
    if (count >= LEAST_EVENTS && mean !== null && variance !== null)
      metrics.push({ ...metric('values', { pointer }, mean, count), deviation: Math.sqrt(variance) })
  for (const [about, { of, broken }] of consistency) share('broken', { about }, broken, of)
  metrics.push(...sparseOf(window, known))
  return metrics
}

function sparseOf({ volume, causes, sampled, suspects }: QualityWindow, known: Iterable<Metric>): Metric[] {
  const found = new Map<string, Metric>()
  if (volume.received >= LEAST_EVENTS)
    for (const [cause, count] of shapeCauses(causes)) {
      const at = cause.lastIndexOf(' ')
      const about = { pointer: cause.slice(0, at), about: cause.slice(at + 1) }
      const each = metric('causes', about, count / volume.received, volume.received)
      found.set(each.series, each)
    }
  if (sampled > 0)
    for (const [pointer, kinds] of suspects)
      for (const [about, count] of kinds) {
        const each = metric('suspects', { pointer, about }, Math.min(1, count / sampled), sampled)
        found.set(each.series, each)
      }
  for (const each of known) {
    const of = each.name === 'causes' ? volume.received : sampled
    const isJudged = each.name === 'causes' ? of >= LEAST_EVENTS : of > 0
    if (isJudged && !found.has(each.series)) found.set(each.series, { ...each, value: 0, of })
  }
  return [...found.values()]
}

/** Items of an array are alike. */
function shapeCauses(causes: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [cause, count] of causes) {
    const at = cause.lastIndexOf(' ')
    const [place, keyword] = [cause.slice(0, at), cause.slice(at + 1)]
    if (!SHAPE_KEYWORDS.includes(keyword)) continue
    const pointer = place === '(event)' ? '' : place.replace(/\/\d+(?=\/|$)/g, '/*')
    const key = `${pointer} ${keyword}`
    counts.set(key, (counts.get(key) ?? 0) + count)
  }
  return counts
}

export function metric(name: MetricName, about: Pick<Metric, 'pointer' | 'about'>, value: number, of: number): Metric {
  const place = about.pointer === undefined ? '' : ` ${about.pointer}`
  return {
    name,
    series: about.about === undefined ? name + place : `${name}${place} ${about.about}`,
    ...about,
    value,
    of,
  }
}

// What is wrong with a window: what a policy promises and was not kept, what rules know to be wrong, and what is unusual
// against the days before. One metric is told of once: where a rule speaks, statistics are silent.

import type { QualityPolicy } from '../contract/quality.ts'
import type { WindowKind } from './anomaly-kinds.ts'
import { type Compared, compare, compareRecent, SUSPECTS_BY_CHANCE } from './compare.ts'
import type { Finding, Verdicts } from './finding.ts'
import type { History } from './history.ts'
import type { Metric } from './metrics-of.ts'

/** So many windows in a row have to be wrong. */
const USUAL_NEED = 3
/** Strict forms hardly ever show by chance. */
const SUSPECTS_NEED = 2

/** Shares above which a rule speaks that no policy sets. */
const DRIFTING_SHARE = 0.02
const AHEAD_SHARE = 0.01
/** How often texts look like personal data by chance: other numbers may look like those of telephones. */
const SUSPECT_SHARES: Record<string, number> = { phone: 0.01 }
/** A field was there in nearly all events, and is in hardly any. */
const THERE_MISSING = 0.05
const GONE_MISSING = 0.9
/** Where fewer events a minute are usual, none of them in some minutes is chance. */
const SILENCE_VOLUME = 10
/** What a silence is known by among verdicts. */
export const SILENCE = 'silence volume'
/** In standard deviations: of promises, that three windows in a row miss; of rules that one window may break by chance. */
const PROMISE_NOISE = 2
const RULE_NOISE = 3.5

/** A finding but for where it was made. */
type Found = Omit<Finding, 'kind' | 'metric' | 'startMs' | 'endMs'>

interface Context {
  startMs: number
  endMs: number
  history: History
  promises: QualityPolicy
  /** The end of the last window with an event, ms. */
  lastEventMs: number | undefined
  /** A silence was told that nothing ended until now. */
  isSilent: boolean
}

export function lookAtWindow(metrics: Metric[], context: Context): Verdicts {
  const verdicts: Verdicts = new Map()
  const { startMs, endMs } = context
  const say = (kind: WindowKind, metric: Metric, found: Found | undefined) => {
    verdicts.set(`${kind} ${metric.series}`, found ? { kind, startMs, endMs, metric, ...found } : 'fine')
    return found !== undefined
  }
  const look = { ...context, say, told: { rejected: 0, isAhead: false, isLate: false } }
  // Those first that others are told without.
  const order = (metric: Metric) => (['causes', 'ahead', 'late'].includes(metric.name) ? 0 : 1)
  for (const metric of metrics.toSorted((a, b) => order(a) - order(b)))
    lookers[metric.name as MinuteMetric](metric, look)
  return verdicts
}

/** Spreads take whole hours. */
type MinuteMetric = Exclude<Metric['name'], 'spread'>

interface Look extends Context {
  say(kind: WindowKind, metric: Metric, found: Found | undefined): boolean
  /** The share of events whose rejection is told by its cause; whether clocks that are ahead, or late events, are. */
  told: { rejected: number; isAhead: boolean; isLate: boolean }
}

const lookers: Record<MinuteMetric, (metric: Metric, look: Look) => void> = {
  causes: (metric, look) => {
    const found = above(metric, DRIFTING_SHARE, RULE_NOISE, look)
    if (found) look.told.rejected += metric.value
    const keepsOut = [metric.series, 'rejections']
    look.say(metric.about === 'required' ? 'missing' : 'schema-drift', metric, found && { ...found, keepsOut })
  },
  ahead: (metric, look) => {
    look.told.isAhead = look.say('clock-skew', metric, above(metric, AHEAD_SHARE, RULE_NOISE, look))
  },
  suspects: (metric, look) => {
    const byChance = SUSPECT_SHARES[metric.about!]
    const found = above(metric, byChance ?? SUSPECTS_BY_CHANCE, RULE_NOISE, look)
    if (byChance === undefined) look.say('personal-data', metric, found && { ...found, needed: SUSPECTS_NEED })
    // One of few is chance.
    else look.say('personal-data', metric, metric.value * metric.of > 1.5 ? found : undefined)
  },
  volume: lookAtVolume,
  rejections: (metric, look) => {
    const others = { ...metric, value: Math.max(0, metric.value - look.told.rejected) }
    const { conformity } = look.promises
    look.say('unusual-rejections', others, promised(others, conformity) ?? unusual(others, look, 'above'))
  },
  duplicates: (metric, look) => {
    const { uniqueness } = look.promises
    look.say('unusual-duplicates', metric, promised(metric, uniqueness) ?? unusual(metric, look, 'above'))
  },
  delay: (metric, look) => {
    if (!look.told.isAhead && !look.told.isLate) look.say('unusual-delay', metric, unusual(metric, look, 'above'))
  },
  late: (metric, look) => {
    look.told.isLate = look.say('unusual-delay', metric, promised(metric, look.promises.timeliness?.share))
  },
  values: (metric, look) => {
    look.say('unusual-values', metric, unusual(metric, look))
  },
  missing: lookAtMissing,
  broken: (metric, look) => {
    const rule = look.promises.consistency.find(({ name }) => name === metric.about)
    if (!rule) return
    const isRange = rule.require.every(each => 'minimum' in each || 'maximum' in each)
    look.say(isRange ? 'out-of-range' : 'inconsistent', metric, missed(metric, 1 - rule.share))
  },
}

function lookAtVolume(metric: Metric, look: Look): void {
  const { promises, history, startMs, endMs, lastEventMs } = look
  const compared = compare(history, metric, startMs)
  const own = { keepsOut: [metric.series] }
  const { burst, silenceMs } = promises
  const isBurst =
    burst !== undefined &&
    look.say(
      'burst',
      metric,
      metric.value > burst ? { ...own, side: 'above', needed: 1, allowed: burst, ...numbersOf(compared) } : undefined,
    )
  const isLong = silenceMs !== undefined && lastEventMs !== undefined && endMs - lastEventMs >= silenceMs
  const isQuiet = compared?.isUnusual === true && compared.usual >= SILENCE_VOLUME
  // It lasts until something comes, however little is usual by now.
  const isSilent = metric.value === 0 && (isLong || isQuiet || look.isSilent)
  if (isSilent)
    look.say('silence', metric, {
      ...own,
      side: 'below',
      needed: isLong ? 1 : USUAL_NEED,
      ...(isLong && { allowed: silenceMs }),
      ...(lastEventMs !== undefined && { sinceMs: lastEventMs }),
      ...numbersOf(compared),
    })
  else if (metric.value > 0) look.say('silence', metric, undefined)
  if (!isBurst && !isSilent) look.say('unusual-volume', metric, foundIn(metric, compared))
}

function lookAtMissing(metric: Metric, look: Look): void {
  const promise = look.promises.completeness.find(({ pointer }) => pointer === metric.pointer)
  const compared = compare(look.history, metric, look.startMs)
  const isMissed = promise && missed(metric, 1 - promise.share)
  const before = compared ?? compareRecent(look.history, metric, look.startMs)
  const isGone = metric.value >= GONE_MISSING && before !== undefined && before.usual <= THERE_MISSING
  const gone = isGone ? foundIn(metric, { ...before, isUnusual: true }, 'above') : undefined
  const numbers = isMissed && { ...isMissed, ...numbersOf(compared) }
  if (!look.say('missing', metric, numbers || gone))
    look.say('unusual-missing', metric, foundIn(metric, compared, 'above'))
}

/** @param share of events of which it is promised that they are none of these */
const promised = (metric: Metric, share: number | undefined) =>
  share === undefined ? undefined : missed(metric, 1 - share)

/** More than a promise allows, beyond what chance makes of it. */
function missed(metric: Metric, allowed: number): Found | undefined {
  if (!exceeds(metric, allowed, PROMISE_NOISE)) return undefined
  return { side: 'above', needed: USUAL_NEED, allowed, keepsOut: [metric.series] }
}

/** More than a rule of ours allows, unless that is usual here: somebody said that it is no fault. */
function above(metric: Metric, allowed: number, noise: number, look: Look) {
  if (!exceeds(metric, allowed, noise)) return undefined
  const compared = compare(look.history, metric, look.startMs)
  if (compared && (!compared.isUnusual || compared.score < 0)) return undefined
  const found = { side: 'above' as const, needed: USUAL_NEED, allowed, keepsOut: [metric.series] }
  return { ...found, ...numbersOf(compared) }
}

function exceeds({ value, of }: Metric, allowed: number, noise: number): boolean {
  // Of what is never allowed, one is too many. The allowance of a share is no exact number.
  return value - allowed > Math.max(noise * Math.sqrt((allowed * (1 - allowed)) / of), 1e-9)
}

function unusual(metric: Metric, look: Look, side?: Finding['side']): Found | undefined {
  return foundIn(metric, compare(look.history, metric, look.startMs), side)
}

function foundIn(metric: Metric, compared: Compared | undefined, only?: Finding['side']) {
  if (!compared?.isUnusual) return undefined
  const side = compared.score > 0 ? ('above' as const) : ('below' as const)
  if (only !== undefined && only !== side) return undefined
  return { side, needed: USUAL_NEED, keepsOut: [metric.series], ...numbersOf(compared) }
}

function numbersOf(compared: Compared | undefined): Partial<Compared> {
  return compared ? { usual: compared.usual, scale: compared.scale, score: compared.score } : {}
}

// A window of quality as one caller may see it: what hangs on a pointer is left out unless the caller reads its level,
// and nothing is told of so few events that it could be one event's.

import { liveEnvelope } from '../governance/access/event-reading.ts'
import { type PointerLevel, pointerLevels } from '../governance/access/pointer-levels.ts'
import type { Level } from '../governance/classification/taxonomy.ts'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import type { QualityPolicy } from '../governance/contract/quality.ts'
import { dimensionsOf, MIN_EVENTS, missedTargets, ruleLevel, scoreOf } from '../governance/quality/dimensions.ts'
import type { NumberStatistics, QualityWindow } from '../governance/quality/quality-window.ts'
import type { Drift } from '../governance/quality/read-drift.ts'
import { type CountsByPointer, partsOf, schemaDriftOf } from '../governance/quality/schema-drift.ts'

/** Causes told of one window, those of most events first. */
const MAX_CAUSES = 50

export interface QualityView {
  promises: QualityPolicy
  levelOf: PointerLevel
  /** Of the event's own time. */
  timeLevel: Level
  /** Levels the caller reads. */
  read: ReadonlySet<Level>
  /** Whether the caller may learn how many events were suppressed or held: whoever reads the ledger. */
  seesLedger: boolean
}

export function qualityView(
  live: LiveContract,
  { read, seesLedger }: Pick<QualityView, 'read' | 'seesLedger'>,
): QualityView {
  return {
    read,
    seesLedger,
    promises: live.quality,
    levelOf: pointerLevels(live),
    timeLevel: liveEnvelope(live).time,
  }
}

/** What the policy promises, as far as the caller reads what it is promised of. */
export function showPromises({ promises, levelOf, timeLevel, read }: QualityView) {
  const { completeness, conformity, uniqueness, timeliness, consistency } = promises
  const fields = completeness.filter(({ pointer }) => read.has(levelOf(pointer)))
  const rules = consistency.filter(rule => read.has(ruleLevel(rule)))
  return {
    completeness: fields.map(({ pointer, share }) => ({ pointer, share })),
    ...(conformity !== undefined && { conformity }),
    ...(uniqueness !== undefined && { uniqueness }),
    ...(timeliness && read.has(timeLevel) && { timeliness }),
    consistency: rules.map(({ name, share }) => ({ rule: name, share })),
  }
}

/** @param drift undefined where none was looked for */
export function showQuality(view: QualityView, window: QualityWindow, drift: ReadonlyMap<string, Drift> | undefined) {
  const { promises } = view
  const { rejected, effective, duplicates, conflicts } = window.volume
  const dimensions = dimensionsOf(window, promises)
  const isRead = (pointer: string) => view.read.has(view.levelOf(pointer))
  const readable = <Value>(of: ReadonlyMap<string, Value>) => [...of].filter(([pointer]) => isRead(pointer))
  const rules = promises.consistency.filter(rule => view.read.has(ruleLevel(rule)))
  const seesTime = view.read.has(view.timeLevel)
  const causes = [...window.causes].filter(([cause]) => isRead(partsOf(cause).pointer))
  const schemaDrift = schemaDriftOf(new Map(causes))
  const byPointer = (counts: CountsByPointer) => [...counts].map(([pointer, count]) => ({ pointer, count }))
  return {
    window: { start: timeOf(window.startMs), end: timeOf(window.endMs) },
    score: scoreOf(dimensions),
    dimensions,
    volume: view.seesLedger ? window.volume : { rejected, effective, duplicates, conflicts },
    events: window.events,
    fields: readable(window.fields).map(([pointer, { of, missing }]) => ({
      ...{ pointer, of, missing },
      numbers: statisticsOf(window.numbers.get(pointer)),
    })),
    timeliness: seesTime
      ? {
          timed: window.timed,
          inTime: window.inTime,
          ahead: window.ahead,
          delayMs: window.timed < MIN_EVENTS ? null : window.delay,
        }
      : null,
    consistency: rules.map(({ name, share }) => ({
      ...{ rule: name, promised: share },
      ...(window.consistency.get(name) ?? { of: 0, broken: 0 }),
    })),
    causes: causes
      .sort(([, one], [, other]) => other - one)
      .slice(0, MAX_CAUSES)
      .map(([cause, count]) => ({ cause, ...partsOf(cause), count })),
    schemaDrift: {
      undeclaredFields: byPointer(schemaDrift.undeclaredFields),
      changedTypes: byPointer(schemaDrift.changedTypes),
      newValues: byPointer(schemaDrift.newValues),
    },
    drift: drift ? readable(drift).map(([pointer, each]) => ({ pointer, ...each })) : null,
    sampled: window.sampled,
    suspects: readable(window.suspects).flatMap(([pointer, kinds]) =>
      [...kinds].map(([kind, count]) => ({ pointer, kind, count })),
    ),
    missed: missedTargets(window, promises).filter(
      ({ dimension, pointer, rule }) =>
        (pointer === undefined || isRead(pointer)) &&
        (rule === undefined || rules.some(({ name }) => name === rule)) &&
        (dimension !== 'timeliness' || seesTime),
    ),
  }
}

function statisticsOf(numbers: NumberStatistics | undefined): NumberStatistics | null {
  return numbers && numbers.count >= MIN_EVENTS ? numbers : null
}

const timeOf = (ms: number) => new Date(ms).toISOString()

// Reads a policy's `quality`: everything that can be judged without the schema. What stands at the pointers is looked up
// by `build-quality.ts`.

import type { Condition } from './aggregate.ts'
import type { Report } from './diagnostic.ts'
import { parsePointer } from './json-pointer.ts'
import type { Policy } from './policy.ts'
import { durationMs } from './policy-parts.ts'
import { type Comparison, type ConsistencyRule, noPromises, type QualityPolicy } from './quality.ts'
import type { WrittenQuality } from './quality-shape.ts'
import { type Reader, readConditions } from './read-conditions.ts'
import type { Path, SourceFile } from './source-file.ts'

/** Quality is told by the minute. */
const LEAST_SILENCE = '1m'

export interface ReadRule extends Pick<ConsistencyRule, 'name' | 'share'> {
  when: Reader<Condition>[]
  require: (Reader<Condition> | ReadComparison)[]
}

export interface ReadComparison extends Reader<Comparison> {
  /** Where `atLeast` stands. */
  otherPath: Path
}

export interface ReadQuality extends Omit<QualityPolicy, 'completeness' | 'consistency'> {
  completeness: { pointer: string; share: number; path: Path }[]
  consistency: ReadRule[]
}

/** The promises of a policy that has its shape. */
export function readQuality(source: SourceFile, { quality = {} }: Policy, report: Report): ReadQuality {
  const { completeness = {}, consistency = {}, timeliness, skew, silence, ...shares } = quality
  if (silence !== undefined && durationMs(silence) < durationMs(LEAST_SILENCE)) {
    const message = 'quality is told by the minute: a shorter silence is not seen.'
    report.error(source.at(['quality', 'silence']), message, `Write \`silence: ${LEAST_SILENCE}\` or more.`)
  }
  return {
    ...shares,
    completeness: Object.entries(completeness).flatMap(([pointer, share]) => {
      const path = ['quality', 'completeness', pointer]
      if (parsePointer(pointer)?.length) return [{ pointer, share, path }]
      const fix = `Write it with a slash before each name: /${pointer}.`
      report.error(source.at(path, 'key'), `\`${pointer}\` is no JSON Pointer.`, fix)
      return []
    }),
    ...(timeliness && { timeliness: { withinMs: durationMs(timeliness.within), share: timeliness.share } }),
    skewMs: skew === undefined ? noPromises.skewMs : durationMs(skew),
    ...(silence !== undefined && { silenceMs: durationMs(silence) }),
    consistency: Object.entries(consistency).map(([name, written]) => readRule(source, name, written, report)),
  }
}

type WrittenRule = NonNullable<WrittenQuality['consistency']>[string]

function readRule(
  source: SourceFile,
  name: string,
  { when, require, share = 1 }: WrittenRule,
  report: Report,
): ReadRule {
  const path = ['quality', 'consistency', name]
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    const fix = 'Use lower-case letters, digits and hyphens, from a letter on, at most 63 characters.'
    report.error(source.at(path, 'key'), `\`${name}\` cannot be the name of a rule.`, fix)
  }
  const isList = Array.isArray(require)
  return {
    name,
    share,
    when: readConditions(source, [...path, 'when'], when, report),
    require: [require].flat().flatMap(({ atLeast, ...condition }, i) => {
      const own = isList ? [...path, 'require', i] : [...path, 'require']
      if (atLeast === undefined) return readConditions(source, own, condition, report)
      const { pointer } = condition
      const comparison = { pointer, atLeast, path: [...own, 'pointer'], otherPath: [...own, 'atLeast'] }
      const isMore = Object.keys(condition).length > 1
      return isMore ? [...readConditions(source, own, condition, report), comparison] : [comparison]
    }),
  }
}

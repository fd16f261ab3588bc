// Compiles a policy's promises of quality against all schema versions: each pointer gets the level of what is stored
// there, or is refused. What stands there sealed or not at all cannot be looked at.

import { higherLevel } from '../classification/taxonomy.ts'
import type { Condition } from './aggregate.ts'
import { checkReader, complainOfCondition, type Readable } from './check-reader.ts'
import type { Comparison, ConsistencyRule, QualityPolicy } from './quality.ts'
import type { Reader } from './read-conditions.ts'
import type { ReadComparison, ReadQuality } from './read-quality.ts'
import { isNumeric, type StoredValue } from './stored-value.ts'

/**
 * The promises, to be used only if no error was reported.
 * @param eventTime pointer of the events' own time, if they have one
 */
export function buildQuality(read: ReadQuality, readable: Readable, eventTime: string | undefined): QualityPolicy {
  return {
    ...read,
    completeness: read.completeness.flatMap(({ path, ...target }) => {
      const level = checkReader(readable, { ...target, path, placeOf: 'key' }, () => undefined)
      return level ? [{ ...target, level }] : []
    }),
    consistency: read.consistency.map(rule => ({
      ...rule,
      when: rule.when.flatMap(each => buildCondition(each, readable)),
      require: rule.require.flatMap<ConsistencyRule['require'][number]>(each =>
        'atLeast' in each ? buildComparison(each, readable, eventTime) : buildCondition(each, readable),
      ),
    })),
  }
}

function buildCondition({ path, ...condition }: Reader<Condition>, readable: Readable): Condition[] {
  const level = checkReader(readable, { ...condition, path }, complainOfCondition(condition))
  return level ? [{ ...condition, level }] : []
}

function buildComparison(
  { pointer, atLeast, path, otherPath }: ReadComparison,
  readable: Readable,
  eventTime: string | undefined,
): Comparison[] {
  const kinds = new Set<string>()
  const levelOf = (side: string, path: ReadComparison['path']) =>
    checkReader(readable, { pointer: side, path }, (value, place) => {
      const kind = kindOf(value, side === eventTime)
      if (kind) kinds.add(kind)
      return kind ? undefined : [`what is stored at ${place} is neither a number nor a time that is kept.`, fix]
    })
  const [own, other] = [levelOf(pointer, path), levelOf(atLeast, otherPath)]
  if (!own || !other) return []
  if (kinds.size === 1) return [{ pointer, atLeast, level: higherLevel(own, other) }]
  const message = `of ${pointer} and ${atLeast}, one is a number and one a time, in the same or another schema version.`
  readable.report.error(readable.source.at(otherPath), message, 'Compare two of a kind.')
  return []
}

const fix =
  'Compare numbers, or texts of which the schema says `format: date`, `date-time` or `iso-date-time`, both by `action: keep`.'

/** The middle of a band stands for many numbers, and two middles say nothing of two of these. */
function kindOf(value: StoredValue, isEventTime: boolean): 'number' | 'time' | undefined {
  if (isNumeric(value)) return value.isBand || value.isGrid ? undefined : 'number'
  const isText = value.types.size === 1 && value.types.has('string')
  return isText && value.rule.actionName === 'keep' && (value.isTime || isEventTime) ? 'time' : undefined
}

// Reads a policy's `aggregates`: everything that can be judged without the schema. What stands at the pointers is
// looked up by `build-aggregates.ts`.

import type { Aggregate, AggregateMeasure, Condition, GroupKey } from './aggregate.ts'
import type { WrittenAggregate } from './aggregate-shape.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { parsePointer } from './json-pointer.ts'
import type { Policy } from './policy.ts'
import { durationMs } from './policy-parts.ts'
import { type Reader, readConditions } from './read-conditions.ts'
import { lengthOf, readMeasure, readWindow } from './read-measure.ts'
import type { Path, SourceFile } from './source-file.ts'

export const DEFAULT_K = 5
const LEAST_K = 2
const DEFAULT_LATENESS = '1h'
/** Windows that stay open are held in memory. */
const MAX_LATENESS = '31d'

export interface ReadAggregate extends Omit<Aggregate, 'groupBy' | 'where' | 'measures'> {
  /** Of the whole, in the policy. */
  path: Path
  groupBy: Reader<GroupKey>[]
  where: Reader<Condition>[]
  measures: Reader<AggregateMeasure>[]
}

interface Reading {
  source: SourceFile
  policy: Policy
  report: Report
}

/** The aggregates of a policy that has its shape; those with a problem that hides others are left out. */
export function readAggregates(source: SourceFile, policy: Policy, report: Report): ReadAggregate[] {
  const reading = { source, policy, report }
  return Object.entries(policy.aggregates ?? {}).flatMap(([name, written]) => {
    const path = ['aggregates', name]
    checkName(reading, path, name, /^[a-z][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, from a letter on')
    return readAggregate(reading, path, name, written) ?? []
  })
}

function readAggregate(
  reading: Reading,
  path: Path,
  name: string,
  written: WrittenAggregate,
): ReadAggregate | undefined {
  const { source, policy, report } = reading
  const window = readWindow(source, [...path, 'window'], written.window, report)
  const measures = readMeasures(reading, path, written)
  if (!window) return undefined
  const isSession = 'session' in window
  const aggregate: ReadAggregate = {
    path,
    name,
    window,
    latenessMs: durationMs(written.lateness ?? DEFAULT_LATENESS),
    retentionMs: durationMs(written.retention ?? policy.retention.events),
    k: policy.event.subjects.length === 0 ? 0 : written.perPerson ? 1 : (written.k ?? DEFAULT_K),
    perPerson: written.perPerson ?? false,
    groupBy: readGroups(reading, path, written, isSession),
    ...(written.join && { join: written.join }),
    where: readConditions(source, [...path, 'where'], written.where, report),
    measures,
  }
  checkTimes(reading, aggregate)
  if (isSession) checkSessionMeasures(reading, aggregate)
  checkPersons(reading, aggregate, written, isSession)
  if (written.join) checkJoin(reading, aggregate, written.join)
  return aggregate
}

function checkName({ source, report }: Reading, path: Path, name: string, form: RegExp, said: string): void {
  if (form.test(name)) return
  const message = `\`${name}\` cannot be the name of ${path.length === 2 ? 'an aggregate' : 'a measure'}.`
  report.error(source.at(path, 'key'), message, `Use ${said}, at most 63 characters.`)
}

function readMeasures(reading: Reading, path: Path, written: WrittenAggregate): ReadAggregate['measures'] {
  return Object.entries(written.measures).flatMap(([name, value]) => {
    const own = [...path, 'measures', name]
    checkName(reading, own, name, /^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'letters, digits and _, from a letter on')
    const measure = readMeasure(reading.source, own, value, reading.report)
    return measure ? [{ name, ...measure }] : []
  })
}

function readGroups(
  { source, report }: Reading,
  path: Path,
  { groupBy = [] }: WrittenAggregate,
  isSession: boolean,
): ReadAggregate['groupBy'] {
  const own = [...path, 'groupBy']
  if (isSession && groupBy.length > 0) {
    report.error(source.at(own), 'sessions are grouped by person already.', 'Leave `groupBy` out.')
  }
  const groups = groupBy.map((pointer, i) => ({ name: parsePointer(pointer)!.at(-1)!, pointer, path: [...own, i] }))
  for (const [i, { name, pointer, path }] of groups.entries()) {
    const first = groups.findIndex(other => other.name === name)
    if (first === i) continue
    const message = `${pointer} and ${groups[first]!.pointer} would both be called \`${name}\`.`
    report.error(source.at(path), message, 'Group by one of the two, or declare two aggregates.')
  }
  return groups
}

function checkTimes({ source, policy, report }: Reading, { path, window, latenessMs, retentionMs }: ReadAggregate) {
  if (latenessMs > durationMs(MAX_LATENESS)) {
    const message = `its windows would stay open for more than ${MAX_LATENESS} after their end.`
    report.error(source.at([...path, 'lateness']), message, `Write \`lateness: ${MAX_LATENESS}\` or less.`)
  }
  const { events } = policy.retention
  if (retentionMs > durationMs(events)) {
    const fix = `Write \`retention: ${events}\` or less, or keep events for longer.`
    report.error(source.at([...path, 'retention']), 'it would outlive the events that it is made of.', fix)
  } else if (retentionMs < lengthOf(window) + latenessMs) {
    const fix = 'Keep it for longer, or choose shorter windows or less lateness.'
    report.error(source.at([...path, 'retention']), 'its results would be erased before its windows close.', fix)
  }
}

/** Values are told apart by hashes under the key of a day, and a session may go on over midnight. */
function checkSessionMeasures({ source, report }: Reading, { measures }: ReadAggregate): void {
  const message = '`distinct` cannot be counted over sessions: the hashes of two days do not compare.'
  for (const { kind, path } of measures)
    if (kind === 'distinct') report.error(source.at(path), message, 'Count them over tumbling windows of a day.')
}

/** Who may be seen in a result: nobody by accident. */
function checkPersons(
  { source, policy, report }: Reading,
  { path }: ReadAggregate,
  { k, perPerson }: WrittenAggregate,
  isSession: boolean,
): void {
  const error = (key: string, message: string, fix: string) => report.error(source.at([...path, key]), message, fix)
  if (policy.event.subjects.length === 0) {
    const fix = (key: string) => `Leave \`${key}\` out, or declare a subject.`
    if (isSession) error('window', 'sessions are of persons, and the dataset has no subjects.', 'Declare a subject.')
    if (perPerson) error('perPerson', 'there are no persons: the dataset has no subjects.', fix('perPerson'))
    if (k !== undefined && k > 1) error('k', 'no group would have persons: the dataset has no subjects.', fix('k'))
  } else if (perPerson && k !== undefined && k > 1) {
    error('k', `no group would have ${k} persons: with \`perPerson\` each has one.`, 'Leave `k` or `perPerson` out.')
  } else if (!perPerson && k !== undefined && k < LEAST_K) {
    error('k', 'a group could show a single person.', `Write \`k: ${LEAST_K}\` or more; ${DEFAULT_K} when left out.`)
  } else if (!perPerson && isSession) {
    error('window', 'each session is a single person’s.', 'Write `perPerson: true` if that is what you want.')
  }
}

function checkJoin(
  { source, report }: Reading,
  { path, groupBy }: ReadAggregate,
  join: NonNullable<Aggregate['join']>,
) {
  const pointers = groupBy.map(({ pointer }) => pointer)
  if (!pointers.includes(join.on)) {
    const fix = `${didYouMean(join.on, pointers)}${pointers.length > 0 ? `Groups are ${listed(pointers)}.` : 'Add it to `groupBy`.'}`
    report.error(source.at([...path, 'join', 'on']), `the aggregate is not grouped by ${join.on}.`, fix)
  }
  for (const [i, column] of join.take.entries()) {
    const taken = groupBy.some(({ name }) => name === column) || join.take.indexOf(column) < i
    if (!taken) continue
    const message = `two columns of the result would be called \`${column}\`.`
    report.error(source.at([...path, 'join', 'take', i]), message, 'Take another column, or leave it out.')
  }
}

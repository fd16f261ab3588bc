// Compiles a policy's aggregates against all schema versions and reference tables: each pointer gets the level of what
// is stored there, or is refused.

import type { Aggregate, AggregateMeasure, Condition, GroupKey } from './aggregate.ts'
import { checkReader, complainOfCondition, complainOfGroup, complainOfMeasure, type Readable } from './check-reader.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import type { ReadAggregate } from './read-aggregates.ts'
import type { ReferenceTable } from './reference-table.ts'
import { findStored } from './stored-value.ts'

/** What counts events alone says nothing of a field, but how much there is. */
const LEVEL_OF_EVENTS = 'internal'

/** Tables by name, those that are joined read. One with a problem is undefined: its own file says which. */
export type Tables = ReadonlyMap<string, ReferenceTable | undefined>

/**
 * The aggregates, to be used only if no error was reported.
 * @param tables undefined where they are not at hand, and so neither missing nor wrong
 */
export function buildAggregates(read: ReadAggregate[], readable: Readable, tables: Tables | undefined): Aggregate[] {
  return read.map(each => {
    const { path: _, ...aggregate } = each
    if (each.join && tables) checkTable(each, each.join, readable, tables)
    const groupBy = each.groupBy.flatMap(({ path, ...group }): GroupKey[] => {
      const level = checkReader(readable, { ...group, path }, complainOfGroup(each.perPerson))
      return level ? [{ ...group, level }] : []
    })
    if (each.perPerson && groupBy.length === each.groupBy.length) checkPerPerson(each, readable)
    const where = each.where.flatMap(({ path, ...condition }): Condition[] => {
      const level = checkReader(readable, { ...condition, path }, complainOfCondition(condition))
      return level ? [{ ...condition, level }] : []
    })
    return { ...aggregate, groupBy, where, measures: buildMeasures(each, readable) }
  })
}

function buildMeasures({ measures }: ReadAggregate, readable: Readable): AggregateMeasure[] {
  return measures.flatMap(({ path, ...measure }) => {
    const { pointer, kind } = measure
    if (pointer === undefined) return [{ ...measure, level: LEVEL_OF_EVENTS }]
    const level = checkReader(readable, { pointer, path }, complainOfMeasure(kind))
    return level ? [{ ...measure, level }] : []
  })
}

/** Without k, a group by anything else would show single persons too. */
function checkPerPerson({ path, window, groupBy }: ReadAggregate, { source, versions, report }: Readable): void {
  if ('session' in window) return
  const isToken = (pointer: string) =>
    versions.every(version => {
      const value = findStored(version, pointer)
      return !('rule' in value) || value.rule.actionName === 'pseudonymise'
    })
  if (groupBy.some(({ pointer }) => isToken(pointer))) return
  const message = 'no field of `groupBy` holds tokens or pseudonyms, so groups are not single persons by intent.'
  report.error(source.at([...path, 'perPerson']), message, 'Leave `perPerson` out.')
}

function checkTable(
  { path }: ReadAggregate,
  { reference, take }: NonNullable<Aggregate['join']>,
  { source, report }: Readable,
  tables: Tables,
): void {
  const table = tables.get(reference)
  if (!tables.has(reference)) {
    const fix = `${didYouMean(reference, tables.keys())}Write references/${reference}.csv beside the policies.`
    report.error(source.at([...path, 'join', 'reference']), `there is no reference table \`${reference}\`.`, fix)
    return
  }
  if (!table) return
  for (const [i, column] of take.entries()) {
    if (table.columns.includes(column)) continue
    const fix = `${didYouMean(column, table.columns)}Columns are ${listed(table.columns)}.`
    report.error(source.at([...path, 'join', 'take', i]), `${table.file} has no column \`${column}\`.`, fix)
  }
}

// An aggregate in one line, as `ecluse check` prints it.

import { type Aggregate, type AggregateMeasure, rowLevel } from './aggregate.ts'
import { formatDuration } from './policy-parts.ts'
import { writtenWindow } from './read-measure.ts'

/** `by-type: tumbling 1h, by /type (internal); payments = count (internal); groups of 5 persons or more, kept 400d` */
export function describeAggregate(aggregate: Aggregate): string {
  const { name, window, groupBy, join, where, measures, retentionMs } = aggregate
  const joined = join ? `, with ${join.take.join(', ')} from ${join.reference}` : ''
  const groups = groupBy.length > 0 ? `by ${groupBy.map(({ pointer }) => pointer).join(', ')}${joined}` : 'all in one'
  const chosen = where.length > 0 ? `, where ${where.map(({ pointer }) => pointer).join(', ')}` : ''
  const times = Object.entries(writtenWindow(window)).map(([kind, time]) => `${kind} ${timesOf(time)}`)
  return [
    `${name}: ${times}, ${groups}${chosen} (${rowLevel(aggregate)})`,
    measures.map(describeMeasure).join(', '),
    `${whoIsShown(aggregate)}, kept ${formatDuration(retentionMs)}`,
  ].join('; ')
}

function timesOf(time: string | Record<string, string>): string {
  if (typeof time === 'string') return time
  return Object.entries(time)
    .map(([name, length]) => (name === 'every' ? `every ${length}` : length))
    .join(' ')
}

function describeMeasure({ name, kind, pointer, parameters, level }: AggregateMeasure): string {
  const more = Object.entries(parameters).map(([key, value]) => ` ${key} ${value}`)
  return `${name} = ${kind}${more.join('')}${pointer === undefined ? '' : ` of ${pointer}`} (${level})`
}

function whoIsShown({ k, perPerson }: Aggregate): string {
  if (perPerson) return 'groups may be single persons'
  return k === 0 ? 'about nobody' : `groups of ${k} persons or more`
}

// Filters, order and pages of the documents port as MongoDB queries. A range matches values of its own kind alone;
// a document without the member comes first, then numbers, then strings.

import type { Document, Filter as MongoFilter } from 'mongodb'
import { checkedLimit, checkedMember, checkedValue, kindOfRange } from './check-documents.ts'
import type { Filter, FilterValue, FindOptions } from './documents.ts'
import type { MongoForm } from './mongo-form.ts'

export interface MongoFind {
  filter: MongoFilter<MongoForm>
  sort: Record<string, 1 | -1>
  limit: number
}

/** Where an indexed member rests. */
export const pathOf = (member: string) => `body.${member}`

/** @throws RangeError for a member without an index or a limit out of bounds; TypeError for no filter value */
export function mongoFind(indexes: Set<string>, { where = {}, sort, after, limit }: FindOptions): MongoFind {
  const conditions = conditionsOf(indexes, where)
  const path = sort && pathOf(checkedMember(indexes, sort.by))
  const descending = sort?.order === 'descending'
  if (after) conditions.push(afterwards({ path, descending, after }))
  const direction = descending ? -1 : 1
  return {
    filter: joined(conditions),
    sort: { ...(path && { [path]: direction }), _id: direction },
    limit: checkedLimit(limit),
  }
}

/** The pipeline that gives `_id` (the value) and `count`, the largest first. @throws as `mongoFind` does */
export function mongoCount(
  indexes: Set<string>,
  { member, where, limit }: { member: string; where: Filter; limit: number },
): Document[] {
  const path = pathOf(checkedMember(indexes, member))
  return [
    { $match: joined([...conditionsOf(indexes, where), { [path]: { $ne: null } }]) },
    { $group: { _id: `$${path}`, count: { $sum: 1 } } },
    { $sort: { count: -1, _id: 1 } },
    { $limit: checkedLimit(limit) },
  ]
}

/** @throws as `mongoFind` does */
export function mongoFilter(indexes: Set<string>, where: Filter): MongoFilter<MongoForm> {
  return joined(conditionsOf(indexes, where))
}

function conditionsOf(indexes: Set<string>, where: Filter): Document[] {
  return Object.entries(where).map(([member, filter]) => {
    const path = pathOf(checkedMember(indexes, member))
    if (typeof filter !== 'object' || filter === null) return { [path]: { $eq: checkedValue(filter) } }
    kindOfRange(filter)
    const { from, before } = filter
    return {
      [path]: { ...(from !== undefined && { $gte: from }), ...(before !== undefined && { $lt: before }) },
    }
  })
}

/** What comes after a document: the same value and a further id, or a further value, of its kind or of the next. */
function afterwards({
  path,
  descending,
  after: { value, id },
}: {
  path: string | undefined
  descending: boolean
  after: { value?: FilterValue; id: string }
}): Document {
  const further = descending ? '$lt' : '$gt'
  const beyondId = { _id: { [further]: checkedValue(id) } }
  if (!path) return beyondId
  if (value === undefined) {
    const sameNothing = { [path]: null, ...beyondId }
    return descending ? sameNothing : { $or: [sameNothing, { [path]: { $ne: null } }] }
  }
  const isNumber = typeof checkedValue(value) === 'number'
  const strings = { [path]: { $gte: '' } }
  const numbers = { [path]: { $gte: Number.NEGATIVE_INFINITY } }
  const otherKinds = descending ? [...(isNumber ? [] : [numbers]), { [path]: null }] : isNumber ? [strings] : []
  return { $or: [{ [path]: value, ...beyondId }, { [path]: { [further]: value } }, ...otherKinds] }
}

const joined = (conditions: Document[]): MongoFilter<MongoForm> => (conditions.length > 0 ? { $and: conditions } : {})

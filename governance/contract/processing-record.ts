// The record of processing activities (GDPR art. 30), from what the policies say: one activity for each dataset.

import type { Level } from '../classification/taxonomy.ts'
import { levels } from '../classification/taxonomy.ts'
import { pointersOf } from './aggregate.ts'
import type { Contract, FieldRule } from './contract.ts'
import type { Policy } from './policy.ts'
import { formatDuration } from './policy-parts.ts'

export interface ProcessingActivity {
  dataset: string
  title: string | null
  /** Who answers for the data, and who looks after it. */
  controller: string
  steward: string
  purpose: string
  legalBasis: Policy['legalBasis']
  /** Kinds of persons. */
  subjects: string[]
  data: DataCategory[]
  /** Statistics that are made of the data: from which fields, of groups of how many persons at least, for how long. */
  statistics: { name: string; fields: string[]; k: number; retention: string }[]
  recipients: string[]
  /** To third countries: no policy says. */
  transfers: null
  /** As the policy says it, from reception: `400d`. */
  retention: Policy['retention']
  /** Day of the last review of the policy, and how often it is due. */
  review: { last: string; every: string } | null
}

export interface DataCategory {
  /** Of Fideslang; null for fields that nobody gave one. */
  category: string | null
  /** The highest of its fields. */
  level: Level
  /** Pointers, over all schema versions. */
  fields: string[]
  /** What is done to them before they are stored: names of actions. */
  measures: FieldRule['actionName'][]
}

export function processingActivity({ dataset, policy, versions, subjects, aggregates }: Contract): ProcessingActivity {
  const { title, owner, steward, purpose, legalBasis, recipients, retention, review } = policy
  return {
    dataset,
    title: title ?? null,
    controller: owner,
    steward,
    purpose,
    legalBasis,
    subjects: [...new Set(subjects.map(({ type }) => type))],
    data: dataCategories([...versions.values()].flatMap(({ fields }) => fields)),
    statistics: aggregates.map(each => ({
      name: each.name,
      fields: [...pointersOf(each)],
      k: each.k,
      retention: formatDuration(each.retentionMs),
    })),
    recipients: recipients ?? [],
    transfers: null,
    retention,
    review: review ? { last: review.last, every: review.every } : null,
  }
}

/** Named ones first, by name. */
function dataCategories(rules: FieldRule[]): DataCategory[] {
  const byCategory = [...Map.groupBy(rules, ({ category }) => category ?? null)]
  return byCategory
    .sort(([a], [b]) => ((a ?? '\uffff') < (b ?? '\uffff') ? -1 : 1))
    .map(([category, found]) => ({
      category,
      level: levels[Math.max(...found.map(({ level }) => levels.indexOf(level)))]!,
      fields: [...new Set(found.map(({ pointer }) => pointer))],
      measures: [...new Set(found.map(({ actionName }) => actionName))],
    }))
}

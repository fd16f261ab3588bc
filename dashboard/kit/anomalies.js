// What lists and pages of anomalies are made of, without a page: floods put together, causes by which events were
// rejected, and where the copies of one event differ.

import { leavesOf } from './leaves.js'

/** From so many on, rows of one kind are one line. */
const FLOOD = 5

/**
 * Rows, newest first, of which those of one kind, severity, state and hour are one: `{ flood: rows }`.
 * @param {{ kind: string, severity: string, state: string, detectedAt: string }[]} rows
 */
export function foldFloods(rows) {
  const alike = Map.groupBy(rows, ({ kind, severity, state, detectedAt }) =>
    [kind, severity, state, detectedAt.slice(0, 13)].join(' '),
  )
  return [...alike.values()].flatMap(all => (all.length < FLOOD ? all : [{ ...all[0], flood: all }])).sort(byTime)
}

const byTime = ({ detectedAt: a }, { detectedAt: b }) => (a < b ? 1 : a > b ? -1 : 0)

/** Where the quarantine holds what was rejected; undefined for what rejects nothing. @returns its address’s query */
export function rejectedAs({ dataset, kind, pointer, evidence }) {
  const { metric = 'causes', about } = evidence ?? {}
  const isRejecting =
    kind === 'unusual-rejections' || (['schema-drift', 'missing'].includes(kind) && metric === 'causes')
  if (!isRejecting) return undefined
  // The quarantine counts items of an array one by one.
  const isExact = metric === 'causes' && about !== undefined && !pointer?.split('/').includes('*')
  return { dataset, ...(isExact && { cause: `${pointer || '(event)'} ${about}` }) }
}

/** What these are held against stands in a policy; rules of Écluse’s own are held everywhere. */
export function isPromise(metric) {
  return !['causes', 'ahead', 'suspects', 'spread'].includes(metric)
}

/** Leaves that are otherwise in a copy: `[pointer, first, copy]`. What is sealed is otherwise each time, and left out. */
export function differencesOf(first, copy) {
  const [before, after] = [new Map(leavesOf(first)), new Map(leavesOf(copy))]
  const isSealed = value => typeof value === 'string' && value.startsWith('enc1.')
  return [...new Set([...before.keys(), ...after.keys()])].flatMap(pointer => {
    const [a, b] = [before.get(pointer), after.get(pointer)]
    return a === b || (isSealed(a) && isSealed(b)) ? [] : [[pointer, a, b]]
  })
}

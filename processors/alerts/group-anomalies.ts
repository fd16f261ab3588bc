// Which anomalies are told together, and which of them still stand. Pure: what a group becomes is computed from what it
// was, so that it can be computed again over what somebody else wrote meanwhile, and nothing counts twice.

import type { AlertPolicy, Route } from '../../governance/alerts/alert-policy.ts'
import { rankOf } from '../../governance/anomalies/anomaly-kinds.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredAlert, StoredAlertMember } from '../../storage/stored-alert.ts'

/** Members of a group that are watched until they are over; further ones are counted. */
export const MAX_MEMBERS = 200

/** What is read of an anomaly. */
export interface SeenAnomaly {
  id: string
  dataset: string
  kind: string
  severity: string
  state: string
  detectedAt: string
  detail: string
  /** What its detail tells in another language: see `describeAnomaly`. */
  pointer?: string
  evidence?: JsonObject
  /** The strictest level of what its detail tells; missing: public. */
  level?: string
  window?: { start: string; end: string }
}

export function fits(route: Route, { dataset, kind, severity }: SeenAnomaly): boolean {
  if (route.datasets && !route.datasets.has(dataset)) return false
  if (route.kinds && !route.kinds.has(kind)) return false
  return rankOf(severity) >= route.leastRank
}

export function isSilenced(
  { silences }: Pick<AlertPolicy, 'silences'>,
  { dataset, kind }: Pick<SeenAnomaly, 'dataset' | 'kind'>,
  nowMs: number,
): boolean {
  return silences.some(
    silence => silence.untilMs > nowMs && (silence.dataset ?? dataset) === dataset && (silence.kind ?? kind) === kind,
  )
}

/** Whether somebody has still to look at it, or looks. */
export function stands(state: string): boolean {
  return state !== 'resolved' && state !== 'false-alarm'
}

/** Names may hold no slash, so two groups never meet. */
export function alertIdOf(route: Route, anomaly: Pick<SeenAnomaly, 'dataset' | 'kind' | 'severity'>): string {
  const named = (['dataset', 'kind', 'severity'] as const).map(each => (route.by.includes(each) ? anomaly[each] : '*'))
  return [route.name, ...named].join('/')
}

/** A group as it is before its first anomaly. */
export function emptyAlert(route: Route, anomaly: SeenAnomaly): StoredAlert {
  return {
    id: alertIdOf(route, anomaly),
    route: route.name,
    group: Object.fromEntries(route.by.map(each => [each, anomaly[each]])),
    ...{ open: 0, active: 0, opening: '', members: [], unwatched: 0, unwatchedUntold: 0, through: null },
    ...{ standing: false, notices: 0, told: 0, toldAtMs: null, deliveries: [], writer: '' },
  }
}

/** Whether a group was made by the route as it is now. */
export function isOf(route: Route, { group }: StoredAlert): boolean {
  return Object.keys(group).sort().join() === [...route.by].sort().join()
}

export interface Addition {
  nowMs: number
  /** Read in the order of detection: what comes after the last one counted is new, the rest was counted. */
  inOrder: boolean
  /** Of a group that opens anew. */
  opening: string
}

/** @returns the very same group where the anomaly changes nothing */
export function withAnomaly(alert: StoredAlert, anomaly: SeenAnomaly, addition: Addition): StoredAlert {
  const { through, members } = alert
  const place = { at: anomaly.detectedAt, id: anomaly.id }
  if (addition.inOrder && through && !isAfter(place, through)) return alert
  const counted = addition.inOrder ? { ...alert, through: place } : alert
  if (!stands(anomaly.state) || members.some(({ id }) => id === anomaly.id)) return counted
  if (members.length < MAX_MEMBERS) {
    // Out of order, it may be one of those that were counted only.
    if (!addition.inOrder && alert.unwatched > 0) return alert
    return { ...opened(counted, addition.opening), members: [...members, memberOf(anomaly, addition.nowMs)] }
  }
  if (!addition.inOrder) return alert
  return { ...counted, unwatched: counted.unwatched + 1, unwatchedUntold: counted.unwatchedUntold + 1 }
}

function isAfter(one: { at: string; id: string }, other: { at: string; id: string }): boolean {
  return one.at === other.at ? one.id > other.id : one.at > other.at
}

function memberOf({ id, dataset, kind, severity, state }: SeenAnomaly, addedAtMs: number): StoredAlertMember {
  return { id, dataset, kind, severity, state, addedAtMs, told: false }
}

function opened(alert: StoredAlert, opening: string): StoredAlert {
  if (alert.open === 1) return alert
  const anew = { unwatched: 0, unwatchedUntold: 0, standing: false, notices: 0, told: 0, toldAtMs: null }
  return { ...alert, ...anew, open: 1, opening }
}

/**
 * Members as they are now, without those that are over.
 * @param found by id; undefined: gone. A member that was not asked for stays as it is
 */
export function withWatched(alert: StoredAlert, found: ReadonlyMap<string, SeenAnomaly | undefined>): StoredAlert {
  const members = alert.members.flatMap(member => {
    if (!found.has(member.id)) return member
    const anomaly = found.get(member.id)
    if (!anomaly || !stands(anomaly.state)) return []
    const { state, severity } = anomaly
    return state === member.state && severity === member.severity ? member : { ...member, state, severity }
  })
  const isSame = members.length === alert.members.length && members.every((each, i) => each === alert.members[i])
  return isSame ? alert : { ...alert, members }
}

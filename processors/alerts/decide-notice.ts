// What is told of a group, and when: the first after a wait, more of it at an interval, all of it again while nobody
// takes it up, and that it is over. Pure, with a clock that is given.

import type { Route } from '../../governance/alerts/alert-policy.ts'
import { mostSevere } from '../../governance/anomalies/anomaly-kinds.ts'
import { describeAnomaly } from '../../governance/anomalies/describe-anomaly.ts'
import type { Language } from '../../runtime/language.ts'
import type { StoredAlert, StoredAlertMember, StoredAlertSample, StoredNotice } from '../../storage/stored-alert.ts'
import { MAX_SAMPLES, queued } from './deliveries.ts'
import type { SeenAnomaly } from './group-anomalies.ts'

/** What leaves the house: texts about fields of these levels, and no others. */
const tellableLevels = ['public', 'internal']

export interface Decision {
  route: Route
  /** Channels of the route that can be used here: `email steward`. */
  channels: string[]
  isSilenced(member: StoredAlertMember): boolean
  /** Anomalies by id, for what a message says of them. */
  found: ReadonlyMap<string, SeenAnomaly | undefined>
  nowMs: number
}

/** The group with what is to be told of it now, if anything; the very same one otherwise. */
export function decided(alert: StoredAlert, decision: Decision): StoredAlert {
  if (alert.open === 0) return alert
  const kind = noticeDue(alert, decision)
  if (kind === undefined) return alert.members.length === 0 && !alert.standing ? closed(alert) : alert
  const told = tell(alert, kind, decision)
  return told.members.length === 0 && !told.standing ? closed(told) : told
}

function noticeDue(alert: StoredAlert, decision: Decision): StoredNotice['kind'] | undefined {
  const { route, nowMs } = decision
  const fresh = freshOf(alert, decision)
  const counted = countedOf(alert, decision)
  const told = alert.members.filter(member => member.told)
  if (!alert.standing) {
    const sinceMs = Math.min(...fresh.map(({ addedAtMs }) => addedAtMs))
    return nowMs >= sinceMs + route.waitMs ? 'opened' : undefined
  }
  if (fresh.length > 0 || counted > 0) {
    const sinceMs = Math.min(nowMs, ...fresh.map(({ addedAtMs }) => addedAtMs))
    const waitsUntilMs = fresh.length > 0 ? sinceMs + route.waitMs : 0
    if (nowMs >= Math.max(waitsUntilMs, (alert.toldAtMs ?? 0) + route.intervalMs)) return 'more'
  } else if (told.length === 0) return 'resolved'
  const waits = told.some(member => member.state === 'open' && !decision.isSilenced(member))
  const isTime = route.repeatMs !== undefined && nowMs >= (alert.toldAtMs ?? 0) + route.repeatMs
  return waits && isTime ? 'repeated' : undefined
}

function freshOf({ members }: StoredAlert, { isSilenced }: Decision): StoredAlertMember[] {
  return members.filter(member => !member.told && !isSilenced(member))
}

/** Of those that are not watched, how many are still to be told: none while all that is watched is silenced. */
function countedOf({ members, unwatchedUntold }: StoredAlert, { isSilenced }: Decision): number {
  return members.length === 0 || members.some(member => !isSilenced(member)) ? unwatchedUntold : 0
}

function tell(alert: StoredAlert, kind: StoredNotice['kind'], decision: Decision): StoredAlert {
  const { route, channels, nowMs } = decision
  const isNews = kind === 'opened' || kind === 'more'
  const fresh = isNews ? freshOf(alert, decision) : []
  const counted = isNews ? countedOf(alert, decision) : 0
  const freshIds = new Set(fresh.map(({ id }) => id))
  const members = alert.members.map(member => (freshIds.has(member.id) ? { ...member, told: true } : member))
  const standing = members.filter(({ told }) => told)
  const numbers = { fresh: fresh.length + counted, all: alert.told + fresh.length + counted }
  const shown = fresh.length > 0 ? fresh : standing
  const notice: StoredNotice = {
    number: alert.notices + 1,
    kind,
    at: new Date(nowMs).toISOString(),
    severity: mostSevere(shown.map(({ severity }) => severity)),
    ...numbers,
    standing: standing.length + (kind === 'resolved' ? 0 : alert.unwatched),
    unwatched: alert.unwatched,
    samples: shown.slice(0, MAX_SAMPLES).flatMap(({ id }) => sampleOf(decision.found.get(id), route.language)),
    language: route.language,
  }
  const isOver = kind === 'resolved'
  const after: StoredAlert = {
    ...alert,
    members,
    unwatchedUntold: alert.unwatchedUntold - counted,
    standing: !isOver,
    notices: notice.number,
    told: isOver ? 0 : numbers.all,
    unwatched: isOver ? 0 : alert.unwatched,
    toldAtMs: nowMs,
  }
  if (isOver && !route.tellsResolved) return after
  return { ...after, deliveries: queued(after, notice, channels, nowMs) }
}

/** A detail about what is confidential stays in the house; of a level nobody knows, too. */
function sampleOf(anomaly: SeenAnomaly | undefined, language: Language): StoredAlertSample[] {
  if (!anomaly) return []
  const { id, dataset, kind, severity, detectedAt, window, level = 'public' } = anomaly
  const { start, end } = window ?? { start: detectedAt, end: detectedAt }
  const detail = tellableLevels.includes(level) ? describeAnomaly(anomaly, language) : null
  return [{ id, dataset, kind, severity, start, end, detail }]
}

/** Nothing of it stands. What was queued is still delivered. */
function closed(alert: StoredAlert): StoredAlert {
  return { ...alert, open: 0, unwatched: 0, unwatchedUntold: 0 }
}

// Tells people of anomalies: reads those that are new, puts them into groups, decides what is to be told of each, and
// sends it. Several processors may do so at once: all that is decided stands in the documents, and who sends has a claim.

import { randomUUID } from 'node:crypto'
import type { AlertPolicy, Route } from '../../governance/alerts/alert-policy.ts'
import type { Language } from '../../runtime/language.ts'
import { loggable } from '../../runtime/loggable.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { StoredAlert, StoredDelivery } from '../../storage/stored-alert.ts'
import { openAlertStore } from './alert-store.ts'
import { decided } from './decide-notice.ts'
import { type Attempt, claimed, dueOf, GIVEN_UP_MS, heldBy, isGivenUp, settled } from './deliveries.ts'
import { getAnomalies, readAnomalies } from './find-anomalies.ts'
import {
  alertIdOf,
  emptyAlert,
  fits,
  isOf,
  isSilenced,
  type SeenAnomaly,
  withAnomaly,
  withWatched,
} from './group-anomalies.ts'
import { type Channels, channelName, channelNamed } from './open-channels.ts'
import { writeNotice } from './write-notice.ts'

/** Messages that one process sends at once. */
const MAX_SENDING = 8

export interface AlertsDeps {
  documents: Pick<Documents, 'get' | 'getAll' | 'find' | 'countBy' | 'upsertNewer'>
  channels: Channels
  /** The rules in force. */
  policy: () => AlertPolicy
  publicUrl: string | undefined
  /** How long one try may take, ms. */
  timeoutMs: number
  /** Told how each try ended: what was sent, what will be tried again, what never will. */
  count(route: string, channel: string, outcome: 'sent' | 'failed' | 'given-up'): void
  logger: Pick<Logger, 'warn' | 'error'>
  now: () => number
}

export interface Alerts {
  /** Looks once, and starts to send what is due. */
  turn(): Promise<void>
  /** Resolves once nothing is being sent. */
  idle(): Promise<void>
}

export function openAlerts(deps: AlertsDeps): Alerts {
  const { documents, channels, policy, logger, now } = deps
  const store = openAlertStore(documents, now)
  /** Who died while sending is waited for as long as two tries take. */
  const claimMs = 2 * deps.timeoutMs
  const sending = new Map<string, Promise<void>>()
  let nextActive: string | undefined

  const usable = ({ to }: Route) => to.filter(channel => channels.obstacle(channel) === undefined).map(channelName)

  async function groupNew(routes: Route[]): Promise<void> {
    if (routes.length === 0) return
    await readAnomalies({ documents, store, now }, async (anomalies, inOrder) => {
      for (const route of routes) {
        const own = Map.groupBy(
          anomalies.filter(anomaly => fits(route, anomaly)),
          anomaly => alertIdOf(route, anomaly),
        )
        for (const [id, group] of own) await add(id, route, group, inOrder)
      }
    })
  }

  async function add(id: string, route: Route, anomalies: SeenAnomaly[], inOrder: boolean): Promise<void> {
    const addition = { nowMs: now(), inOrder, opening: randomUUID() }
    await store.change(id, stored => {
      const known = stored && isOf(route, stored) ? stored : undefined
      const before = known ?? emptyAlert(route, anomalies[0]!)
      const after = anomalies.reduce((alert, anomaly) => withAnomaly(alert, anomaly, addition), before)
      return after === before ? stored : after
    })
  }

  async function tend(alert: StoredAlert, route: Route | undefined): Promise<StoredAlert | undefined> {
    const found = await getAnomalies(
      documents,
      alert.members.map(({ id }) => id),
    )
    return store.change(alert.id, stored => {
      if (!stored) return undefined
      // A route that is gone, or groups otherwise, has nothing more to say here.
      if (!route || !isOf(route, stored)) return { ...stored, open: 0, members: [], deliveries: [] }
      const usableChannels = usable(route)
      const kept = withoutStale(withWatched(stored, found), route, usableChannels, now())
      // Another process may have the settings that this one lacks.
      if (usableChannels.length === 0) return kept
      const silences = policy()
      return decided(kept, {
        route,
        channels: usableChannels,
        isSilenced: member => isSilenced(silences, member, now()),
        found,
        nowMs: now(),
      })
    })
  }

  function startSending(alert: StoredAlert): void {
    for (const { id, channel } of dueOf(alert, now())) {
      const isOurs = channels.obstacle(channelNamed(channel)) === undefined
      if (!isOurs || sending.size >= MAX_SENDING || sending.has(id)) continue
      const work = deliver(alert.id, id).catch(error =>
        logger.error(
          { route: alert.route, err: loggable(error) },
          'an alert could not be sent; it will be tried again',
        ),
      )
      sending.set(
        id,
        work.finally(() => sending.delete(id)),
      )
    }
  }

  async function deliver(alertId: string, deliveryId: string): Promise<void> {
    const token = randomUUID()
    const claim = (alert: StoredAlert | undefined) => alert && claimed(alert, deliveryId, token, now(), claimMs)
    const alert = await store.change(alertId, claim)
    const delivery = heldBy(alert, token)
    // Somebody else has it; or our claim may end before our try does.
    if (!alert || !delivery || delivery.claim!.untilMs - now() < deps.timeoutMs) return
    const attempt = await send(alert, delivery)
    const settling = { attempt, nowMs: now(), chance: Math.random() }
    await store.change(alertId, stored => stored && settled(stored, token, settling))
    tell(alert.route, delivery, attempt, isGivenUp(delivery, settling))
  }

  async function send({ route, group }: StoredAlert, delivery: StoredDelivery): Promise<Attempt & { reason?: string }> {
    const { id, notice } = delivery
    const language = notice.language as Language
    const message = writeNotice({ id, route, group, notice, language, at: notice.at, publicUrl: deps.publicUrl })
    const failure = await channels.send(channelNamed(delivery.channel), group.dataset, id, message)
    return failure ? { ok: false, ...failure } : { ok: true }
  }

  function tell(
    route: string,
    { id, channel, attempts }: StoredDelivery,
    attempt: Attempt & { reason?: string },
    isOver: boolean,
  ) {
    const { kind, name } = channelNamed(channel)
    deps.count(route, kind, attempt.ok ? 'sent' : isOver ? 'given-up' : 'failed')
    if (attempt.ok) return
    // An address is a person's: of e-mail, only that it is.
    const facts = { route, channel: kind === 'email' ? kind : `${kind} ${name}`, delivery: id, attempts }
    const because = attempt.reason ?? 'it failed'
    if (isOver) logger.error({ ...facts, because }, 'an alert could not be delivered, and is given up')
    else logger.warn({ ...facts, because }, 'an alert could not be delivered; it will be tried again')
  }

  return {
    turn: async () => {
      const { routes } = policy()
      await groupNew(routes.filter(route => usable(route).length > 0))
      const { alerts, next } = await store.findActive(nextActive)
      nextActive = next
      for (const alert of alerts) {
        const tended = await tend(
          alert,
          routes.find(({ name }) => name === alert.route),
        )
        if (tended) startSending(tended)
      }
    },
    idle: async () => void (await Promise.all(sending.values())),
  }
}

/** Without what was on its way to where the route sends nothing any more, or where this process could not for a day. */
function withoutStale(alert: StoredAlert, { to }: Route, usable: string[], nowMs: number): StoredAlert {
  const named = to.map(channelName)
  const deliveries = alert.deliveries.filter(
    ({ channel, beganAtMs }) =>
      named.includes(channel) && (usable.includes(channel) || nowMs - beganAtMs < GIVEN_UP_MS),
  )
  return deliveries.length === alert.deliveries.length ? alert : { ...alert, deliveries }
}

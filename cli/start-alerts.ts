// Starts telling people of anomalies, and keeps the numbers of it for Prometheus.

import { type LiveAlerts, openLiveAlerts } from '../governance/alerts/live-alerts.ts'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { openAlertStore } from '../processors/alerts/alert-store.ts'
import { type Channels, channelName } from '../processors/alerts/open-channels.ts'
import { openAlerts } from '../processors/alerts/run-alerts.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Shutdown } from '../runtime/shutdown.ts'
import type { Telemetry } from '../runtime/telemetry.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { openAlertChannels } from './open-alert-channels.ts'

/** How long messages that are being sent may take on when the process stops; then they are for the next one. */
const GRACE_MS = 2_000
/** Turns between two counts of what is open. */
const COUNTED_EVERY = 3

export interface StartAlertsDeps {
  config: Config
  documents: Documents
  catalogue: Pick<Catalogue, 'find'>
  telemetry: Telemetry
  logger: Logger
  shutdown: Shutdown
  now: () => number
}

/** Starts; all of it stops with `shutdown`. @returns what is wrong with the rules, as the file stands */
export async function startAlerts(deps: StartAlertsDeps): Promise<LiveAlerts['diagnostics']> {
  const { config, documents, catalogue, telemetry, logger, shutdown, now } = deps
  const stopping = new AbortController()
  const channels = openAlertChannels(config, catalogue.find, now, stopping.signal)
  const live = await openLiveAlerts({
    ...config,
    now,
    onProblem: diagnostics => {
      for (const each of diagnostics) {
        if (each.severity === 'error') logger.error(`${formatDiagnostic(each)} What was in force stays in force.`)
        else logger.warn(formatDiagnostic(each))
      }
    },
  })
  const messages = telemetry.meter.createCounter('ecluse_alert_messages', { description: 'Alerts by outcome' })
  const alerts = openAlerts({
    ...{ documents, channels, logger, now },
    policy: live.current,
    publicUrl: config.publicUrl,
    timeoutMs: config.alertTimeoutMs,
    count: (route, channel, outcome) => messages.add(1, { route, channel, outcome }),
  })
  const tellObstacles = watchObstacles(live, channels, logger)
  shutdown.onStop('alert messages', async () => {
    const grace = setTimeout(() => stopping.abort(), GRACE_MS)
    await alerts.idle()
    clearTimeout(grace)
  })
  shutdown.onStop('alert rules', every(config.watchIntervalMs, live.look, logger))
  shutdown.onStop(
    'alerts',
    every(
      config.alertIntervalMs,
      async () => {
        tellObstacles()
        await alerts.turn()
      },
      logger,
    ),
  )
  const count = observeOpen(documents, telemetry, now)
  shutdown.onStop('alert numbers', every(COUNTED_EVERY * config.alertIntervalMs, count, logger))
  return live.diagnostics
}

/** Says once, and again when it changes, which routes cannot send from here. */
function watchObstacles(live: LiveAlerts, channels: Channels, logger: Logger): () => void {
  let told = ''
  return () => {
    const found = live.current().routes.flatMap(({ name, to }) =>
      to.flatMap(channel => {
        const because = channels.obstacle(channel)
        return because === undefined ? [] : `route ${name}, ${channelName(channel)}: ${because}`
      }),
    )
    const text = found.join('; ')
    if (text !== told && text !== '') logger.info(`some alerts are not sent from here: ${text}`)
    told = text
  }
}

/** A gauge of the groups that are open, which every processor tells alike. */
function observeOpen(documents: Documents, { meter }: Telemetry, now: () => number): () => Promise<void> {
  const store = openAlertStore(documents, now)
  let groups = new Map<string, number>()
  meter
    .createObservableGauge('ecluse_alert_groups', { description: 'Open groups of anomalies, by route' })
    .addCallback(result => {
      for (const [route, count] of groups) result.observe(count, { route })
    })
  return async () => {
    const counted = await store.countOpen()
    // A route that has none any more has the value 0.
    groups = new Map([...[...groups.keys()].map(route => [route, 0] as const), ...counted])
  }
}

// ecluse alerts: sends a test message through each channel of a route, with the settings of this machine, and says what
// became of it.

import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Route } from '../governance/alerts/alert-policy.ts'
import { loadAlerts } from '../governance/alerts/read-alerts.ts'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { didYouMean, listed } from '../governance/contract/did-you-mean.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { deliveryId } from '../processors/alerts/deliveries.ts'
import { type Channels, channelName } from '../processors/alerts/open-channels.ts'
import { writeNotice } from '../processors/alerts/write-notice.ts'
import type { Config } from '../runtime/config.ts'
import { openAlertChannels } from './open-alert-channels.ts'
import { UsageError, type Verb } from './verb.ts'

interface Result {
  channel: string
  ok: boolean
  detail: string
}

const alerts: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, dataset: { type: 'string' } },
  })
  const [what, name, ...others] = positionals
  if (what !== 'test' || name === undefined || others.length > 0)
    throw new UsageError('write: ecluse alerts test <route> [--dataset NAME]')
  const route = await findRoute(config, name)
  const { contracts } = await loadContracts(config)
  const dataset = datasetOf(route, [...contracts.keys()], values.dataset)
  const channels = openAlertChannels(config, each => contracts.get(each), Date.now)
  const results = await tryOut(channels, route, dataset, config.publicUrl)
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  else
    for (const { channel, ok, detail } of results)
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${channel.padEnd(32)}${detail}\n`)
  return results.every(({ ok }) => ok) ? 0 : 1
}

/** @throws Error when the rules are wrong, or hold no such route */
async function findRoute({ policiesDir }: Config, name: string): Promise<Route> {
  const { policy, diagnostics } = await loadAlerts(policiesDir, { nowMs: Date.now() })
  if (!policy) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  const route = policy.routes.find(each => each.name === name)
  if (route) return route
  const names = policy.routes.map(each => each.name)
  throw new Error(`there is no route \`${name}\`. ${didYouMean(name, names)}Routes are ${listed(names)}.`)
}

/** The dataset whose steward or owner is written to: the one that is asked for, else the first that the route tells of. */
function datasetOf({ datasets }: Route, declared: string[], asked: string | undefined): string | undefined {
  if (asked !== undefined && !declared.includes(asked))
    throw new Error(`no dataset of this name is declared. ${didYouMean(asked, declared)}`.trim())
  return asked ?? declared.find(each => !datasets || datasets.has(each))
}

async function tryOut(
  channels: Channels,
  { name, to, language }: Route,
  dataset: string | undefined,
  publicUrl: string | undefined,
): Promise<Result[]> {
  const opening = randomUUID()
  const at = new Date().toISOString()
  return Promise.all(
    to.map(async each => {
      const channel = channelName(each)
      const id = deliveryId(opening, 0, channel)
      const group: Record<string, string> = dataset === undefined ? {} : { dataset }
      const message = writeNotice({ ...{ id, route: name, group, language, at, publicUrl }, notice: undefined })
      const failure = await channels.send(each, dataset, id, message)
      return { channel, ok: !failure, detail: failure?.reason ?? 'taken' }
    }),
  )
}

export default alerts

// Reads policies/alerts.yaml: its shape, and everything that can be judged without the settings of a process.

import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { rankOf } from '../anomalies/anomaly-kinds.ts'
import { checkShape } from '../contract/check-shape.ts'
import { type Diagnostic, type Report, reportInto } from '../contract/diagnostic.ts'
import { didYouMean } from '../contract/did-you-mean.ts'
import { readInstant } from '../contract/instant.ts'
import { durationMs } from '../contract/policy-parts.ts'
import { readFound } from '../contract/read-files.ts'
import { parseSource, type SourceFile } from '../contract/source-file.ts'
import {
  type AlertFile,
  type AlertPolicy,
  alertFileShape,
  type Channel,
  type Grouping,
  groupings,
  noAlerts,
  type Route,
} from './alert-policy.ts'

type WrittenRoute = AlertFile['routes'][number]
type WrittenSilence = NonNullable<AlertFile['silences']>[number]

const DEFAULT_GROUP = { by: ['dataset', 'kind'], wait: '30s', interval: '5m' } as const

export interface LoadedAlerts {
  /** Undefined where the file has an error. */
  policy: AlertPolicy | undefined
  diagnostics: Diagnostic[]
}

export interface LoadAlertsOptions {
  /** For silences that have ended, ms since the epoch. */
  nowMs: number
  /** Those that exist, to tell a misspelt one; undefined where nobody knows. */
  datasets?: Iterable<string>
}

export function alertsFileIn(policiesDir: string): string {
  return join(policiesDir, 'alerts.yaml')
}

/** Reads and compiles the file. One that is not there alerts nobody. What is wrong with it is reported, never thrown. */
export async function loadAlerts(policiesDir: string, options: LoadAlertsOptions): Promise<LoadedAlerts> {
  const path = alertsFileIn(policiesDir)
  const diagnostics: Diagnostic[] = []
  const report = reportInto(diagnostics)
  if (await isAbsent(path)) return { policy: noAlerts, diagnostics }
  const found = await readFound(path, report)
  const source = found && parseSource(found, 'yaml', report)
  const policy = source && readAlerts(source, options, report)
  const isSound = !diagnostics.some(({ severity }) => severity === 'error')
  return { policy: isSound ? policy : undefined, diagnostics }
}

async function isAbsent(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  )
}

function readAlerts(source: SourceFile, options: LoadAlertsOptions, report: Report): AlertPolicy | undefined {
  if (source.value === undefined) return undefined
  if (!checkShape(alertFileShape, source, [], source.value, report)) return undefined
  const { routes, silences = [] } = source.value as unknown as AlertFile
  const datasets = options.datasets && [...options.datasets]
  for (const [i, route] of routes.entries()) {
    if (routes.findIndex(({ name }) => name === route.name) < i)
      report.error(
        source.at(['routes', i, 'name']),
        `two routes are called \`${route.name}\`.`,
        'Give each its own name.',
      )
    checkGroup(source, i, route, report)
    for (const [j, dataset] of (route.when?.datasets ?? []).entries())
      checkDataset(source, ['routes', i, 'when', 'datasets', j], dataset, datasets, report)
  }
  const read = silences.map((silence, i) => readSilence(source, i, silence, options.nowMs, datasets, report))
  return { routes: routes.map(compileRoute), silences: read.filter(silence => silence !== undefined) }
}

function checkGroup(source: SourceFile, i: number, { to, group = {} }: WrittenRoute, report: Report): void {
  const { by = DEFAULT_GROUP.by, interval = DEFAULT_GROUP.interval, repeat } = group
  const named = to.findIndex(({ email }) => email === 'steward' || email === 'owner')
  if (named >= 0 && !by.includes('dataset'))
    report.error(
      source.at(['routes', i, 'group', 'by']),
      `each dataset has its own ${to[named]!.email}, and anomalies of several would be told together.`,
      'Add `dataset` here, or name an address.',
    )
  if (repeat !== undefined && durationMs(repeat) < durationMs(interval))
    report.error(
      source.at(['routes', i, 'group', 'repeat']),
      'what is old would be repeated sooner than what is new is told.',
      `Write \`repeat: ${interval}\` or longer, or a shorter \`interval\`.`,
    )
}

function readSilence(
  source: SourceFile,
  i: number,
  { dataset, kind, until }: WrittenSilence,
  nowMs: number,
  datasets: string[] | undefined,
  report: Report,
) {
  if (dataset === undefined && kind === undefined) {
    const fix = 'Add `dataset:` or `kind:`; to be told nothing at all, take the routes away.'
    report.error(source.at(['silences', i]), 'this silence would hide everything.', fix)
  }
  if (dataset !== undefined) checkDataset(source, ['silences', i, 'dataset'], dataset, datasets, report)
  const end = readInstant(until, 'UTC')
  const at = source.at(['silences', i, 'until'])
  if (typeof end !== 'object') {
    report.error(at, `\`${until}\` is no time.`, 'Write a time such as 2026-12-01T08:00:00Z, or a day.')
    return undefined
  }
  if (end.epochMs <= nowMs) report.warning(at, 'this silence has ended.', 'Take it away.')
  return { dataset, kind, untilMs: end.epochMs }
}

function checkDataset(
  source: SourceFile,
  path: (string | number)[],
  dataset: string,
  datasets: string[] | undefined,
  report: Report,
): void {
  if (!datasets || datasets.includes(dataset)) return
  const fix = `${didYouMean(dataset, datasets)}Nothing of it would ever be told.`
  report.warning(source.at(path), `no dataset \`${dataset}\` is declared.`, fix)
}

function compileRoute({ name, when = {}, to, group = {}, resolved = true, language = 'en' }: WrittenRoute): Route {
  const by: readonly Grouping[] = group.by ?? DEFAULT_GROUP.by
  return {
    name,
    datasets: when.datasets && new Set<string>(when.datasets),
    kinds: when.kinds && new Set<string>(when.kinds),
    leastRank: when.severity === undefined ? 0 : rankOf(when.severity),
    to: to.map(channelOf),
    by: groupings.filter(each => by.includes(each)),
    waitMs: durationMs(group.wait ?? DEFAULT_GROUP.wait),
    intervalMs: durationMs(group.interval ?? DEFAULT_GROUP.interval),
    repeatMs: group.repeat === undefined ? undefined : durationMs(group.repeat),
    tellsResolved: resolved,
    language,
  }
}

function channelOf(written: WrittenRoute['to'][number]): Channel {
  const [kind, name] = Object.entries(written)[0]!
  return { kind: kind as Channel['kind'], name }
}

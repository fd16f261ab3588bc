// Alerts as they run, for tests: stored anomalies, a mail server, webhooks, and any number of processors under one clock.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AlertPolicy, Route } from '../../governance/alerts/alert-policy.ts'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import type { JsonObject } from '../../storage/json.ts'
import { collections } from '../../storage/stored-shapes.ts'
import { type HttpSink, startHttpSink, startMailSink } from '../../test/alert-sinks.ts'
import { NOON_MS, route } from './alert-fixture.ts'
import type { SeenAnomaly } from './group-anomalies.ts'
import { openChannels } from './open-channels.ts'
import { type Alerts, type AlertsDeps, openAlerts } from './run-alerts.ts'

/** On a machine that does much else at the same time. */
export const TIMEOUT_MS = 30_000
export const SECRET = Buffer.alloc(32, 5)
const everywhere: Route['to'] = [
  { kind: 'email', name: 'steward' },
  { kind: 'slack', name: 'team' },
  { kind: 'webhook', name: 'pager' },
]

/** Stored anomalies, sinks for each kind of channel, and any number of processors, under one clock. */
export async function openHouse(t: TestContext, given: Partial<Route> = {}, timeoutMs = TIMEOUT_MS) {
  const dir = await mkdtemp(join(tmpdir(), 'alerts-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  t.after(async () => {
    await documents.close()
    await rm(dir, { recursive: true })
  })
  for (const name of ['anomalies', 'alerts'] as const) await documents.ensureCollection(name, collections[name])
  const [mail, http] = [await startMailSink(t), await startHttpSink(t)]
  const policy: AlertPolicy = { routes: [route({ to: everywhere, ...given })], silences: [] }
  const outcomes: string[] = []
  const log: string[] = []
  let nowMs = NOON_MS
  const now = () => nowMs
  const processor = (
    settings: { hasMail?: boolean; stopping?: AbortSignal; documents?: AlertsDeps['documents'] } = {},
  ): Alerts =>
    openAlerts({
      channels: openChannels({
        mail:
          settings.hasMail === false
            ? undefined
            : {
                ...{ url: mail.url, user: undefined, password: undefined, from: 'ecluse@example.org' },
                ...{ mustEncrypt: true, timeoutMs },
              },
        webhooks: {
          team: { url: `${http.url}/slack`, secrets: [] },
          pager: { url: `${http.url}/pager`, secrets: [SECRET] },
        },
        timeoutMs,
        ...(settings.stopping && { stopping: settings.stopping }),
        addressOf: (dataset, role) => (dataset === 'gone' ? undefined : `${role}-of-${dataset}@example.org`),
        now,
      }),
      documents: settings.documents ?? documents,
      policy: () => policy,
      publicUrl: 'https://ecluse.example',
      timeoutMs,
      count: (...words) => outcomes.push(words.join(' ')),
      logger: {
        warn: (...words: unknown[]) => void log.push(JSON.stringify(words)),
        error: (...words: unknown[]) => void log.push(JSON.stringify(words)),
      },
      now,
    })
  const first = processor()
  let version = 0
  return {
    ...{ mail, http, policy, outcomes, log, first, processor, documents },
    store: (...found: SeenAnomaly[]) => {
      version++
      const stored = found.map(body => ({ id: body.id, version, expiresAtMs: null, body: asBody(body) }))
      return documents.upsertNewer('anomalies', stored)
    },
    /** So many seconds later, all of these look once, and end what they send. */
    after: async (seconds: number, ...processors: Alerts[]) => {
      nowMs += seconds * 1_000
      const all = processors.length === 0 ? [first] : processors
      await Promise.all(all.map(each => each.turn()))
      await Promise.all(all.map(each => each.idle()))
    },
  }
}

const asBody = (found: SeenAnomaly) => found as unknown as JsonObject
export const pagerTypes = ({ posts }: HttpSink) =>
  posts.filter(({ path }) => path === '/pager').map(({ body }) => JSON.parse(body).type)
export const slackTexts = ({ posts }: HttpSink) =>
  posts.filter(({ path }) => path === '/slack').map(({ body }) => JSON.parse(body).text)

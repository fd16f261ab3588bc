// ecluse anomalies: what should not be of a dataset, newest first; and what is to be said of one.

import { parseArgs } from 'node:util'
import type { NamedEvent } from '../gateway/name-events.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import type { StoredAnomaly } from '../storage/stored-shapes.ts'
import { type Client, openClient } from './client.ts'
import { UsageError, type Verb } from './verb.ts'

const PAGE = 200
/** So that a year of conflicts does not come by mistake. */
const MAX_LISTED = 1_000

/** As the gateway tells it. */
type Told = StoredAnomaly & { event?: NamedEvent }

const options = {
  id: { type: 'string' },
  state: { type: 'string' },
  kind: { type: 'string' },
  severity: { type: 'string' },
  comment: { type: 'string' },
  language: { type: 'string', default: 'en' },
  json: { type: 'boolean' },
} as const

const anomalies: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [dataset] = positionals
  if (dataset === undefined || positionals.length > 1) throw new UsageError('name one dataset')
  const { id, state, kind, severity, comment, language, json } = values
  const client = openClient(config, 'data-steward')
  if (id === undefined) {
    if (comment !== undefined) throw new UsageError('say of which anomaly: --id ID, as `ecluse anomalies` prints it')
    const asked = { dataset, language, ...(state && { state }), ...(kind && { kind }), ...(severity && { severity }) }
    const { found, more } = await list(client, asked)
    const none = `${dataset}: no anomaly${state || kind || severity ? ' of this state, kind or severity' : ''}\n`
    process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : found.map(describe).join('') || none)
    if (more)
      process.stderr.write(
        `These are the newest ${found.length}, and there are more: narrow it by --state, --kind or --severity.\n`,
      )
    return 0
  }
  const path = `/v1/anomalies/${encodeURIComponent(id)}`
  const body = { state, ...(comment !== undefined && { comment }) }
  const query = new URLSearchParams({ language })
  const answer =
    state === undefined ? await client.read(`${path}?${query}`) : await client.post(`${path}/states?${query}`, body)
  const anomaly = (await answer.json()) as Told
  process.stdout.write(json ? `${JSON.stringify(anomaly, null, 2)}\n` : describe(anomaly))
  return 0
}

/** The newest of them, and whether there are more. @throws Refused for a dataset that is not live */
async function list(client: Client, query: Record<string, string>): Promise<{ found: Told[]; more: boolean }> {
  const found: Told[] = []
  let cursor: string | null = ''
  while (cursor !== null && found.length <= MAX_LISTED) {
    const asked = new URLSearchParams({ ...query, limit: String(PAGE), ...(cursor && { cursor }) })
    const page = (await (await client.read(`/v1/anomalies?${asked}`)).json()) as { items: Told[]; next: string | null }
    found.push(...page.items)
    cursor = page.next
  }
  return { found: found.slice(0, MAX_LISTED), more: found.length > MAX_LISTED }
}

function describe({ id, kind, severity, state, detectedAt, detail, event, position }: Told): string {
  const head = [detectedAt.slice(0, 19), severity.padEnd('critical'.length), state.padEnd('acknowledged'.length)]
  return `${[...head, kind.padEnd('personal-data'.length), id].join('  ')}\n    ${detail}\n${about({ event, position })}`
}

/** Which event a conflict is about, and where it and this copy of it stand in the log. */
function about({ event, position }: { event: NamedEvent | undefined; position: Position | null }): string {
  if (!event) return ''
  const placed = (at: Position | null | undefined) => (at ? ` at ${at.partition}/${at.offset}` : '')
  return `    event ${event.id}${placed(event.position)}, again${placed(position)}\n`
}

export default anomalies

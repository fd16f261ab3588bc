// ecluse quarantine: why events were rejected; once a schema or a policy was mended, their replay, or what it would do;
// and what is to be destroyed.

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Counts, discardOutcomes, replayOutcomes } from '../governance/subjects/quarantine-request.ts'
import { type Client, openClient } from './client.ts'
import { openProgress } from './progress.ts'
import { UsageError, type Verb } from './verb.ts'

const LOOK_MS = 500
const DAY = 'YYYY-MM-DD'.length

interface Cause {
  cause: string
  count: number
  firstSeen: string
  lastSeen: string
  schemas: string[]
  examples: string[]
  mayPassNow: boolean
}

interface Filed {
  id: string
  state: string
  total: number
  done: number
  because: string | null
  counts: Counts | null
  logUntil?: string | null
}

interface Asked {
  dataset: string
  /** What else the call says. */
  body: object
  outcomes: Record<string, string>
  heading: string
}

const options = {
  cause: { type: 'string' },
  ids: { type: 'string' },
  schema: { type: 'string' },
  reason: { type: 'string' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

const quarantine: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [what, dataset] = positionals
  const client = openClient(config, 'data-steward')
  if (what !== 'replay' && what !== 'discard') {
    if (positionals.length > 1 || values.cause || values.ids || values.reason || values['dry-run'])
      throw new UsageError('name one dataset, or none; or say replay or discard, and then which dataset')
    return listCauses(client, what, values.json === true)
  }
  if (dataset === undefined || positionals.length > 2) throw new UsageError('name one dataset')
  if ((values.cause === undefined) === (values.ids === undefined))
    throw new UsageError('say which: --cause TEXT, as `ecluse quarantine` prints it, or --ids ID,ID')
  const entries = values.cause === undefined ? { ids: values.ids!.split(',') } : { cause: values.cause }
  const dryRun = values['dry-run'] === true
  if (what === 'replay') {
    const schema = values.schema === undefined ? {} : { schema: values.schema }
    const heading = dryRun ? 'a replay would find' : 'replayed'
    const asked = { dataset, body: { ...entries, ...schema, dryRun }, outcomes: replayOutcomes, heading }
    return carryOut(client, what, asked, values.json === true)
  }
  if (dryRun) throw new UsageError('a discard has no dry run: `ecluse quarantine` counts what it would destroy')
  if (!values.reason) throw new UsageError('say why: --reason TEXT; it stands in the audit as it is, so name no person')
  const asked = {
    dataset,
    body: { ...entries, reason: values.reason },
    outcomes: discardOutcomes,
    heading: 'discarded',
  }
  return carryOut(client, what, asked, values.json === true)
}

async function listCauses(client: Client, named: string | undefined, json: boolean): Promise<number> {
  const found: { dataset: string; causes: Cause[] }[] = []
  for (const dataset of named === undefined ? await datasets(client) : [named]) {
    const answer = await client.read(`/v1/quarantine/causes?dataset=${encodeURIComponent(dataset)}`)
    found.push({ dataset, causes: ((await answer.json()) as { items: Cause[] }).items })
  }
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : found.map(describeCauses).join(''))
  return 0
}

async function datasets(client: Client): Promise<string[]> {
  const answer = await client.read('/v1/datasets')
  return ((await answer.json()) as { items: { dataset: string }[] }).items.map(({ dataset }) => dataset)
}

function describeCauses({ dataset, causes }: { dataset: string; causes: Cause[] }): string {
  if (causes.length === 0) return `${dataset}: nothing in quarantine\n`
  const lines = causes.flatMap(({ cause, count, firstSeen, lastSeen, schemas, examples, mayPassNow }) => [
    `  ${String(count).padStart(7)}  ${cause}${mayPassNow ? '  (may pass now)' : ''}`,
    `           ${firstSeen.slice(0, DAY)} to ${lastSeen.slice(0, DAY)}, schema ${schemas.join(', ')}; for example ${examples[0]}`,
  ])
  return `${dataset}:\n${lines.join('\n')}\n`
}

/** Files the request, and watches it to its end. @returns 1 where it failed */
async function carryOut(client: Client, kind: string, asked: Asked, json: boolean): Promise<number> {
  const { dataset, body, outcomes, heading } = asked
  const path = `/v1/quarantine/${kind}s`
  const answer = await client.post(`${path}?dataset=${encodeURIComponent(dataset)}`, body)
  let request = (await answer.json()) as Filed
  const progress = openProgress('entries')
  while (!['done', 'failed'].includes(request.state)) {
    progress.show(request.done, request.total)
    await sleep(LOOK_MS)
    request = (await (await client.read(`${path}/${request.id}`)).json()) as Filed
  }
  progress.end()
  if (json) process.stdout.write(`${JSON.stringify(request)}\n`)
  else if (!request.counts) process.stdout.write(`${request.because}\n`)
  else {
    const lines = Object.entries(request.counts).flatMap(([outcome, count]) =>
      count > 0 ? `  ${String(count).padStart(7)}  ${outcome}: ${outcomes[outcome]}` : [],
    )
    const log = request.logUntil ? [`  the log keeps sealed copies until ${request.logUntil} at the latest`] : []
    process.stdout.write(
      `${[`${dataset}: ${heading}${lines.length > 0 ? '' : ' nothing'}`, ...lines, ...log].join('\n')}\n`,
    )
  }
  return request.state === 'done' ? 0 : 1
}

export default quarantine

// ecluse reprotect: what is stored of a dataset comes under its policy of today, or, with --plan, what that would change.

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Totals } from '../governance/reprotection/totals.ts'
import { openClient } from './client.ts'
import { openProgress } from './progress.ts'
import { UsageError, type Verb } from './verb.ts'

const LOOK_MS = 500
const PATH = '/v1/reprotection-requests'

interface Watched {
  id: string
  state: string
  because: string | null
  outcome: Totals | null
  holders: { records: number }[]
}

const reprotect: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { reason: { type: 'string' }, plan: { type: 'boolean' }, json: { type: 'boolean' } },
  })
  const [dataset] = positionals
  if (dataset === undefined || positionals.length > 1) throw new UsageError('name one dataset')
  const plan = values.plan === true
  if (!plan && !values.reason) throw new UsageError('say why: --reason TEXT; it stands in the audit sealed')
  const client = openClient(config, 'data-owner')
  const filed = await client.post(PATH, { dataset, plan, reason: values.reason ?? 'to see what would change' })
  let request = (await filed.json()) as Watched
  const progress = openProgress('events')
  while (!['done', 'failed'].includes(request.state)) {
    progress.show(Math.max(0, ...request.holders.map(({ records }) => records)), 0)
    await sleep(LOOK_MS)
    request = (await (await client.read(`${PATH}/${request.id}`)).json()) as Watched
  }
  progress.end()
  if (values.json) process.stdout.write(`${JSON.stringify(request)}\n`)
  else process.stdout.write(request.outcome ? describe(dataset, plan, request.outcome) : `${request.because}\n`)
  return request.state === 'done' ? 0 : 1
}

function describe(dataset: string, plan: boolean, totals: Totals): string {
  const { read, changed, skipped, logUntil } = totals
  const lines = (['protected', 'renewed', 'left'] as const).flatMap(effect =>
    totals[effect].map(
      ({ schema, pointer, from, to, count }) => `  ${words[effect]} ${count}  ${schema} ${pointer}: ${from} → ${to}`,
    ),
  )
  return [
    `${dataset}: ${changed} of ${read} stored events ${plan ? 'would be' : 'were'} protected anew`,
    ...lines,
    ...(skipped > 0 ? [`  left whole ${skipped}: no live schema version or known key speaks of them`] : []),
    ...(logUntil === null || changed === 0
      ? []
      : [`  the log keeps them as they came until ${logUntil} at the latest`]),
    '',
  ].join('\n')
}

const words = {
  protected: 'protected   ',
  renewed: 'new tokens  ',
  left: 'left as it is',
}

export default reprotect

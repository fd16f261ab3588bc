// ecluse erase, export, rectify, restrict, object: persons' requests over HTTP. Whom they are about is read from
// standard input or a file, never from an argument: those stand in the shell's history and in the list of processes.
// What was filed is told, whatever happens afterwards: an erasure cannot be taken back.

import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RightKind } from '../governance/subjects/rights-request.ts'
import { type Client, openClient, Refused } from './client.ts'
import { openProgress } from './progress.ts'
import { type Asked, readRequests } from './read-requests.ts'
import { UsageError, type Verb } from './verb.ts'

const LOOK_MS = 500

/** What each finished request leaves to be kept: path under the request, ending of the file. */
const proofs: Partial<Record<RightKind, { path: string; ending: string }>> = {
  erasure: { path: 'certificate', ending: '.certificate.json' },
  export: { path: 'package', ending: '.zip' },
}

interface Watched {
  id: string
  state: string
  because: string | null
  outcome: Record<string, unknown> | null
  stages: { name: string }[]
}

/** The first line that was not taken; those after it were not filed. */
interface Stop {
  line: number
  /** `unanswered`: it may have been filed all the same. */
  state: 'refused' | 'unanswered'
  because: string
  /** Lines that were not filed. */
  notFiled: number[]
}

const options = {
  reason: { type: 'string' },
  requester: { type: 'string' },
  out: { type: 'string' },
  'no-wait': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** What beside whom it is about a kind of request may say; each is a member of its body. */
const ownOptions = {
  erasure: {},
  export: { language: { type: 'string' } },
  rectification: {},
  restriction: { lift: { type: 'boolean' } },
  objection: { purpose: { type: 'string' }, withdraw: { type: 'boolean' } },
} as const satisfies Record<RightKind, Record<string, { type: 'string' | 'boolean' }>>

/** The verb of one kind of request. */
export function rightsVerb(kind: RightKind): Verb {
  return async (args, config) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...options, ...ownOptions[kind] } as typeof options,
    })
    const { out, json } = values
    const members = ['reason', 'requester', ...Object.keys(ownOptions[kind])]
    const said = Object.fromEntries(Object.entries(values).filter(([name]) => members.includes(name)))
    if (positionals.length > 1) throw new UsageError('give one file of lines, or lines on standard input')
    const input = positionals[0] === undefined ? await text(process.stdin) : await readFile(positionals[0], 'utf8')
    const asked = readRequests(input, kind, said)
    // Before anything is done that cannot be undone.
    if (out !== undefined && !statSync(out, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(`--out ${out} is no directory: make it first`)
    const client = openClient(config, 'dpo')
    const path = `/v1/${kind}-requests`
    const { filed, stop } = await fileAll(client, path, asked)
    const { requests, troubles } = values['no-wait']
      ? { requests: filed, troubles: [] }
      : await wait(client, path, filed)
    for (const request of requests) {
      process.stdout.write(`${json ? JSON.stringify(request) : sentence(request)}\n`)
      if (out !== undefined)
        await keepProof(client, kind, request, out).catch(error => troubles.push(`${request.id}: ${error.message}`))
    }
    if (stop && json) process.stdout.write(`${JSON.stringify(stop)}\n`)
    if (stop) troubles.push(describe(stop, filed.length, path))
    if (troubles.length > 0) throw new Error(troubles.join('\n'))
    return values['no-wait'] || requests.every(({ state }) => state === 'done') ? 0 : 1
  }
}

/** In the order of the lines, no further than the first that is not taken. */
async function fileAll(client: Client, path: string, asked: Asked[]): Promise<{ filed: Watched[]; stop?: Stop }> {
  const filed: Watched[] = []
  for (const [i, { line, body }] of asked.entries()) {
    try {
      filed.push((await (await client.post(path, body)).json()) as Watched)
    } catch (error) {
      const isRefused = error instanceof Refused && error.status < 500
      const state = isRefused ? 'refused' : 'unanswered'
      const notFiled = asked.slice(isRefused ? i : i + 1).map(each => each.line)
      return { filed, stop: { line, state, because: (error as Error).message, notFiled } }
    }
  }
  return { filed }
}

function describe({ line, state, because, notFiled }: Stop, filed: number, path: string): string {
  const itself = state === 'refused' ? '' : ` GET ${path} lists what was filed, perhaps this one too.`
  const before = filed > 0 ? ` Before it ${filed} ${filed > 1 ? 'were' : 'was'} filed, as told above.` : ''
  const left = notFiled.length > 0 ? ` Not filed: line ${notFiled.join(', ')}.` : ''
  return `line ${line}: ${because}${itself}${before}${left}`
}

/** Until each is done, failed, or blocked by something that a person has to change. What cannot be looked at any more is as it was seen last. */
async function wait(
  client: Client,
  path: string,
  filed: Watched[],
): Promise<{ requests: Watched[]; troubles: string[] }> {
  const progress = openProgress('requests')
  const requests = [...filed]
  const look = async (i: number) => {
    requests[i] = (await (await client.read(`${path}/${filed[i]!.id}`)).json()) as Watched
    return ['done', 'failed', 'blocked'].includes(requests[i].state)
  }
  try {
    for (const i of filed.keys()) {
      while (!(await look(i))) {
        progress.show(i, filed.length)
        await sleep(LOOK_MS)
      }
    }
    return { requests, troubles: [] }
  } catch (error) {
    return { requests, troubles: [`what becomes of them could not be watched: ${(error as Error).message}`] }
  } finally {
    progress.end()
  }
}

/** Writes what a finished request leaves; of nobody there is no package. */
async function keepProof(client: Client, kind: RightKind, request: Watched, out: string): Promise<void> {
  const proof = proofs[kind]
  if (!proof || request.state !== 'done' || request.outcome?.packageUntil === null) return
  const answer = await client.read(`/v1/${kind}-requests/${request.id}/${proof.path}`)
  const bytes = Buffer.from(await answer.arrayBuffer())
  await writeFile(join(out, `${request.id}${proof.ending}`), bytes, { mode: 0o600 })
}

function sentence({ id, state, because, outcome }: Watched): string {
  const counts = Object.entries(outcome ?? {}).map(([name, value]) => `${name} ${value}`)
  return [`${id}  ${state}`, ...(because ? [because] : []), ...(counts.length > 0 ? [counts.join(', ')] : [])].join(
    ': ',
  )
}

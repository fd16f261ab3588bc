// ecluse erase, export, rectify, restrict, object: persons' requests over HTTP. Whom they are about is read from
// standard input or a file, never from an argument: those stand in the shell's history and in the list of processes.

import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RightKind } from '../governance/subjects/rights-request.ts'
import type { Config } from '../runtime/config.ts'
import { clientApiKey } from './dev-credentials.ts'
import { openProgress } from './progress.ts'
import { UsageError, type Verb } from './verb.ts'

const LOOK_MS = 500
const MAX_REQUESTS = 1_000

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

const options = {
  reason: { type: 'string' },
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
    const own = Object.keys(ownOptions[kind])
    const said = Object.fromEntries(Object.entries(values).filter(([name]) => name === 'reason' || own.includes(name)))
    if (positionals.length > 1) throw new UsageError('give one file of lines, or lines on standard input')
    const input = positionals[0] === undefined ? await text(process.stdin) : await readFile(positionals[0], 'utf8')
    const bodies = readBodies(input, kind, said)
    // Before anything is done that cannot be undone.
    if (values.out !== undefined && !statSync(values.out, { throwIfNoEntry: false })?.isDirectory())
      throw new UsageError(`--out ${values.out} is no directory: make it first`)
    const client = openClient(config, kind)
    const filed: Watched[] = []
    for (const body of bodies) filed.push(await client.file(body))
    const ended = values['no-wait'] ? filed : await wait(client, filed)
    for (const request of ended) {
      const proof = proofs[kind]
      // Of nobody there is no package.
      if (values.out !== undefined && proof && request.state === 'done' && request.outcome?.packageUntil !== null)
        await writeFile(join(values.out, `${request.id}${proof.ending}`), await client.read(request.id, proof.path), {
          mode: 0o600,
        })
      process.stdout.write(`${values.json ? JSON.stringify(request) : sentence(request)}\n`)
    }
    return values['no-wait'] || ended.every(({ state }) => state === 'done') ? 0 : 1
  }
}

/**
 * A line is `<type> <id>`, or the JSON of a request's body, whose members go before those said on the command line.
 * @throws UsageError for another one: which, never what
 */
function readBodies(input: string, kind: RightKind, said: Record<string, unknown>): Record<string, unknown>[] {
  const lines = input.split('\n').map(line => line.trim())
  const bodies = lines.flatMap((line, i): Record<string, unknown>[] => {
    if (line === '') return []
    const named = /^([a-z][a-z0-9_-]*) (.+)$/.exec(line)
    if (named) return [{ ...said, subject: { type: named[1], id: named[2] } }]
    try {
      return [{ ...said, ...(JSON.parse(line) as Record<string, unknown>) }]
    } catch {
      throw new UsageError(`line ${i + 1} is neither \`<type> <id>\`, such as \`customer 42\`, nor a JSON object`)
    }
  })
  if (bodies.length === 0) throw new UsageError('there is no line: write `<type> <id>` on standard input, or in a file')
  if (bodies.length > MAX_REQUESTS) throw new UsageError(`at most ${MAX_REQUESTS} requests at a time`)
  if (bodies.some(body => !body.reason)) throw new UsageError('say why: --reason TEXT')
  if (kind === 'objection' && bodies.some(body => !body.purpose))
    throw new UsageError('say what they object to, word for word as the policy has it: --purpose TEXT')
  return bodies
}

function openClient(config: Config, kind: RightKind) {
  const authorization = `Bearer ${clientApiKey(config, 'dpo')}`
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(`/v1/${kind}-requests${path}`, config.url)
    const response = await fetch(url, { ...init, headers: { authorization, ...init.headers } }).catch(cause => {
      throw new Error(`${config.url} cannot be reached: is the gateway running, and is ECLUSE_URL right?`, { cause })
    })
    if (response.ok) return response
    const problem = (await response.json().catch(() => ({}))) as { detail?: string; fix?: string }
    throw new Error(`${response.status}: ${problem.detail ?? 'no reason given'} ${problem.fix ?? ''}`.trim())
  }
  const json = async (response: Promise<Response>) => (await (await response).json()) as Watched
  return {
    file: (body: Record<string, unknown>) =>
      json(call('', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })),
    look: (id: string) => json(call(`/${id}`)),
    read: async (id: string, what: string) => Buffer.from(await (await call(`/${id}/${what}`)).arrayBuffer()),
  }
}

/** Until each is done, failed, or blocked by something that a person has to change. */
async function wait(client: ReturnType<typeof openClient>, filed: Watched[]): Promise<Watched[]> {
  const progress = openProgress('requests')
  const ended: Watched[] = []
  for (const [i, { id }] of filed.entries()) {
    let request = await client.look(id)
    while (!['done', 'failed', 'blocked'].includes(request.state)) {
      progress.show(i, filed.length)
      await sleep(LOOK_MS)
      request = await client.look(id)
    }
    ended.push(request)
  }
  progress.end()
  return ended
}

function sentence({ id, state, because, outcome }: Watched): string {
  const counts = Object.entries(outcome ?? {}).map(([name, value]) => `${name} ${value}`)
  return [`${id}  ${state}`, ...(because ? [because] : []), ...(counts.length > 0 ? [counts.join(', ')] : [])].join(
    ': ',
  )
}

// ecluse audit: the whole audit as a file, over HTTP, and that file verified offline, also against heads kept elsewhere.

import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { readUtf8 } from '../governance/audit/exact-text.ts'
import { verifyExport } from '../governance/audit/export-lines.ts'
import { type EntryNumbers, formatNumbers } from '../governance/audit/missing-contents.ts'
import { type TreeHead, verifyTreeHead } from '../governance/audit/tree-head.ts'
import type { Config } from '../runtime/config.ts'
import { openClient } from './client.ts'
import { openProgress } from './progress.ts'
import { UsageError, type Verb } from './verb.ts'

const DAY_MS = 86_400_000

const options = {
  key: { type: 'string', multiple: true },
  since: { type: 'string', multiple: true },
  days: { type: 'string' },
  json: { type: 'boolean' },
} as const

interface Asked {
  key?: string[]
  since?: string[]
  days?: string
  json?: boolean
}

const audit: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [what, file, ...more] = positionals
  if (!file || more.length > 0 || (what !== 'export' && what !== 'verify'))
    throw new UsageError('say `export FILE`, or `verify FILE --key signing.pem`')
  return what === 'export' ? await exportTo(file, config, values) : await verifyFile(file, config, values)
}

/** Nothing but a whole export ever stands under the name asked for. */
async function exportTo(file: string, config: Config, { json }: Asked): Promise<number> {
  const response = await openClient(config, 'auditor').read('/v1/audit/export')
  const partial = `${file}.partial`
  const progress = openProgress('exporting')
  const size = Number(response.headers.get('ecluse-audit-entries'))
  // The first line is the signed head.
  let entries = -1
  try {
    await pipeline(
      Readable.fromWeb(response.body!),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          for (const byte of chunk) if (byte === 0x0a) entries++
          progress.show(Math.max(0, entries), size)
          yield chunk
        }
      },
      createWriteStream(partial, { mode: 0o600, flush: true }),
    )
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    progress.end()
  }
  process.stdout.write(json ? `${JSON.stringify({ file, entries })}\n` : `${entries} entries in ${file}\n`)
  return 0
}

async function verifyFile(file: string, config: Config, { key, since = [], days, json }: Asked): Promise<number> {
  const kept = { retentionMs: daysOf(days, config) * DAY_MS, isSaid: days !== undefined, nowMs: Date.now() }
  const publicKeys = await readKeys(key)
  const heads: TreeHead[] = []
  for (const path of since) {
    const bytes = await readFile(path)
    try {
      heads.push(verifyTreeHead(readUtf8(bytes), publicKeys))
    } catch (error) {
      return refuse(path, error as Error, json)
    }
  }
  const progress = openProgress('verifying')
  try {
    const chunks = createReadStream(file) as AsyncIterable<Buffer>
    const { head, withoutContent, continues } = await verifyExport(chunks, {
      publicKeys,
      since: heads,
      kept,
      onEntry: progress.show,
    })
    progress.end()
    const rootHash = head.rootHash.toString('hex')
    const found = { valid: true, treeSize: head.treeSize, rootHash, signedAt: head.at, withoutContent, continues }
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : sentence(found))
    return 0
  } catch (error) {
    progress.end()
    return refuse(file, error as Error, json)
  }
}

/** As an auditor knows it, else as it is set here. @throws UsageError */
function daysOf(text: string | undefined, { auditDays }: Config): number {
  if (text === undefined) return auditDays
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw new UsageError('say `--days` as a whole number: for how long entries were kept')
  return Number(text)
}

/** @throws UsageError without one */
export async function readKeys(paths: string[] | undefined): Promise<string[]> {
  if (!paths) throw new UsageError('name the public key to verify with: --key signing.pem')
  return Promise.all(paths.map(path => readFile(path, 'utf8')))
}

/** Tells why a file is not to be relied on. @returns the exit status */
export function refuse(file: string, error: Error, json: boolean | undefined): number {
  if (json) process.stdout.write(`${JSON.stringify({ valid: false, file, because: error.message })}\n`)
  else process.stderr.write(`NOT VALID: ${file}: ${error.message}\n`)
  return 1
}

function sentence(found: {
  treeSize: number
  rootHash: string
  signedAt: string
  withoutContent: EntryNumbers
  continues: number[]
}): string {
  const { treeSize, rootHash, signedAt, withoutContent, continues } = found
  const { entries } = withoutContent
  const gone =
    entries === 0
      ? ''
      : `; the content of ${entries} is not in this export (${formatNumbers(withoutContent)}): expired or withheld`
  const since = continues.map(size => `It continues the head of ${size} entries that was kept elsewhere.\n`).join('')
  return `Valid: ${treeSize} entries${gone}. Signed at ${signedAt}, root ${rootHash}.\n${since}`
}

export default audit

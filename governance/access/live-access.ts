// The access policy in force. A good edit replaces it as a whole; a bad one, or a file that is gone, changes nothing and
// is reported until it is mended.

import { join } from 'node:path'
import { describeWaiting, type PendingEdit } from '../contract/approvals.ts'
import { type Diagnostic, reportInto } from '../contract/diagnostic.ts'
import { fingerprintOf, readFound } from '../contract/read-files.ts'
import { MAX_FILE_BYTES } from '../contract/source-file.ts'
import type { Access } from './access.ts'
import type { AccessGate } from './admit-access.ts'
import { AccessPolicyError, compileAccess } from './compile-access.ts'

export interface LiveAccess {
  current(): Access
  /** The files in force. */
  files(): AccessFiles
  /** An edit that waits for an approval. */
  waiting(): PendingEdit | undefined
  /** What the last reading found wrong: files as they stand now, which may be newer than what is in force. */
  diagnostics(): Diagnostic[]
  /** Reads the files if they changed and this look finds them as the one before did: nobody is writing them. */
  look(): Promise<void>
  /** Looks for edits every `intervalMs`; stop with the returned function, which waits for a look that is under way. */
  watch(intervalMs: number): () => Promise<void>
}

/** Hex SHA-256 of the files that are in force. */
export interface AccessHashes {
  modelSha256: string
  policySha256: string
}

export interface LiveAccessOptions {
  /** Holds `access/model.conf` and `access/policy.csv`. */
  policiesDir: string
  /** Called before an access policy is in force, the first one too; when it rejects, it is not, and is tried again. */
  onActivate: (hashes: AccessHashes) => Promise<void>
  /** Keeps an edit that gives more from being in force before it is approved. */
  gate?: AccessGate
  /** Called when an edit could not be put in force: once, until it changes. */
  onProblem: (problem: { diagnostics: Diagnostic[]; error?: unknown }) => void
}

export interface AccessFiles {
  access: Access
  hashes: AccessHashes
  modelText: string
  policyText: string
  policyFile: string
}

/** Reads and compiles the two files. @throws AccessPolicyError with everything that is wrong in them */
export async function loadAccess(policiesDir: string): Promise<AccessFiles> {
  const files = { model: join(policiesDir, 'access/model.conf'), policy: join(policiesDir, 'access/policy.csv') }
  const diagnostics: Diagnostic[] = []
  const report = reportInto(diagnostics)
  const model = await readFound(files.model, report)
  const policy = await readFound(files.policy, report)
  for (const { path, bytes } of [model, policy].filter(found => found !== undefined))
    if (bytes.length > MAX_FILE_BYTES)
      report.error({ file: path, line: 1, column: 1 }, 'the file is too large.', 'Use `*` for what is alike.')
  if (!model || !policy || diagnostics.length > 0) throw new AccessPolicyError(diagnostics)
  const modelText = model.bytes.toString('utf8')
  const policyText = policy.bytes.toString('utf8')
  const access = await compileAccess(modelText, policyText, files)
  return {
    access,
    hashes: { modelSha256: model.sha256, policySha256: policy.sha256 },
    modelText,
    policyText,
    policyFile: files.policy,
  }
}

/** @throws AccessPolicyError when there is no good access policy to begin with */
export async function openLiveAccess(options: LiveAccessOptions): Promise<LiveAccess> {
  const { policiesDir, gate, onActivate, onProblem } = options
  const fingerprint = () => fingerprintOf(join(policiesDir, 'access'))
  let seen: string | undefined
  let glimpsed = await fingerprint()
  let live: AccessFiles | undefined
  let waiting: PendingEdit | undefined
  let diagnostics: Diagnostic[] = []
  let toldWaiting = ''

  async function putInForce(next: AccessFiles): Promise<void> {
    await gate?.remember(next)
    await onActivate(next.hashes)
    live = next
  }

  /** @returns whether it is in force; else it waits, and is looked at again */
  async function take(next: AccessFiles): Promise<boolean> {
    const admission = await gate?.admit(next)
    waiting = admission?.waits
    if (!waiting) {
      await putInForce(next)
      diagnostics = []
      toldWaiting = ''
      return true
    }
    if (!live) await putInForce(admission!.last!)
    diagnostics = [describeWaiting(waiting, next.policyFile)]
    const text = JSON.stringify(waiting)
    if (text !== toldWaiting) onProblem({ diagnostics })
    toldWaiting = text
    return false
  }

  async function look(): Promise<void> {
    const print = await fingerprint()
    const isStill = print === glimpsed
    glimpsed = print
    if (print === seen || !isStill) return
    try {
      const next = await loadAccess(policiesDir)
      if ((await fingerprint()) !== print) return
      seen = (await take(next)) ? print : undefined
    } catch (error) {
      if (!(error instanceof AccessPolicyError)) throw error
      diagnostics = error.diagnostics
      waiting = undefined
      onProblem({ diagnostics })
      seen = print
    }
  }

  if (await take(await loadAccess(policiesDir))) seen = glimpsed

  let told = ''
  return {
    current: () => live!.access,
    files: () => live!,
    waiting: () => waiting,
    diagnostics: () => diagnostics,
    look,
    watch: intervalMs => {
      let looking: Promise<void> | undefined
      const timer = setInterval(() => {
        looking ??= look()
          .then(
            () => {
              told = ''
            },
            error => {
              if (told !== String(error)) onProblem({ diagnostics: [], error })
              told = String(error)
            },
          )
          .finally(() => {
            looking = undefined
          })
      }, intervalMs)
      timer.unref()
      return async () => {
        clearInterval(timer)
        await looking
      }
    },
  }
}

// ecluse plan: what the files here would change of what is live: schemas, protection field by field, who may what, and
// an estimate of what is in quarantine. Changes nothing. Exit status 3 where something would be protected less.

import { hash } from 'node:crypto'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { namedDatasets } from '../governance/access/admit-access.ts'
import { compareAccess } from '../governance/access/compare-access.ts'
import { compileAccess } from '../governance/access/compile-access.ts'
import { loadAccess } from '../governance/access/live-access.ts'
import { describeChange } from '../governance/contract/admit-contract.ts'
import { type Comparable, comparePolicies, type PolicyComparison } from '../governance/contract/compare-policies.ts'
import { contentHashes } from '../governance/contract/content-hashes.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { mayPassNow } from '../governance/contract/estimate-causes.ts'
import { compileDataset } from '../governance/contract/load.ts'
import { type NewVersion, newVersions } from '../governance/contract/new-versions.ts'
import type { FoundFile } from '../governance/contract/source-file.ts'
import type { Config } from '../runtime/config.ts'
import { loadDeclared } from './check.ts'
import { type Client, openClient } from './client.ts'
import type { Verb } from './verb.ts'

/** Something would be protected less than it is. */
const WEAKER = 3

interface DatasetPlan extends PolicyComparison {
  dataset: string
  state: 'new' | 'unchanged' | 'changed'
  newVersions: NewVersion[]
  /** SHA-256 of the policy that waits for an approval there. */
  waiting: string | null
  /** Rejected events by first error, and how many of them the edit may let pass. */
  quarantine: { cause: string; count: number; mayPass: boolean }[]
}

const plan: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: 'boolean' } } })
  const [only] = positionals
  const { contracts, diagnostics } = await loadDeclared(config, false)
  const errors = diagnostics.filter(d => d.severity === 'error' && (!only || !d.dataset || d.dataset === only))
  for (const error of errors) process.stderr.write(`${formatDiagnostic(error)}\n`)
  if (errors.length > 0) return 1
  const chosen = [...contracts.values()].filter(({ dataset }) => !only || dataset === only)
  if (chosen.length === 0) throw new Error('no dataset of this name is declared here')
  const client = openClient(config, 'data-owner')
  const datasets: DatasetPlan[] = []
  for (const contract of chosen) datasets.push(await planDataset(client, config, contract))
  const access = only ? undefined : await planAccess(client, config)
  if (values.json) process.stdout.write(`${JSON.stringify({ datasets, access: access ?? null }, null, 2)}\n`)
  else process.stdout.write(`${[...datasets.map(describe), ...(access ? [describeAccess(access)] : [])].join('\n')}`)
  return [...datasets, access].some(each => each?.verdict === 'weaker') ? WEAKER : 0
}

async function planDataset(client: Client, { maxViolations }: Config, here: Contract): Promise<DatasetPlan> {
  const { dataset } = here
  const { live, waiting = null } = (await fetchLive(client, dataset, maxViolations)) ?? {}
  const versions = newVersions(live, here)
  if (!live)
    return { dataset, state: 'new', verdict: 'same', changes: [], newVersions: versions, waiting: null, quarantine: [] }
  const comparison = comparePolicies(live, here)
  const isSame = isDeepStrictEqual(contentHashes(live), contentHashes(here))
  const state = isSame && versions.length === 0 ? 'unchanged' : 'changed'
  const quarantine = state === 'unchanged' ? [] : await planQuarantine(client, live, here)
  return { dataset, state, ...comparison, newVersions: versions, waiting, quarantine }
}

/** Of the tables that aggregates join, what is live is known by hash. */
type Live = Omit<Contract, 'references'> & Pick<Comparable, 'references'>

/** What is live, compiled here; undefined where nothing of this name is. */
async function fetchLive(
  client: Client,
  dataset: string,
  maxViolations: number,
): Promise<{ live: Live; waiting?: string } | undefined> {
  const path = `/v1/datasets/${dataset}`
  const described = await client.get(path)
  if (!described) return undefined
  const { versions, references, waiting } = (await described.json()) as {
    versions: { version: string; sha256: string }[]
    references: { name: string; sha256: string }[]
    waiting?: { policySha256: string }
  }
  const schemas = new Map<string, FoundFile>()
  for (const { version, sha256 } of versions) {
    const bytes = await bytesOf(client.get(`${path}/schemas/${version}`))
    schemas.set(version, { path: `${version}.json, live`, bytes, sha256 })
  }
  const bytes = await bytesOf(client.get(`${path}/policy`))
  const policy = { path: `${dataset}.yaml, live`, bytes, sha256: hash('sha256', bytes) }
  const { contract } = compileDataset(dataset, policy, schemas, maxViolations)
  if (!contract) throw new Error(`what is live of ${dataset} cannot be read here: is this the version that runs there?`)
  const live = { ...contract, references: new Map(references.map(each => [each.name, each])) }
  return { live, ...(waiting && { waiting: waiting.policySha256 }) }
}

async function bytesOf(answer: Promise<Response | undefined>): Promise<Buffer> {
  const response = await answer
  if (!response) throw new Error('what is live changed meanwhile: run the plan again')
  return Buffer.from(await response.arrayBuffer())
}

async function planQuarantine(client: Client, live: Live, here: Contract): Promise<DatasetPlan['quarantine']> {
  const answer = await client.get(`/v1/quarantine/causes?dataset=${live.dataset}`)
  const { items } = (await answer!.json()) as { items: { cause: string; count: number }[] }
  return items.map(({ cause, count }) => ({ cause, count, mayPass: mayPassNow(live, here, cause) }))
}

async function planAccess(client: Client, { policiesDir }: Config): Promise<PolicyComparison> {
  const answer = await client.get('/v1/access/policy')
  const live = (await answer!.json()) as { model: string; policy: string }
  const here = await loadAccess(policiesDir)
  const before = await compileAccess(live.model, live.policy)
  return compareAccess(before, here.access, namedDatasets({ policyText: live.policy }, here))
}

function describe({ dataset, state, verdict, changes, newVersions, waiting, quarantine }: DatasetPlan): string {
  if (state === 'new') return `${dataset}: nothing is live of it; it goes live as it is\n`
  if (state === 'unchanged') return `${dataset}: nothing changes\n`
  const versions = newVersions.flatMap(({ version, after, step, reasons }) => [
    `  schema ${version}, after ${after ?? 'none'}: ${step ?? 'nothing that is checked changes'}`,
    ...reasons.map(reason => `    ${reason}`),
  ])
  const rejected = quarantine.map(
    ({ cause, count, mayPass }) => `    ${count} ${mayPass ? 'may pass' : 'would be rejected again'}: ${cause}`,
  )
  return lines([
    `${dataset}: ${headings[verdict]}`,
    ...versions,
    ...changeLines(changes),
    ...(waiting ? [`  an edit waits for an approval there: policy ${waiting}`] : []),
    ...(rejected.length > 0
      ? ['  in quarantine, by first error (an estimate: no original was opened):', ...rejected]
      : []),
  ])
}

function describeAccess({ verdict, changes }: PolicyComparison): string {
  return lines([
    `access policy: ${verdict === 'same' ? 'nobody gets or loses a right' : headings[verdict]}`,
    ...changeLines(changes),
  ])
}

const headings = {
  weaker: 'WEAKER: something is protected less, or for longer, or more people may',
  stricter: 'stricter: more is protected, from now on; what is stored already stays as it is',
  same: 'protection stays as it is',
}

function changeLines(changes: PolicyComparison['changes']): string[] {
  const signs = { weaker: '-', stricter: '+', neutral: '~' }
  return changes.map(change => `  ${signs[change.effect]} ${describeChange(change)}`)
}

const lines = (all: string[]) => `${all.join('\n')}\n`

export default plan

// One request for each right of the access policy, on a dataset or on all: what the matrix is asked with.

import { randomUUID } from 'node:crypto'
import type { AccessAction } from '../governance/access/access-action.ts'

/** A request that takes one right, on a dataset or on all (`*`). Granted unless it is answered with one of `refused`. */
export interface Probe {
  action: AccessAction
  method?: string
  path: (dataset: string) => string
  body?: (dataset: string) => object
  /** 403, and where the route comes to the dataset by what a store holds, 404. */
  refused?: number[]
}

const get = (action: AccessAction, path: Probe['path'], refused?: number[]): Probe => ({
  action,
  path,
  ...(refused && { refused }),
})
const post = (
  action: AccessAction,
  path: Probe['path'],
  body: object | Probe['body'] = {},
  refused?: number[],
): Probe => ({
  ...get(action, path, refused),
  method: 'POST',
  body: typeof body === 'function' ? (body as NonNullable<Probe['body']>) : () => body,
})

/**
 * What each action's route is: a route that comes later is one more line.
 * @param rejected id of a quarantined event, by dataset
 * @param anomalies id of an anomaly, by dataset
 */
export function accessProbes(rejected: Record<string, string>, anomalies: Record<string, string>): Probe[] {
  const anomalyOf = (dataset: string) => `/v1/anomalies/${encodeURIComponent(anomalies[dataset]!)}`
  return [
    post('ingest', dataset => `/v1/datasets/${dataset}/events`),
    get('describe', dataset => `/v1/datasets/${dataset}`),
    get('describe', dataset => `/v1/datasets/${dataset}/policy`),
    get('describe', dataset => `/v1/datasets/${dataset}/schemas/1-0-0`),
    get('quarantine', dataset => `/v1/quarantine?dataset=${dataset}`),
    get('quarantine', dataset => `/v1/quarantine/causes?dataset=${dataset}`),
    get('quarantine', dataset => `/v1/quarantine/${rejected[dataset]}`, [403, 404]),
    post('reveal', dataset => `/v1/quarantine/${rejected[dataset]}/reveal`, { purpose: 'a test' }, [403, 404]),
    post('replay', dataset => `/v1/quarantine/replays?dataset=${dataset}`),
    get('quarantine', dataset => `/v1/quarantine/replays?dataset=${dataset}`),
    post('discard', dataset => `/v1/quarantine/discards?dataset=${dataset}`),
    get('anomalies', dataset => `/v1/anomalies?dataset=${dataset}`),
    get('anomalies', anomalyOf, [403, 404]),
    post('judge', dataset => `${anomalyOf(dataset)}/states`, { state: 'acknowledged' }, [403, 404]),
    get('ledger', dataset => `/v1/ledger?dataset=${dataset}`),
    get('quality', dataset => `/v1/datasets/${dataset}/quality`),
    post(
      'reidentify',
      () => '/v1/reidentification-requests',
      dataset => ({
        dataset,
        pseudonym: `p1.${'A'.repeat(22)}`,
        purpose: 'a test',
      }),
    ),
    get('erase', () => '/v1/erasure-requests'),
    get('erase', () => `/v1/erasure-requests/${randomUUID()}/details`),
    get('export', () => '/v1/export-requests'),
    get('rectify', () => '/v1/rectification-requests'),
    get('restrict', () => '/v1/restriction-requests'),
    get('object', () => '/v1/objection-requests'),
    get('reprotect', () => '/v1/reprotection-requests'),
    post('approve', () => `/v1/reidentification-requests/${randomUUID()}/approvals`),
    get('approve', () => '/v1/policy-approvals'),
    post('approve', () => '/v1/policy-approvals'),
    post('hold', () => '/v1/legal-holds'),
    post('hold', () => '/v1/legal-holds/lifts'),
    post('hold', () => '/v1/legal-holds/lookups'),
    post('erase', () => '/v1/erasure-lifts'),
    get('retention', () => '/v1/retention'),
    get('audit', () => '/v1/audit/entries'),
    get('audit', () => '/v1/audit/export'),
    get('administer', () => '/v1/access/keys'),
    post('administer', () => '/v1/access/keys'),
  ]
}

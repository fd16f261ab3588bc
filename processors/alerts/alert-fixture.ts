// Anomalies and routes for the tests of alerts.

import type { Route } from '../../governance/alerts/alert-policy.ts'
import type { SeenAnomaly } from './group-anomalies.ts'

export const NOON_MS = Date.parse('2026-11-21T12:00:00Z')

export function route(changes: Partial<Route> = {}): Route {
  return {
    name: 'ops',
    datasets: undefined,
    kinds: undefined,
    leastRank: 0,
    to: [{ kind: 'webhook', name: 'pager' }],
    by: ['dataset', 'kind'],
    waitMs: 30_000,
    intervalMs: 300_000,
    repeatMs: undefined,
    tellsResolved: true,
    language: 'en',
    ...changes,
  }
}

/** The n-th one of a dataset, detected n ms after noon. */
export function anomaly(n: number, changes: Partial<SeenAnomaly> = {}): SeenAnomaly {
  return {
    id: `a${String(n).padStart(6, '0')}`,
    dataset: 'payments',
    kind: 'silence',
    severity: 'high',
    state: 'open',
    detectedAt: new Date(NOON_MS + n).toISOString(),
    detail: `No event came in, says ${n}.`,
    ...changes,
  }
}

// The vault's network breaks in every way, and nothing else: without the vault nothing may be accepted.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { transactionOf } from '../fixtures.ts'
import { ferretdb, once } from './engine-set.ts'
import { type FaultRound, faultTest } from './fault.ts'
import { holdsWithin } from './pause.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const STATE_MS = 30_000

const proxy = once(async () => {
  const { settings } = await ferretdb()
  const { port } = new URL(settings.ECLUSE_VAULT!)
  const started = await startTcpProxy({ targetPort: Number(port) })
  return { ...started, stop: started.close }
})

/** Leads the vault alone through the proxy; the server's certificate is for this address too. */
async function throughProxy(): Promise<Record<string, string>> {
  const { settings } = await ferretdb()
  const { port } = await proxy()
  const name = `ecluse_vault_${randomUUID().slice(0, 8)}`
  return { ECLUSE_VAULT: settings.ECLUSE_VAULT!.replace(/:\d+\/ecluse_vault/, `:${port}/${name}`) }
}

/** A new person's event, which cannot do without the vault. */
async function postStranger({ fleet }: FaultRound): Promise<Response> {
  return fetch(`${fleet.addresses()[0]}/v1/datasets/${fleet.dataset}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fleet.key('producer')}`, 'content-type': 'application/json' },
    // Never sent to the ledger: should it be stored, the oracle calls it invented.
    body: JSON.stringify(transactionOf(randomUUID())),
  })
}

async function nothingIsAccepted(round: FaultRound): Promise<void> {
  const response = await postStranger(round)
  const problem = (await response.json()) as { type: string; detail: string }
  assert.equal(response.status, 503, JSON.stringify(problem))
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  assert.match(problem.detail, /vault/)
  await holdsWithin(STATE_MS, 'the gateway is not ready', async () => {
    const { status } = await fetch(`${round.fleet.addresses()[0]}/readyz`)
    return status === 503
  })
}

const isReady = ({ fleet }: FaultRound) =>
  holdsWithin(STATE_MS, 'the gateway is ready again', async () => {
    const { status } = await fetch(`${fleet.addresses()[0]}/readyz`)
    return status === 200
  })

faultTest({
  name: 'vault down',
  promise: 'every producer is answered 503 with Retry-After, and nothing is half done',
  settings: throughProxy,
  strike: async round => {
    const network = await proxy()
    await network.cut()
    try {
      await nothingIsAccepted(round)
      await round.lasts(0, 1_000)
    } finally {
      await network.heal()
    }
    await isReady(round)
  },
})

faultTest({
  name: 'vault silent',
  promise: 'where nothing passes and nobody is told, producers are answered within a bound all the same',
  settings: throughProxy,
  strike: async round => {
    const network = await proxy()
    network.freeze()
    try {
      await nothingIsAccepted(round)
    } finally {
      await network.cut()
      await network.heal()
    }
    await isReady(round)
  },
})

faultTest({
  name: 'vault slow and half-closed',
  promise: 'it costs time, and no event',
  settings: throughProxy,
  strike: async ({ lasts, accepts }) => {
    const network = await proxy()
    network.delay(100)
    await lasts(500, 1_000)
    network.halfClose()
    await lasts(500, 1_000)
    await network.heal()
    await accepts(1)
  },
})

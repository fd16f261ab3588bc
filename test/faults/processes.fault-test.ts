// Our own processes die, stop, come and go.

import assert from 'node:assert/strict'
import { DRAIN_MS, startBalancedClient } from './balanced-client.ts'
import { faultTest } from './fault.ts'
import { SESSION_MS } from './fleet.ts'
import { nextEvent } from './ledger.ts'
import { holdsWithin } from './pause.ts'
import { sendUntilAnswered } from './send-load.ts'

const TAKE_OVER_MS = 60_000
const BULK = 1_000

faultTest({
  name: 'gateway SIGKILL',
  promise: 'producers go to the other gateway, and nothing acknowledged is lost',
  gateways: 2,
  strike: async ({ fleet, random, lasts }) => {
    const victim = fleet.gateways[Math.floor(random() * 2)]!
    await lasts(0, 500)
    await victim.end('SIGKILL')
    await lasts(500, 1_500)
    await victim.restart()
  },
})

faultTest({
  name: 'processors SIGKILL during a bulk',
  promise: 'what they had begun is finished by those who come after',
  processors: 2,
  settings: async () => ({ ECLUSE_PROCESSOR_BATCH: '100' }),
  strike: async ({ fleet, eye, ledger, lasts, note }) => {
    const bulk = Array.from({ length: BULK }, (_, i) => nextEvent(ledger, `bulk-${ledger.sent.size % 7}-${i % 50}`))
    const sending = { ledger, targets: fleet.addresses, dataset: fleet.dataset, apiKey: fleet.key('producer') }
    await sendUntilAnswered(sending, bulk)
    await Promise.any(
      // Whichever partition is first.
      bulk.slice(0, 20).map(({ id }) => holdsWithin(TAKE_OVER_MS, 'the bulk is begun', () => eye.isArchived(id))),
    )
    await Promise.all(fleet.processors.map(each => each.end('SIGKILL')))
    const left = await eye.lag()
    note(`${left} records were left to do at the last kill`)
    await lasts(0, 500)
    await Promise.all(fleet.processors.map(each => each.restart()))
  },
})

faultTest({
  name: 'SIGSTOP of a processor past its session timeout',
  promise: 'what it writes on waking undoes nothing newer',
  processors: 2,
  strike: async ({ fleet, eye, ledger, accepts, lasts }) => {
    const [zombie] = fleet.processors
    process.kill(zombie!.current.pid, 'SIGSTOP')
    try {
      const before = [...ledger.accepted]
      await lasts(SESSION_MS, SESSION_MS + 1_000)
      await holdsWithin(TAKE_OVER_MS, 'the other one has taken over', async () => {
        const archived = new Set((await eye.archive()).map(({ id }) => id))
        return before.every(id => archived.has(id))
      })
      await accepts(60)
    } finally {
      process.kill(zombie!.current.pid, 'SIGCONT')
    }
    const newer = await eye.archive()
    await accepts(60)
    const after = new Map((await eye.archive()).map(event => [event.id, event]))
    for (const event of newer) assert.deepEqual(after.get(event.id), event)
  },
})

faultTest({
  name: 'processors come and go, three of them on six partitions',
  promise: 'each person’s events keep their order, and nothing is lost',
  gateways: 2,
  processors: 3,
  strike: async ({ fleet, accepts }) => {
    const [, second, third] = fleet.processors
    await third!.end()
    await accepts(60)
    await Promise.all([second!.end(), third!.restart()])
    await accepts(60)
    await second!.restart()
    await accepts(60)
  },
})

faultTest({
  name: 'rolling restart of two gateways',
  promise: 'no request fails whose sender goes where /readyz says yes',
  gateways: 2,
  // Longer than a balancer needs to notice; what it takes from there on is answered all the same.
  settings: async () => ({ ECLUSE_DRAIN_MS: String(DRAIN_MS) }),
  load: { producers: 2 },
  strike: async ({ fleet, ledger, note }) => {
    const client = startBalancedClient({ fleet, ledger, clients: 6 })
    for (const gateway of fleet.gateways) {
      await client.answers(60)
      await gateway.end()
      await gateway.restart()
    }
    await client.answers(60)
    const { requests, failed } = await client.stop()
    note(`${requests} requests through the balancer in the last round, ${failed.length} failed`)
    assert.deepEqual(failed, [])
  },
})

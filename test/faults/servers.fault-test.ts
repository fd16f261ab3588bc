// The servers die, one at a time, and come back on their own data.

import assert from 'node:assert/strict'
import { Kafka, logLevel } from 'kafkajs'
import type { Server } from '../engines/spawn-server.ts'
import { cassandra, ferretdb, kafka, registry, versitygw } from './engine-set.ts'
import { type FaultRound, faultTest } from './fault.ts'
import { holdsWithin } from './pause.ts'

const STATE_MS = 30_000

async function kill(servers: Server[]): Promise<void> {
  for (const server of servers) server.kill('SIGKILL')
  await Promise.all(servers.map(({ exited }) => exited))
}

/** Which broker leads the topic's first partition, from 0. */
async function leaderOf(topic: string): Promise<number> {
  const { admin: access } = await kafka()
  const admin = new Kafka({
    brokers: access.url.slice('kafka://'.length).split('?')[0]!.split(','),
    ssl: { ca: [access.ca!] },
    sasl: { mechanism: 'scram-sha-512', username: access.username!, password: access.password! },
    logLevel: logLevel.NOTHING,
  }).admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]!.partitions.find(({ partitionId }) => partitionId === 0)!.leader - 1
  } finally {
    await admin.disconnect()
  }
}

interface Readiness {
  code: number
  status: string
  degraded: string[]
}

async function readiness({ fleet }: FaultRound): Promise<Readiness> {
  const response = await fetch(`${fleet.addresses()[0]}/readyz`)
  return { code: response.status, ...((await response.json()) as Omit<Readiness, 'code'>) }
}

/** A port that ingestion does not need is down: the gateway says which, and refuses nothing. */
async function isOnlyDegraded(round: FaultRound, ...ports: string[]): Promise<void> {
  const { code, status, degraded } = await holdsWithin(
    STATE_MS,
    `${ports.join(' and ')} is told to be down`,
    async () => {
      const answer = await readiness(round)
      return ports.every(port => answer.degraded.includes(port)) && answer
    },
  )
  assert.deepEqual([code, status, degraded], [200, 'degraded', ports])
  const refused = refusals(round)
  await round.accepts(30)
  assert.equal(refusals(round), refused)
}

async function archiveGoesOn({ ledger, eye }: FaultRound): Promise<void> {
  const newest = [...ledger.accepted].at(-1)!
  await holdsWithin(STATE_MS, 'it is archived meanwhile', () => eye.isArchived(newest))
}

const refusals = ({ ledger: { answers } }: FaultRound) => (answers.get('503') ?? 0) + (answers.get('dropped') ?? 0)

const isReady = (round: FaultRound) =>
  holdsWithin(STATE_MS, 'all is well again', async () => (await readiness(round)).status === 'ready')

faultTest({
  name: 'broker leader SIGKILL, of three',
  promise: 'events are accepted by those that are left',
  strike: async ({ fleet, accepts, lasts }) => {
    const { brokers } = await kafka()
    const leader = brokers[await leaderOf(fleet.topic)]!
    await kill([leader.server])
    try {
      await accepts(30)
      await lasts(0, 1_000)
    } finally {
      await leader.restart()
    }
  },
})

faultTest({
  name: 'FerretDB and its PostgreSQL SIGKILL',
  promise: 'vault and archive come back with all they acknowledged',
  strike: async ({ lasts }) => {
    const mongo = await ferretdb()
    await kill(mongo.servers)
    await lasts(500, 2_000)
    await mongo.restart()
  },
})

faultTest({
  name: 'Cassandra SIGKILL',
  promise: 'ingestion goes on, the tables are told to be degraded, and what waited for them is caught up',
  strike: async round => {
    const tables = await cassandra()
    await kill(tables.servers)
    try {
      await isOnlyDegraded(round, 'tables')
    } finally {
      await tables.restart()
    }
    await isReady(round)
  },
})

faultTest({
  name: 'registry down',
  promise: 'ingestion and archive go on, and a gateway starts without it',
  strike: async round => {
    const server = await registry()
    await kill(server.servers)
    try {
      await isOnlyDegraded(round, 'registry')
      await archiveGoesOn(round)
      const [gateway] = round.fleet.gateways
      await gateway!.end()
      await gateway!.restart()
      await round.accepts(30)
    } finally {
      await server.restart()
    }
    await isReady(round)
  },
})

faultTest({
  name: 'S3 down',
  promise: 'ingestion and archive go on, and the lake is told to be degraded',
  strike: async round => {
    const lake = await versitygw()
    await kill(lake.servers)
    try {
      await isOnlyDegraded(round, 'lake', 'erasures')
      await archiveGoesOn(round)
    } finally {
      await lake.restart()
    }
    await isReady(round)
  },
})

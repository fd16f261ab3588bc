// npm run bench [-- --quick] [-- --json]: what governing costs, as ratios within one run. Three servers take turns:
// governed, pass-through, naive; single POSTs over 64 connections, batches of 100 over 8.
//
//   --kafka          through a real Kafka broker instead of the embedded log
//   --plaintext      with --kafka: without TLS and logins
//   --mongodb        with --kafka: the processors also archive into a MongoDB-compatible server
//   --rounds N       instead of 7, or of 3 with --quick
//   --profile DIR    each server writes a CPU profile there when it ends

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureRounds, type RoundsReport, type Shape, type Stack } from './rounds.ts'
import { type BenchServer, startServer } from './servers.ts'
import { archiveTable, table } from './table.ts'
import { type KafkaReport, measureThroughKafka } from './through-kafka.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    plaintext: { type: 'boolean', default: false },
    mongodb: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    profile: { type: 'string' },
  },
})
const VARIANTS = ['governed', 'pass-through', 'naive'] as const
const ROUNDS = Number(values.rounds ?? (values.quick ? 3 : 7))
const SHAPES: Record<string, Shape> = {
  singles: {
    contentType: 'application/json',
    eventsPerBody: 1,
    bodies: values.quick ? 4_000 : 15_000,
    connections: 64,
  },
  batches: {
    contentType: values.kafka ? 'application/x-ndjson' : 'application/json',
    eventsPerBody: 100,
    bodies: values.quick ? 100 : 400,
    connections: 8,
  },
}

const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true })
try {
  const report = values.kafka ? await measureThroughKafka(options()) : await measure()
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : textOf(report))
} finally {
  rmSync(dir, { recursive: true, force: true })
}

function options() {
  const { plaintext, mongodb, profile: profileDir } = values
  return { dir, rounds: ROUNDS, shapes: SHAPES, plaintext, mongodb, profileDir }
}

async function measure(): Promise<RoundsReport> {
  const servers: BenchServer[] = []
  const stacks: Stack[] = []
  for (const variant of VARIANTS) {
    const dataDir = mkdtempSync(join(dir, `${variant}-`))
    const server = await startServer({ variant, dataDir }, values.profile)
    servers.push(server)
    stacks.push({ name: variant, target: server.target, cpu: { process: server.cpuSeconds } })
  }
  const report = await measureRounds(stacks, SHAPES, ROUNDS)
  for (const server of servers) await server.stop()
  return report
}

function textOf(report: RoundsReport | KafkaReport): string {
  return 'archive' in report ? table(report) + archiveTable(report) : table(report)
}

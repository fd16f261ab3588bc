// Everything embedded, on a disk that fills up, and on one that takes its time.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EmbeddedFleet, startEmbedded } from './embedded-fleet.ts'
import { faultTest } from './fault.ts'
import { holdsWithin } from './pause.ts'

const DISK_MIB = 96
const BALLAST_BYTES = 1_048_576
const REFUSED_MS = 60_000
const ATTACH_MS = 10_000

faultTest({
  name: 'disk full, embedded',
  promise: 'producers are answered 503 until there is room again, and nothing is lost',
  start: () => startEmbedded({ sizeMib: DISK_MIB }),
  strike: async ({ fleet, ledger, lasts }) => {
    const { disk } = fleet as EmbeddedFleet
    const ballast = fill(disk)
    const before = ledger.answers.get('503') ?? 0
    await holdsWithin(REFUSED_MS, 'producers are answered 503', () => {
      topUp(disk, ballast)
      return (ledger.answers.get('503') ?? 0) > before
    })
    await lasts(500, 1_500)
    for (const path of ballast) rmSync(path)
  },
})

/** Files that take what is left. */
function fill(disk: string): string[] {
  const ballast: string[] = []
  topUp(disk, ballast)
  return ballast
}

function topUp(disk: string, ballast: string[]): void {
  for (let bytes = BALLAST_BYTES; bytes >= 4_096; ) {
    const path = join(disk, `ballast-${ballast.length}`)
    ballast.push(path)
    try {
      writeFileSync(path, Buffer.alloc(bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      bytes /= 2
    }
  }
}

const SYNC_MS = 300

faultTest({
  name: 'slow disk, embedded',
  promise: `each sync of the disk takes ${SYNC_MS} ms more, and nothing is lost`,
  start: () => startEmbedded(),
  strike: async ({ fleet, accepts }) => {
    const slow = await slowSyncs(fleet.gateways[0]!.current.pid)
    const startMs = performance.now()
    await accepts(20)
    assert.ok(performance.now() - startMs >= SYNC_MS)
    await slow.end()
  },
})

/** Has strace hold back a process's syncs. @throws Error where there is no strace */
async function slowSyncs(pid: number): Promise<{ end(): Promise<void> }> {
  const calls = 'fsync,fdatasync'
  const inject = `inject=${calls}:delay_enter=${SYNC_MS * 1_000}`
  const strace = spawn('strace', ['-f', '-p', String(pid), '-e', `trace=${calls}`, '-e', inject, '-o', '/dev/null'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(strace, 'exit')
  let said = ''
  strace.stderr.on('data', chunk => {
    said += chunk
  })
  await Promise.race([
    holdsWithin(ATTACH_MS, 'strace is attached', () => said.includes('attached')),
    exited.then(() => Promise.reject(new Error(`strace ended: ${said}`))),
  ])
  return {
    end: async () => {
      strace.kill('SIGINT')
      await exited
    },
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Level } from '../governance/classification/taxonomy.ts'
import { showPromises } from './show-quality.ts'

const levels: Record<string, Level> = { '/lieu': 'internal', '/email': 'confidential' }
const view = (...read: Level[]) => ({
  promises: {
    completeness: [
      { pointer: '/lieu', share: 0.95, level: 'internal' as const },
      { pointer: '/email', share: 0.99, level: 'confidential' as const },
    ],
    conformity: 0.98,
    timeliness: { withinMs: 600_000, share: 0.95 },
    skewMs: 300_000,
    consistency: [
      {
        name: 'ends-after-start',
        when: [],
        require: [{ pointer: '/end', atLeast: '/start', level: 'confidential' as const }],
        share: 1,
      },
    ],
  },
  levelOf: (pointer: string) => levels[pointer]!,
  timeLevel: 'internal' as const,
  read: new Set(read),
  seesLedger: false,
})

test('promises are told as far as a caller reads what they are of', () => {
  const all = {
    completeness: [
      { pointer: '/lieu', share: 0.95 },
      { pointer: '/email', share: 0.99 },
    ],
    conformity: 0.98,
    timeliness: { withinMs: 600_000, share: 0.95 },
    consistency: [{ rule: 'ends-after-start', share: 1 }],
  }
  assert.deepEqual(showPromises(view('public', 'internal', 'confidential')), all)
  const { timeliness, completeness, ...rest } = all
  assert.deepEqual(showPromises(view('public', 'internal')), {
    ...rest,
    timeliness,
    completeness: completeness.slice(0, 1),
    consistency: [],
  })
  assert.deepEqual(showPromises(view('public')), { completeness: [], conformity: 0.98, consistency: [] })
})

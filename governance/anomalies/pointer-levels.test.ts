import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pointerLevels } from './pointer-levels.ts'

const version = (levels: Record<string, string>) => ({
  fields: Object.entries(levels).map(([pointer, level]) => ({ pointer, level })),
})

test('a pointer has the strictest level of the fields it is, or stands in; what nobody declared the strictest of all', () => {
  const versions = new Map([
    ['1-0-0', version({ '/amount': 'internal', '/who/name': 'confidential', '/lines/*/note': 'public' })],
    ['1-1-0', version({ '/amount': 'confidential', '/map': 'restricted', '/who/name': 'internal' })],
  ])
  const levelOf = pointerLevels({ versions } as never)
  assert.deepEqual(
    [
      '/amount',
      '/who/name',
      '/lines/*/note',
      '/lines/3/note',
      '/map',
      '/map/anything',
      '/who',
      '/lines',
      '/*',
      '/nobody',
    ].map(levelOf),
    [
      ...['confidential', 'confidential', 'public', 'public', 'restricted', 'restricted'],
      ...['internal', 'internal', 'restricted', 'restricted'],
    ],
  )
})

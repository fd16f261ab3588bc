import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharePartitions } from './assign-subscribed.ts'

test('partitions are shared evenly, each once, and the same whatever the order of members and topics', () => {
  const subscriptions = new Map(['m3', 'm1', 'm2'].map(member => [member, ['a', 'b']]))
  const partitions = new Map([
    ['b', [2, 0, 1]],
    ['a', [0, 1, 2, 3]],
  ])
  const shares = sharePartitions(subscriptions, partitions)
  const given = [...shares.values()].flatMap(share => Object.entries(share).flatMap(([t, ids]) => ids.map(i => t + i)))
  assert.deepEqual(given.sort(), ['a0', 'a1', 'a2', 'a3', 'b0', 'b1', 'b2'])
  const sizes = [...shares.values()].map(share => Object.values(share).flat().length)
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1)
  const reversed = sharePartitions(new Map([...subscriptions].reverse()), new Map([...partitions].reverse()))
  for (const [member, share] of shares) assert.deepEqual(reversed.get(member), share)
})

test('a member gets only topics it subscribed to, and a topic nobody subscribed to goes to nobody', () => {
  const shares = sharePartitions(
    new Map([
      ['old', ['a']],
      ['new', ['a', 'b']],
    ]),
    new Map([
      ['a', [0, 1]],
      ['b', [0, 1]],
      ['c', [0]],
    ]),
  )
  assert.deepEqual(Object.keys(shares.get('old')!), ['a'])
  assert.deepEqual(shares.get('new')!.b, [0, 1])
  assert.ok([...shares.values()].every(share => !('c' in share)))
})

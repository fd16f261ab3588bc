import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { addPins, findPins, type NamedVersion } from './pin-schemas.ts'

const version = (registryVersion: number, name: string): NamedVersion => ({
  registryVersion,
  id: registryVersion,
  sha256: `hash of ${registryVersion}`,
  text: '{}',
  version: name,
})
const [first, second] = [version(1, '1-0-0'), version(4, '1-0-1')]

test('what was pinned is found by every process, in order, whatever versions the registry left out', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  assert.deepEqual(await findPins(vault, 'orders', 'a/b-value'), [])
  await addPins(vault, 'orders', 'a/b-value', [first])
  await addPins(vault, 'orders', 'a/b-value', [first, second])
  assert.deepEqual(await findPins(openAgain(), 'orders', 'a/b-value'), [first, second])
  assert.deepEqual(await findPins(vault, 'orders', 'a-value'), [])
  assert.deepEqual(await findPins(vault, 'payments', 'a/b-value'), [])
})

test('of two processes that pin otherwise, the later is told to read again, and what was pinned stays', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  await addPins(vault, 'orders', 'raw-value', [first])
  for (const other of [second, { ...first, sha256: 'another' }])
    await assert.rejects(addPins(openAgain(), 'orders', 'raw-value', [other]), /another process found other versions/)
  assert.deepEqual(await findPins(vault, 'orders', 'raw-value'), [first])
})

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Vault } from '../../storage/vault/vault.ts'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { openKeyRing } from './key-ring.ts'
import { rotateKek } from './system-keys.ts'

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]

async function used(vault: Vault) {
  const ring = await openKeyRing(vault, OLD, Date.now)
  await ring.loadDomain('marketing')
  await ring.requestKey('r1', null)
  await ring.quarantineKey('orders', Date.now(), 86_400_000)
  return ring
}

test('after the KEK is changed the new one opens every key, the old one none, and nothing old rests', async t => {
  const { vault, dir } = await temporaryVault(t)
  const ring = await used(vault)
  const requestKey = await ring.requestKey('r1', null)
  const before = await vault.listKeys('')
  assert.equal(await rotateKek(vault, OLD, NEW), before.length)
  const after = await openKeyRing(vault, NEW, Date.now)
  assert.equal(after.lookupHash('a'), ring.lookupHash('a'))
  assert.deepEqual(after.signingSeed, ring.signingSeed)
  assert.deepEqual(await after.requestKey('r1', null), requestKey)
  await assert.rejects(openKeyRing(vault, OLD, Date.now), /ECLUSE_KEK does not open this vault/)
  const files = Buffer.concat(await Promise.all((await readdir(dir)).map(name => readFile(join(dir, name)))))
  for (const { sealed } of before) assert.equal(files.includes(sealed), false)
  assert.equal(await rotateKek(vault, OLD, NEW), 0)
})

test('a process that has both KEKs goes on before, while and after they are changed', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  await used(vault)
  const both = await openKeyRing(openAgain(), { kek: OLD, nextKek: NEW }, Date.now)
  await both.requestKey('before', null)
  await rotateKek(vault, OLD, NEW)
  await both.requestKey('after', null)
  await both.refresh()
  const after = await openKeyRing(vault, NEW, Date.now)
  for (const id of ['before', 'after']) assert.deepEqual(await after.findRequestKey(id), await both.findRequestKey(id))
})

test('a process that has the old KEK alone makes no key that nobody could open later', async t => {
  const { vault, openAgain } = await temporaryVault(t)
  await used(vault)
  const old = await openKeyRing(openAgain(), OLD, Date.now)
  await rotateKek(vault, OLD, NEW)
  await assert.rejects(old.requestKey('r2', null), /ECLUSE_KEK does not open this vault/)
  assert.deepEqual(await vault.listKeys('request/r2'), [])
})

test('a change of the KEK that cannot open a key changes nothing', async t => {
  const { vault } = await temporaryVault(t)
  await used(vault)
  const before = await vault.listKeys('')
  await assert.rejects(rotateKek(vault, Buffer.alloc(32, 3), NEW), /does not open this vault/)
  assert.deepEqual(await vault.listKeys(''), before)
})

test('a vault without its epoch keys is told as that, and gets none that would open nobody', async t => {
  const { vault } = await temporaryVault(t)
  await used(vault)
  await vault.deleteKey('epoch/1')
  await assert.rejects(openKeyRing(vault, OLD, Date.now), /restored without its epoch keys: run `ecluse vault restore`/)
  assert.deepEqual(await vault.listKeys('epoch/'), [])
})

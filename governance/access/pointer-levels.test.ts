import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../contract/contract-fixture.ts'
import { pointerLevels } from './pointer-levels.ts'

test('what hangs on a pointer has the level of its field; objects the least of what is in them; the unknown is restricted', async () => {
  const { contracts } = await check()
  const levelOf = pointerLevels(contracts.get('orders')!)
  const levels = {
    '/amount': 'internal',
    '/buyer/email': 'confidential',
    '/buyer': 'confidential',
    '/buyer/*': 'confidential',
    '': 'internal',
    '/*': 'internal',
    '/never/declared': 'restricted',
    '/amount/inside': 'internal',
    '/amount/3': 'internal',
    '/3': 'internal',
  }
  for (const [pointer, level] of Object.entries(levels)) assert.equal(levelOf(pointer), level, pointer)
})

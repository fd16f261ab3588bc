import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { temporaryVault } from '../../test/temporary-vault.ts'
import { type ApprovalMode, openGate } from './admit-contract.ts'
import { newSchemas, openApprovals } from './approvals.ts'
import type { PolicyComparison } from './compare-policies.ts'
import { policyText, schemaText } from './contract-fixture.ts'
import { compileDataset } from './load.ts'

const found = (path: string, text: string) => ({ path, bytes: Buffer.from(text), sha256: hash('sha256', text) })
const compiled = (policy: string) =>
  compileDataset('orders', found('orders.yaml', policy), new Map([['1-0-0', found('1-0-0', schemaText)]]), 20).contract!

const usual = compiled(policyText)
const weak = compiled(policyText.replace('log: 7d', 'log: 9d'))
const strict = compiled(policyText.replace('log: 7d', 'log: 5d'))

async function opened(t: TestContext, mode: ApprovalMode = 'required') {
  const { vault, openAgain } = await temporaryVault(t)
  const told: string[] = []
  const onChange = (_: string, { verdict }: PolicyComparison) => told.push(verdict)
  const gate = openGate({ vault, mode, maxViolations: 20, onChange })
  const other = openGate({ vault: openAgain(), mode, maxViolations: 20, onChange })
  return { vault, gate, other, told, approvals: openApprovals(vault) }
}

test('the first contract of a dataset goes live, and so does the same one again, and a stricter one', async t => {
  const { gate, told } = await opened(t)
  for (const contract of [usual, usual, strict]) {
    assert.deepEqual(await gate.admit(contract), {})
    await gate.remember(contract)
  }
  assert.deepEqual(told, ['stricter'])
})

test('a weaker one waits in every process, with what was live last, until it is approved in one', async t => {
  const { gate, other, approvals, told } = await opened(t)
  await gate.remember(usual)
  const { waits, last } = await other.admit(weak)
  assert.deepEqual(waits!.reasons, ['retention of log goes from 7d to 9d'])
  assert.deepEqual([last!.policySha256, last!.policyText], [usual.policySha256, policyText])
  await approvals.approve(waits!)
  assert.deepEqual([await gate.admit(weak), await other.admit(weak)], [{}, {}])
  await other.remember(weak)
  assert.deepEqual(await gate.admit(weak), {}, 'it is live elsewhere')
  assert.deepEqual(told, ['weaker', 'weaker'])
})

test('a contract is kept with the tables it joins: a changed one goes live and is told, and what waits leaves it as it was', async t => {
  const { gate, approvals, told } = await opened(t)
  const aggregate = 'groupBy: [/id], join: { reference: ids, on: /id, take: [name] }, measures: { n: count }'
  const text = `${policyText}aggregates:\n  a: { window: { tumbling: 1h }, ${aggregate} }\n`
  const joined = (table: string, policy = text) =>
    compileDataset(
      'orders',
      found('orders.yaml', policy),
      new Map([['1-0-0', found('1-0-0', schemaText)]]),
      20,
      new Map([['ids', found('ids.csv', table)]]),
    ).contract!
  const [one, uno] = ['id,name\n1,one\n', 'id,name\n1,uno\n']
  await gate.remember(joined(one))
  assert.deepEqual(await gate.admit(joined(uno)), {})
  assert.deepEqual(told, ['same'])
  const { waits, last } = await gate.admit(joined(uno, text.replace('log: 7d', 'log: 9d')))
  assert.equal(last?.references.get('ids')?.rows.get('1')?.name, 'one')
  assert.deepEqual(newSchemas(waits!), { 'references/ids.csv': hash('sha256', uno) })
  await approvals.approve(waits!)
  assert.deepEqual(await gate.admit(joined(uno, text.replace('log: 7d', 'log: 9d'))), {})
})

test('an approval is for one step from one content to another, once', async t => {
  const { gate, approvals } = await opened(t)
  await gate.remember(usual)
  await approvals.approve((await gate.admit(weak)).waits!)
  await gate.remember(strict)
  assert.ok((await gate.admit(weak)).waits, 'from elsewhere')
  await gate.remember(usual)
  assert.ok((await gate.admit(weak)).waits, 'again')
})

test('where what was live last cannot be compiled any more, the edit waits, and nothing takes its place', async t => {
  const { gate, vault } = await opened(t)
  await gate.remember(usual)
  await vault.putSetting(`schema-text/${hash('sha256', schemaText)}`, '{')
  const { waits, last } = await gate.admit(strict)
  assert.match(waits!.reasons.join(), /cannot be read any more/)
  assert.equal(last, undefined)
})

test('where no approval is required, a weaker one goes live and is told', async t => {
  const { gate, told } = await opened(t, 'none')
  await gate.remember(usual)
  assert.deepEqual(await gate.admit(weak), {})
  assert.deepEqual(told, ['weaker'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { contextOf } from '../../test/action-context.ts'
import { compareActions, storesNothing } from '../contract/compare-actions.ts'
import type { Contract, FieldRule } from '../contract/contract.ts'
import { check, policyText } from '../contract/contract-fixture.ts'
import { liveContracts } from '../contract/stored-contract.ts'
import { openField } from '../protection/field-cipher.ts'
import { protect } from '../protection/protect.ts'
import type { KnownPerson } from '../subjects/find-persons.ts'
import { planReprotection, reprotectEvent } from './reprotect-event.ts'

const SUBJECT = 'p1.aaaaaaaaaaaaaaaaaaaaaa'
const alice = { ...contextOf('Alice'), dataset: 'orders', eventId: 'e1', pseudonym: SUBJECT }
const persons = new Map([[SUBJECT, { pseudonym: SUBJECT, keys: alice.keys, id: '7' } as KnownPerson]])
const raw = { id: 'e1', amount: 12.5, buyer: { number: '7', email: 'ada,lovelace@example.org' } }
const written = [
  'keep',
  'mask',
  '{ generalise: { keep: first, separator: "," } }',
  'pseudonymise',
  '{ pseudonymise: { domain: marketing } }',
  '{ pseudonymise: { domain: sales } }',
  'encrypt',
  'redact',
  'drop',
]

async function contractOf(action: string, level = 'confidential'): Promise<Contract> {
  const rule = '/buyer/email: { category: user.contact.email, level: confidential, action: pseudonymise }'
  const text = policyText.replace(
    rule,
    `/buyer/email: { category: user.contact.email, level: ${level}, action: ${action} }`,
  )
  const { contracts, said } = await check({ 'policies/orders.yaml': text })
  const contract = contracts.get('orders')
  assert.ok(contract, said.join('\n'))
  return contract
}

function protectedBy(contract: Contract): JsonObject {
  const context = { primary: alice, others: new Map(), redacted: new Set<string>() }
  return protect(contract.versions.get('1-0-0')!.plan, raw, context)
}

const sealed = (event: JsonObject) => ({ dataset: 'orders', id: 'e1', subject: SUBJECT, event })
const emailOf = (event: JsonObject) => (event.buyer as JsonObject).email
const ruleOf = (contract: Contract) =>
  contract.versions.get('1-0-0')!.fields.find(({ pointer }) => pointer === '/buyer/email')!
const said = ({ actionName: name, parameters }: FieldRule) => ({ name, parameters })

/** What a sealed value says; anything else as it is. */
function inTheClear(value: JsonValue | undefined): JsonValue | undefined {
  const place = { dataset: 'orders', pointer: '/buyer/email', eventId: 'e1' }
  if (typeof value === 'string' && value.startsWith('enc1.'))
    return ['sealed', openField(alice.keys!.field, value, place)]
  const domain = value as { tokens: string[]; sealed: string } | null | undefined
  if (typeof domain !== 'object' || !domain?.tokens) return value
  return [...domain.tokens, openField(alice.keys!.field, domain.sealed, place)]
}

test('from every action to every other: as today’s policy would have it, where that is stricter and can be done', async () => {
  const contracts = await Promise.all(written.map(action => contractOf(action)))
  let brought = 0
  for (const [i, before] of contracts.entries())
    for (const [j, now] of contracts.entries()) {
      const name = `${written[i]} → ${written[j]}`
      const stored = protectedBy(before)
      const plan = planReprotection(liveContracts(before)[0]!, liveContracts(now)[0]!, now.versions.get('1-0-0')!)
      const made = reprotectEvent(plan, sealed(stored), { persons, domainKeys: alice.domainKeys })!
      const isStricter = compareActions(said(ruleOf(before)), said(ruleOf(now))) === 'stricter'
      const isOpen = written[i] === 'keep' || written[i]!.includes('domain')
      const expected = isStricter && (isOpen || storesNothing(said(ruleOf(now)))) ? protectedBy(now) : stored
      const hadValue = emailOf(stored) !== undefined && emailOf(stored) !== null
      assert.deepEqual(
        inTheClear(emailOf(made.event)),
        inTheClear(hadValue ? emailOf(expected) : emailOf(stored)),
        name,
      )
      assert.equal(Object.hasOwn(made.event.buyer as object, 'email'), emailOf(made.event) !== undefined, name)
      assert.deepEqual([made.event.amount, made.event.id], [12.5, 'e1'], name)
      brought += made.protected.size

      // What was done is what the new contract says of it: nothing is left to do, and what is told as left stays so.
      const again = planReprotection(plan.after, liveContracts(now)[0]!, now.versions.get('1-0-0')!)
      const second = reprotectEvent(again, sealed(made.event), { persons, domainKeys: alice.domainKeys })!
      assert.deepEqual([second.event, second.protected.size, second.renewed.size], [made.event, 0, 0], name)
      assert.deepEqual(second.left, made.left, name)
    }
  assert.ok(brought > 20, `${brought}`)
})

test('an event whose person’s key is not known is left whole: nobody’s value is lost', async () => {
  const [before, now] = [await contractOf('keep'), await contractOf('encrypt')]
  const plan = planReprotection(liveContracts(before)[0]!, liveContracts(now)[0]!, now.versions.get('1-0-0')!)
  const made = reprotectEvent(plan, sealed(protectedBy(before)), { persons: new Map(), domainKeys: alice.domainKeys })
  assert.equal(made, undefined)
})

test('a level never falls with it, and whose event it is stays', async () => {
  const [before, now] = [await contractOf('keep', 'restricted'), await contractOf('encrypt', 'internal')]
  const [stored, today] = [liveContracts(before)[0]!, liveContracts(now)[0]!]
  const { after, steps } = planReprotection(stored, today, now.versions.get('1-0-0')!)
  const email = after.fields.find(({ pointer }) => pointer === '/buyer/email')!
  assert.deepEqual([email.level, email.action], ['restricted', 'encrypt'])
  assert.deepEqual([...steps.keys()], ['/buyer/email'])
  assert.notEqual(after.policy, stored.policy)
  assert.notEqual(after.policy, today.policy)
  assert.deepEqual(
    after.fields.filter(({ pointer }) => pointer !== '/buyer/email'),
    stored.fields.filter(({ pointer }) => pointer !== '/buyer/email'),
  )
})

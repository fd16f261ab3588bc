// What actions need to know of an event, and arbitrary JSON values, for tests of protection.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { ActionContext, DomainKey } from '../governance/protection/action.ts'
import { mac, macKey } from '../governance/protection/mac.ts'
import { personKeys } from '../governance/protection/person-keys.ts'
import { isJsonObject, type JsonValue } from '../storage/json.ts'

/** The context of a person, made from a name: the same name, the same keys. */
export function contextOf(person: string, given: Partial<ActionContext> = {}): ActionContext {
  const secret = createHash('sha256').update(person).digest()
  return {
    dataset: 'transactions',
    eventId: 'event-1',
    keys: personKeys(secret),
    pseudonym: `p1.${secret.toString('base64url', 0, 16)}`,
    domainKeys: domain => [domainKey(domain, 1)],
    ...given,
  }
}

/** The context of a field that is about nobody. */
export const nobody: ActionContext = { ...contextOf('nobody'), keys: undefined, pseudonym: undefined }

export function domainKey(domain: string, id: number): DomainKey {
  const key = macKey(createHash('sha256').update(`${domain}/${id}`).digest())
  return { id, mac: text => mac(key, text, 'base64url') }
}

/** Any JSON value: also deep, empty, Unicode; every string well-formed, as the gateway's are. */
export const anyJson = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' }).map(withoutNegativeZero)

/** JSON writes -0 as 0. */
function withoutNegativeZero(value: unknown): JsonValue {
  const json = value as JsonValue
  if (Array.isArray(json)) return json.map(withoutNegativeZero)
  if (isJsonObject(json)) return Object.fromEntries(Object.entries(json).map(([n, v]) => [n, withoutNegativeZero(v)]))
  return json === 0 ? 0 : json
}

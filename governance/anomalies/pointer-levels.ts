// Which level somebody must be allowed to read to be told something of a pointer.

import { higherLevel, type Level } from '../classification/taxonomy.ts'
import type { Contract } from '../contract/contract.ts'
import { matchesPattern, parsePointer } from '../contract/json-pointer.ts'

/**
 * The strictest that the pointer, or what it stands in, has in any schema version. Of what only holds others `internal`;
 * of what nobody declared, the strictest there is.
 */
export function pointerLevels({ versions }: Pick<Contract, 'versions'>): (pointer: string) => Level {
  const rules = [...versions.values()]
    .flatMap(({ fields }) => fields)
    .map(({ pointer, level }) => ({ tokens: parsePointer(pointer) ?? [], level }))
  const known = new Map<string, Level>()

  function levelOf(pointer: string): Level {
    const tokens = (parsePointer(pointer) ?? []).map(token => (/^\d+$/.test(token) ? '*' : token))
    const around = rules.filter(rule => matchesPattern(rule.tokens, tokens.slice(0, rule.tokens.length)))
    if (around.length > 0) return around.map(({ level }) => level).reduce(higherLevel)
    const within = rules.some(rule => matchesPattern(rule.tokens.slice(0, tokens.length), tokens))
    return within ? 'internal' : 'restricted'
  }

  return pointer => {
    const level = known.get(pointer) ?? levelOf(pointer)
    known.set(pointer, level)
    return level
  }
}

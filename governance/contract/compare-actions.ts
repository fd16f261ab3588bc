// Which of two actions protects a field more. Where nobody can say, each is weaker than the other: a second person
// looks at the change then, whichever way it goes.

import type { ActionName } from '../protection/action.ts'

export type Effect = 'weaker' | 'stricter' | 'same'

/** An action as the policy writes it. */
export interface WrittenAction {
  name: ActionName | 'reject'
  parameters?: unknown
}

/**
 * From what leaves most of a value readable to what leaves nothing of it; docs/decisions/0040-order-of-actions.md says
 * why. Masks and generalisations share a rank: what one of them leaves the other may hide.
 */
const ranks: Record<string, number> = {
  keep: 0,
  mask: 1,
  generalise: 1,
  'pseudonymise in a domain': 2,
  pseudonymise: 3,
  encrypt: 4,
  redact: 5,
  drop: 6,
  reject: 7,
}

/** From this rank on nothing of a value can be read without its person's key, nor two values be told to be equal. */
const SEALED = ranks.encrypt!
/** From this rank on nothing of a value is stored. */
const GONE = ranks.redact!

export function compareActions(from: WrittenAction, to: WrittenAction): Effect {
  const [before, after] = [rankOf(from), rankOf(to)]
  if (before !== after) return after < before ? 'weaker' : 'stricter'
  if (textOf(from) === textOf(to)) return 'same'
  if (isCoarser(from, to)) return 'stricter'
  return 'weaker'
}

/** Whether the stored value tells nothing to who has no key. */
export const seals = (action: WrittenAction) => rankOf(action) >= SEALED
/** Whether a value leaves nothing behind. */
export const storesNothing = (action: WrittenAction) => rankOf(action) >= GONE

/** `generalise {"band":10}` */
export function describeAction({ name, parameters }: WrittenAction): string {
  return parameters === undefined ? name : `${name} ${JSON.stringify(parameters)}`
}

function rankOf({ name, parameters }: WrittenAction): number {
  const inDomain = name === 'pseudonymise' && (parameters as { domain?: string } | undefined)?.domain !== undefined
  return ranks[inDomain ? 'pseudonymise in a domain' : name]!
}

function textOf({ name, parameters }: WrittenAction): string {
  const members = Object.entries((parameters as object | undefined) ?? {})
  return JSON.stringify([name, members.sort(([a], [b]) => (a < b ? -1 : 1))])
}

/** Whether whoever knows the value stored by `from` could work out the one stored by `to`, for every value. */
function isCoarser(from: WrittenAction, to: WrittenAction): boolean {
  if (from.name !== to.name) return false
  if (to.name === 'mask') return isCoarserMask(from.parameters as Mask, to.parameters as Mask)
  if (to.name !== 'generalise') return false
  const [before, after] = [from.parameters, to.parameters] as Record<string, unknown>[]
  if (before!.date !== undefined && after!.date !== undefined)
    return units.indexOf(after!.date as string) > units.indexOf(before!.date as string)
  for (const width of ['band', 'grid'])
    if (before![width] !== undefined && after![width] !== undefined)
      return isMultiple(after![width] as number, before![width] as number)
  return false
}

const units = ['day', 'month', 'year']

type Mask = { keep: string; count: number } | undefined

/** Without parameters nothing stays. */
function isCoarserMask(from: Mask, to: Mask): boolean {
  if (!to) return from !== undefined
  return from !== undefined && from.keep === to.keep && to.count < from.count
}

/** Edges of the wide bands are edges of the narrow ones too. */
function isMultiple(wide: number, narrow: number): boolean {
  const times = wide / narrow
  return times > 1 && Math.abs(times - Math.round(times)) < 1e-9
}

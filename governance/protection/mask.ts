// mask: a few characters stay, the rest becomes four asterisks, whatever the length was.

import Type from 'typebox'
import type { JsonValue } from '../../storage/json.ts'
import type { ActionDefinition } from './action.ts'

const STARS = '****'

const parameters = Type.Object(
  {
    keep: Type.Union([Type.Literal('first'), Type.Literal('last')], { description: 'Which end stays readable.' }),
    count: Type.Integer({ minimum: 1, maximum: 8, description: 'How many characters stay.' }),
  },
  { additionalProperties: false },
)

type MaskParameters = { keep: 'first' | 'last'; count: number }

export const mask: ActionDefinition = {
  name: 'mask',
  parameters,
  bare: true,
  hashLike: false,
  needsPerson: () => false,
  make: given => ({
    name: 'mask',
    apply: value => (value === null ? null : masked(value, given as MaskParameters | undefined)),
    derive: () => ({ type: ['string', 'null'] }),
  }),
}

function masked(value: JsonValue, given: MaskParameters | undefined): string {
  if (!given || (typeof value !== 'string' && typeof value !== 'number')) return STARS
  const characters = Array.from(String(value))
  // What stays must be the smaller part, or the mask would hide next to nothing.
  if (characters.length < given.count * 2) return STARS
  return given.keep === 'first'
    ? characters.slice(0, given.count).join('') + STARS
    : STARS + characters.slice(-given.count).join('')
}

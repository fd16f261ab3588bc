// pseudonymise: equal values of one person become equal tokens. In the default domain the token is made under the
// person's own key, so that it joins nobody else and dies with that key. A named domain joins across people and
// datasets; its values are also sealed under the person's key, so that stored tokens can be renewed at a rotation.

import Type from 'typebox'
import type { JsonObject } from '../../storage/json.ts'
import type { Action, ActionDefinition } from './action.ts'
import { sealField } from './field-cipher.ts'
import { ciphertextSchema, formatToken, PERSON_DOMAIN, tokenInput, tokenSchema } from './token.ts'

const parameters = Type.Object(
  {
    domain: Type.String({
      pattern: '^[a-z][a-z0-9-]{0,31}$',
      description: 'Name of a domain whose tokens join across people and datasets. Left out: the person alone.',
    }),
  },
  { additionalProperties: false },
)

const nullSchema: JsonObject = { type: 'null' }

const byPerson: Action = {
  name: 'pseudonymise',
  apply: (value, _pointer, { keys }) =>
    value === null || !keys ? null : formatToken(PERSON_DOMAIN, 0, keys.token(tokenInput(value))),
  derive: () => ({ anyOf: [tokenSchema(PERSON_DOMAIN), nullSchema] }),
}

const byDomain = (domain: string): Action => ({
  name: 'pseudonymise',
  domain,
  apply: (value, pointer, { keys, dataset, eventId, domainKeys }) =>
    value === null || !keys
      ? null
      : {
          tokens: domainKeys(domain).map(key => formatToken(domain, key.id, key.mac(tokenInput(value)))),
          sealed: sealField(keys.field, value, { dataset, pointer, eventId }),
        },
  derive: () => ({
    anyOf: [
      {
        type: 'object',
        properties: {
          tokens: { type: 'array', items: tokenSchema(domain), minItems: 1, maxItems: 2 },
          sealed: ciphertextSchema,
        },
        required: ['tokens', 'sealed'],
        additionalProperties: false,
      },
      nullSchema,
    ],
  }),
})

export const pseudonymise: ActionDefinition = {
  name: 'pseudonymise',
  parameters,
  bare: true,
  hashLike: true,
  needsPerson: () => true,
  check: given =>
    domainOf(given) === PERSON_DOMAIN ? ['the domain "person" is the default: write `action: pseudonymise`'] : [],
  make: given => {
    const domain = domainOf(given)
    return domain === undefined ? byPerson : byDomain(domain)
  },
}

function domainOf(given: unknown): string | undefined {
  return (given as { domain: string } | undefined)?.domain
}

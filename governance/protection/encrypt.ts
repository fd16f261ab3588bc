// encrypt: any value, null included, becomes a ciphertext under the person's key. Whoever has that key reads it
// again; when the key is destroyed nobody does. Without a person there is no key: the value is redacted.

import type { ActionDefinition } from './action.ts'
import { sealField } from './field-cipher.ts'
import { ciphertextSchema } from './token.ts'

export const encrypt: ActionDefinition = {
  name: 'encrypt',
  bare: true,
  hashLike: false,
  needsPerson: () => true,
  make: () => ({
    name: 'encrypt',
    apply: (value, pointer, { keys, dataset, eventId }) =>
      keys ? sealField(keys.field, value, { dataset, pointer, eventId }) : null,
    derive: () => ({ anyOf: [ciphertextSchema, { type: 'null' }] }),
  }),
}

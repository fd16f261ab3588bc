// What `ecluse check` says of a schema file.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, schemaText, schemaWith } from './contract-fixture.ts'

const schema = (text: string) => ({ 'schemas/orders/1-0-0.json': text })
const defining = (definitions: string, property: string) =>
  schemaWith(property).replace('"required": ["buyer"]', `"$defs": { ${definitions} },\n  "required": ["buyer"]`)
const multiplying = Array.from({ length: 30 }, (_, i) => {
  const next = `{ "$ref": "#/$defs/a${i + 1}" }`
  return `"a${i}": { "allOf": [${next}, ${next}] }, ${i < 29 ? '' : '"a30": { "type": "string" }'}`
})
  .join('')
  .replace(/, $/, '')

const promises: [promise: string, files: Record<string, string | Buffer | undefined>, said: string[]][] = [
  [
    'a schema without $schema is refused',
    schema(schemaText.replace(/.*\$schema.*\n/, '')),
    [
      'schemas/orders/1-0-0.json:1:1: error: `$schema` is missing. Fix: Add "$schema": "https://json-schema.org/draft/2020-12/schema".',
    ],
  ],
  [
    'a schema of another draft is refused',
    schema(
      schemaText.replace('https://json-schema.org/draft/2020-12/schema', 'http://json-schema.org/draft-07/schema#'),
    ),
    [
      'schemas/orders/1-0-0.json:2:14: error: only draft 2020-12 is understood. Fix: Write "$schema": "https://json-schema.org/draft/2020-12/schema".',
    ],
  ],
  [
    'a schema whose root is open is refused',
    schema(schemaText.replace('  "additionalProperties": false,\n', '')),
    [
      'schemas/orders/1-0-0.json:1:1: error: the event itself must be a closed object. Fix: Add "additionalProperties": false.',
    ],
  ],
  [
    'a schema that allows no object is refused',
    schema('{ "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "string" }'),
    [
      'schemas/orders/1-0-0.json:1:1: error: an event is a JSON object, and this schema allows none. Fix: Write "type": "object".',
    ],
  ],
  [
    'a schema that is no object is refused',
    schema('[]'),
    [
      'schemas/orders/1-0-0.json:1:1: error: a schema is a JSON object. Fix: Write { "$schema": …, "type": "object", … }.',
    ],
  ],
  [
    'a missing comma is found where it is missing',
    schema(schemaText.replace('"required": ["buyer"],', '"required": ["buyer"]')),
    ['schemas/orders/1-0-0.json:6:3: error: this is not JSON. Fix: Write strict JSON (RFC 8259).'],
  ],
  [
    'a trailing comma is refused though YAML would take it',
    schema(schemaText.replace('"email": { "type": "string" }', '"email": { "type": "string" },')),
    ['schemas/orders/1-0-0.json:17:7: error: this is not JSON. Fix: Write strict JSON (RFC 8259).'],
  ],
  [
    'a truncated schema is refused',
    schema(schemaText.slice(0, 200)),
    ['schemas/orders/1-0-0.json:8:10: error: this is not JSON. Fix: Write strict JSON (RFC 8259).'],
  ],
  [
    'a property declared twice is refused',
    schema(schemaWith('"id": { "type": "string" }')),
    ['schemas/orders/1-0-0.json:8:5: error: map keys must be unique. Fix: Keep one of the two.'],
  ],
  ['tabs are read like any space', schema(schemaText.replaceAll('  ', '\t')), []],
  [
    'a misspelt keyword is refused and the right one suggested',
    schema(schemaWith('"f": { "type": "string", "maxLenght": 3 }')),
    [
      'schemas/orders/1-0-0.json:7:30: error: the keyword `maxLenght` is not known here. Fix: Did you mean `maxLength`? Use keywords of draft 2020-12; $anchor, $dynamicRef and inner $id are not supported.',
    ],
  ],
  [
    'a misspelt type is refused and the right one suggested',
    schema(schemaWith('"f": { "type": "strng" }')),
    [
      'schemas/orders/1-0-0.json:7:20: error: `strng` is no JSON type. Fix: Did you mean `string`? Types are `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`.',
    ],
  ],
  [
    'an unknown format is refused and the right one suggested',
    schema(schemaWith('"f": { "type": "string", "format": "date-tiem" }')),
    [
      'schemas/orders/1-0-0.json:7:40: error: the format `date-tiem` is not known. Fix: Did you mean `date-time`? Known formats are `date`, `time`, `date-time`, `iso-time`, `iso-date-time`, `duration`, `email`, `hostname`, `ipv4`, `ipv6`, `uri`, `uri-reference`, `uuid`, `regex`, `json-pointer`, `relative-json-pointer`, `byte`, `int32`, `int64`, `float` and 1 more.',
    ],
  ],
  [
    'a pattern that RE2 cannot run is refused',
    schema(schemaWith('"f": { "type": "string", "pattern": "(?=a)b" }')),
    [
      'schemas/orders/1-0-0.json:7:41: error: this pattern cannot be run: error parsing regexp: invalid or unsupported Perl syntax: `(?=`. Fix: Write it without look-around, back-references and repetitions above 1000: patterns must run in linear time (RE2).',
    ],
  ],
  [
    'a property name pattern that RE2 cannot run is refused',
    schema(schemaWith('"f": { "type": "object", "patternProperties": { "(a)\\\\1": {} } }')),
    [
      'schemas/orders/1-0-0.json:7:53: error: this pattern cannot be run: error parsing regexp: invalid escape sequence: `\\1`. Fix: Write it without look-around, back-references and repetitions above 1000: patterns must run in linear time (RE2).',
    ],
  ],
  [
    'a reference out of the file is refused',
    schema(schemaWith('"f": { "$ref": "https://example.org/x.json" }')),
    [
      'schemas/orders/1-0-0.json:7:20: error: `$ref` leads to no schema of this file. Fix: Refer to a schema of this file: "#/$defs/…".',
    ],
  ],
  [
    'a reference to nothing is refused and the right one suggested',
    schema(defining('"address": { "type": "string" }', '"f": { "$ref": "#/$defs/adress" }')),
    [
      'schemas/orders/1-0-0.json:8:20: error: `$ref` leads to no schema of this file. Fix: Did you mean `#/$defs/address`? Refer to a schema of this file: "#/$defs/…".',
    ],
  ],
  [
    'a reference to what is no schema is refused',
    schema(schemaWith('"f": { "$ref": "#/required" }')),
    [
      'schemas/orders/1-0-0.json:7:20: error: `$ref` leads to no schema of this file. Fix: Refer to a schema of this file: "#/$defs/…".',
    ],
  ],
  [
    'a reference with a broken escape is refused',
    schema(schemaWith('"f": { "$ref": "#/%zz" }')),
    [
      'schemas/orders/1-0-0.json:7:20: error: `$ref` leads to no schema of this file. Fix: Refer to a schema of this file: "#/$defs/…".',
    ],
  ],
  [
    'a keyword with a wrong value is refused',
    schema(schemaWith('"f": { "type": "string", "minLength": "3" }')),
    [
      'schemas/orders/1-0-0.json:7:43: error: `minLength` is not as JSON Schema wants it: it must be integer. Fix: Mend its value.',
    ],
  ],
  [
    'a keyword for another type is refused',
    schema(schemaWith('"f": { "minLength": 3 }')),
    [
      'schemas/orders/1-0-0.json:7:10: error: the schema cannot be compiled: strict mode: missing type "string" for keyword "minLength" at "#/properties/f" (strictTypes). Fix: Mend the keyword it names.',
    ],
  ],
  [
    'a reference that leads back to itself is refused',
    schema(defining('"a": { "$ref": "#/$defs/a" }', '"f": { "$ref": "#/$defs/a" }')),
    ['schemas/orders/1-0-0.json:5:19: error: this $ref leads back to itself at the same place. Fix: Take it away.'],
  ],
  [
    'definitions that multiply are refused',
    schema(defining(multiplying, '"f": { "$ref": "#/$defs/a0" }')),
    [
      'schemas/orders/1-0-0.json:5:2197: error: with references followed the schema has more than 10,000 places. Fix: Use fewer nested references.',
    ],
  ],
  [
    'unique objects without a limit are refused',
    schema(
      schemaWith(
        '"f": { "type": "array", "uniqueItems": true, "items": { "type": "object", "additionalProperties": false } }',
      ),
    ),
    [
      'schemas/orders/1-0-0.json:7:44: error: unique items of more than one type, or objects, are compared pair by pair: a long array would take too long. Fix: Add "maxItems": 1000 or less, or give the items one scalar type.',
    ],
  ],
  [
    'unique texts, and few unique objects, are fine',
    schema(
      schemaWith(
        '"f": { "type": "array", "uniqueItems": true, "items": { "type": "string" } }, "g": { "type": "array", "maxItems": 10, "uniqueItems": true, "items": { "type": "object", "additionalProperties": false } }',
      ),
    ),
    [],
  ],
  [
    'a property called constructor is refused',
    schema(schemaWith('"constructor": { "type": "string" }')),
    ['schemas/orders/1-0-0.json:7:5: error: a property may not be called `constructor`. Fix: Choose another name.'],
  ],
  [
    'an example that would be rejected is a warning',
    schema(
      schemaText.replace(
        '"required": ["buyer"]',
        '"examples": [{ "buyer": { "number": 1 } }],\n  "required": ["buyer"]',
      ),
    ),
    [
      'schemas/orders/1-0-0.json:5:16: warning: this example would be rejected: /buyer/number the value must be of type string. Fix: Send a string; nothing is converted.',
    ],
  ],
  [
    'a property that may not have any value is no property',
    schema(schemaWith('"f": false, "g": { "$ref": "#/properties/f" }')),
    [],
  ],
]

for (const [promise, files, said] of promises) {
  test(promise, async () => {
    const checked = await check(files)
    assert.deepEqual(checked.said, said)
    assert.equal(checked.contracts.has('orders'), !said.some(line => line.includes(': error: ')))
  })
}

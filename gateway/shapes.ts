// Shapes that several routes answer with. One definition validates, types and documents them.

import Type, { type TSchema } from 'typebox'

export const ProblemShape = Type.Object(
  {
    type: Type.String({ description: 'urn:ecluse:problem:<slug>' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    fix: Type.String({ description: 'What to do about it.' }),
    schema: Type.Optional(Type.String({ description: 'The schema version an event was checked against.' })),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({ description: 'RFC 6901; `*` in place of names the schema does not declare.' }),
          keyword: Type.String(),
          detail: Type.String(),
          fix: Type.String(),
        }),
      ),
    ),
  },
  { description: 'Problem details (RFC 9457)' },
)

/** A page of a list. */
export function listOf(item: TSchema) {
  return Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) })
}

/** `limit` and `cursor` of a list. */
export const pageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: '100 if not given' })),
  cursor: Type.Optional(Type.String({ maxLength: 2_048, description: '`next` of the page before' })),
}

/** What any route may answer when it is asked too often, or fails. */
const ALWAYS = [429, 500, 503]

/** Text in a content type of its own. */
export function textAs(contentType: string, description: string) {
  return { description, content: { [contentType]: { schema: Type.String() } } }
}

/** Answers of a route: the good one, and a problem for each of these statuses. */
export function answers(status: number, shape: TSchema | ReturnType<typeof textAs>, ...problems: number[]) {
  const problemAnswer = { description: 'Problem', content: { 'application/problem+json': { schema: ProblemShape } } }
  return { [status]: shape, ...Object.fromEntries([...problems, ...ALWAYS].map(code => [code, problemAnswer])) }
}

// Compiles the shapes of requests and answers. What arrives as text in an address is read as what its shape says; a body
// says itself what its values are, and is taken as it is.

import { Ajv, type Options } from 'ajv'
import writerOf from 'fast-json-stringify'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { formats } from '../governance/contract/formats.ts'

const options: Options = { removeAdditional: false, useDefaults: false, allErrors: false, formats }

/** For one server: Ajv keeps what it compiled. */
export function compileShapes(): FastifySchemaCompiler<TSchema> {
  const exact = new Ajv(options)
  const fromText = new Ajv({ ...options, coerceTypes: 'array' })
  return ({ schema, httpPart }) => (httpPart === 'body' ? exact : fromText).compile(schema)
}

/** Each shape at its first answer: a start would wait for all of them. */
export const compileAnswers: FastifySerializerCompiler<TSchema> = ({ schema }) => {
  let write: ReturnType<typeof writerOf> | undefined
  return answer => {
    write ??= writerOf(schema as Parameters<typeof writerOf>[0])
    return write(answer)
  }
}

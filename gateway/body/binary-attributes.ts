// CloudEvents in binary mode: their attributes are the `ce-` headers of the request (HTTP binding 1.0.2, 3.1).

import { broken, type CloudEventAttributes, type Read, readAttributes } from '../../governance/ingestion/cloudevents.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { Headers } from './body.ts'

/** The attributes in the `ce-` headers of a request; its content type has been checked already. */
export function readBinaryAttributes(headers: Headers): Read<{ attributes: CloudEventAttributes }> {
  const context: JsonObject = Object.create(null)
  for (const [header, value] of Object.entries(headers)) {
    if (!header.startsWith('ce-') || value === undefined) continue
    const decoded = decodeHeader(String(value))
    if (decoded === undefined) {
      const detail = 'A ce- header is not percent-encoded UTF-8.'
      return broken(detail, 'Percent-encode whatever is not printable ASCII, and %, " and spaces.')
    }
    context[header.slice('ce-'.length)] = decoded
  }
  // In binary mode the content-type header is this attribute.
  delete context.datacontenttype
  return readAttributes(context)
}

/**
 * A header's value as the HTTP binding reads it (3.1.3.2): unquoted, then percent-decoded once as UTF-8; undefined if
 * that cannot be done.
 */
function decodeHeader(value: string): string | undefined {
  if (/[^\x20-\x7e]/.test(value)) return undefined
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1]
  try {
    return decodeURIComponent(quoted === undefined ? value : quoted.replace(/\\(.)/g, '$1'))
  } catch {
    return undefined
  }
}

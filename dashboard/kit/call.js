// Asks Écluse's own API, with the session's cookie; an answer that is a problem (RFC 9457) is thrown as one.

import { signal } from '@preact/signals'

/** Who is signed in, as GET /v1/access/me tells; null: nobody; undefined: not known yet. */
export const me = signal(undefined)
/** Why the sign-in is shown: the session was over. */
export const sessionOver = signal(false)

export class Problem extends Error {
  constructor({ status, type = '', detail = '', fix = '' }) {
    super(detail)
    this.status = status
    this.slug = type.split(':').at(-1)
    this.fix = fix
  }
}

/** @returns the answer, read; text where it is no JSON. @throws Problem */
export async function call(path, { method = 'GET', body, signal: abort, exact = false } = {}) {
  const headers = {
    ...(method !== 'GET' && { 'ecluse-page': '1' }),
    ...(body && { 'content-type': 'application/json' }),
  }
  const answer = await fetch(path, {
    method,
    headers,
    signal: abort,
    ...(body && { body: JSON.stringify(body) }),
  }).catch(error => {
    if (error.name === 'AbortError') throw error
    throw new Problem({ status: 0, type: 'urn:ecluse:problem:unreachable' })
  })
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json')
  if (!answer.ok) {
    const problem = new Problem(isProblem ? await answer.json() : { status: answer.status })
    if (answer.status === 401 && me.value) signedOut(true)
    throw problem
  }
  if (answer.status === 204) return null
  const isJson = answer.headers.get('content-type')?.startsWith('application/json')
  return isJson && !exact ? answer.json() : answer.text()
}

/** Who is signed in, if anybody is. */
export async function greet() {
  const { session } = await call('/v1/session')
  me.value = session ? { ...(await call('/v1/access/me')), endsAt: session.endsAt } : null
}

export async function signIn(credential) {
  await call('/v1/session', { method: 'POST', body: { credential } })
  sessionOver.value = false
  await greet()
}

export async function signOut() {
  await call('/v1/session', { method: 'DELETE' })
  signedOut(false)
}

function signedOut(isOver) {
  sessionOver.value = isOver
  me.value = null
}

/** Whether the caller may: on all datasets at once, or on some dataset. */
export function may(action) {
  const { actions, access } = me.value
  return actions.includes(action) || access.some(each => each.actions.includes(action))
}

/** Whether the caller may on this dataset. */
export function mayOn(dataset, action) {
  return me.value.access.some(each => each.dataset === dataset && each.actions.includes(action))
}

/** Names of the datasets on which the caller may; `read` at any level. */
export function datasetsWhere(action) {
  const fits = each => (action === 'read' ? each.read.length > 0 : each.actions.includes(action))
  return me.value.access.filter(fits).map(({ dataset }) => dataset)
}
